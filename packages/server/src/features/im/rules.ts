import type { Caller, Role } from "@invigil/schema";
import type { Muted } from "./mutes-store.js";

/** Whether a caller's role is one that runs rooms. */
export const runsRooms = ({ role }: Pick<Caller, "role">): boolean => role === "admin" || role === "teacher";

/** Whether a login may send nothing to its whole room. */
export const isMuted = ({ everybody, logins }: Muted, caller: Pick<Caller, "role">, login: string): boolean =>
  !runsRooms(caller) && (everybody || logins.includes(login));

/** Whether a caller may write to a person of the room. Examinees reach its staff, and their own other page; everybody else reaches all. */
export const isWithinReach = (
  caller: Pick<Caller, "userId" | "role">,
  { userId, role }: { readonly userId: string; readonly role: Role },
): boolean => caller.role !== "examinee" || role !== "examinee" || userId === caller.userId;
