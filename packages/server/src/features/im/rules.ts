import type { Caller, Role } from "@invigil/schema";

/** Whether a caller runs rooms: administrators and teachers do. */
export const runsRooms = ({ role }: Pick<Caller, "role">): boolean => role === "admin" || role === "teacher";

/** Whether a caller may send messages to a person of the room. Examinees may send them to staff and to their own other page. */
export const canSendTo = (
  caller: Pick<Caller, "userId" | "role">,
  { userId, role }: { readonly userId: string; readonly role: Role },
): boolean => caller.role !== "examinee" || role !== "examinee" || userId === caller.userId;
