import { MAX_ROOM_EXAMINEES } from "./room.js";

/** The number of teachers and inspectors that the limits of messages allow for in a full room. */
const MAX_ROOM_STAFF = 100;
/** The number of logins in a full room. Every person has two: one for each camera. */
export const MAX_ROOM_LOGINS = 2 * (MAX_ROOM_EXAMINEES + MAX_ROOM_STAFF);
/**
 * The maximum number of bytes of one login in a JSON list: 64 for the login, its quotes (escaped in nested
 * JSON text), and a comma.
 */
export const MAX_LOGIN_BYTES = 80;
