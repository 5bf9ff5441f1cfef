/** The two cameras of a person: the phone (`main`) and the PC (`pc`). */
export const cameras = ["main", "pc"] as const;
export type Camera = (typeof cameras)[number];

const PC_LOGIN_PREFIX = "pc_";
const PC_STREAM_SUFFIX = "_pc";

/** The message login of a person's page: the user id for the main page, `pc_<id>` for the PC page. */
export const loginOf = (userId: string, camera: Camera): string =>
  camera === "pc" ? PC_LOGIN_PREFIX + userId : userId;

/** The user id of the person to whom a message login belongs. */
export const userIdOfLogin = (login: string): string =>
  isPcLogin(login) ? login.slice(PC_LOGIN_PREFIX.length) : login;

/** The name of a camera's stream. `mainStream` is the name of the person's main stream. */
export const streamOf = (mainStream: string, camera: Camera): string =>
  camera === "pc" ? mainStream + PC_STREAM_SUFFIX : mainStream;

/** Whether a text is the message login of a PC page, `pc_<id>`. Ids of people cannot have this form. */
export const isPcLogin = (text: string): boolean => text.startsWith(PC_LOGIN_PREFIX);

/** Whether a text is the name of a PC camera's stream, `<stream>_pc`. Ids of people cannot have this form. */
export const isPcStream = (text: string): boolean => text.endsWith(PC_STREAM_SUFFIX);
