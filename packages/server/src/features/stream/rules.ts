import type { RoomStatus } from "@invigil/schema";
import type { Principal } from "../../identity/tokens.js";
import { forbidden, roomEnded } from "../../platform/errors.js";
import type { MediaRight } from "./media-tokens.js";

/**
 * Checks whether a person may publish or watch a stream, besides that the room is open to them. Cameras of a room that has ended may still be
 * watched.
 * @throws FORBIDDEN, ROOM_ENDED
 */
export const assertMay = (
  caller: Pick<Principal, "userId" | "role">,
  { role, userId, camera }: MediaRight,
  room: { readonly id: string; readonly status: RoomStatus },
): void => {
  const isOwn = caller.role === "examinee" && caller.userId === userId;
  if (camera === "talk") {
    if (role === "watch" && !isOwn)
      throw forbidden("Examinees alone may listen, and only to what is said to themselves.");
    if (role === "publish" && caller.role !== "teacher" && caller.role !== "admin")
      throw forbidden("Teachers and administrators alone may talk to examinees.");
  } else if (role === "watch") {
    if (caller.role === "examinee") throw forbidden("Examinees may not watch streams.");
    return;
  } else if (!isOwn) throw forbidden("Examinees alone may publish, and only their own cameras.");
  if (room.status === "ended") throw roomEnded(room.id);
};
