import { type cameras, isPcLogin, PC_LOGIN_PREFIX, PC_STREAM_SUFFIX } from "./login-parts.js";

export type Camera = (typeof cameras)[number];

/** The message login of a person's page: the user id for the main page, `pc_<id>` for the PC page. */
export const loginOf = (userId: string, camera: Camera): string =>
  camera === "pc" ? PC_LOGIN_PREFIX + userId : userId;

/** The user id of the person to whom a message login belongs. */
export const userIdOfLogin = (login: string): string =>
  isPcLogin(login) ? login.slice(PC_LOGIN_PREFIX.length) : login;

/** The name of a camera's stream. `mainStream` is the name of the person's main stream. */
export const streamOf = (mainStream: string, camera: Camera): string =>
  camera === "pc" ? mainStream + PC_STREAM_SUFFIX : mainStream;
