import type { Caller, Role } from "@invigil/schema";
import type { Muted } from "./mutes-store.js";

/** Whether a caller runs rooms: administrators and teachers do. */
export const runsRooms = ({ role }: Pick<Caller, "role">): boolean => role === "admin" || role === "teacher";

/** Whether a login is prevented from sending messages to its whole room. */
export const isMuted = ({ everybody, logins }: Muted, caller: Pick<Caller, "role">, login: string): boolean =>
  !runsRooms(caller) && (everybody || logins.includes(login));

/** Whether a caller may send messages to a person of the room. Examinees may send them to staff and to their own other page. */
export const canSendTo = (
  caller: Pick<Caller, "userId" | "role">,
  { userId, role }: { readonly userId: string; readonly role: Role },
): boolean => caller.role !== "examinee" || role !== "examinee" || userId === caller.userId;
