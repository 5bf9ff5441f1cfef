import type { RevokedSeat, Room } from "@invigil/schema";
import { and, asc, eq, gte } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import type { RoomExams, RoomKey } from "../../domain/room-exams.js";
import {
  beginNextGenerations,
  readGenerationInRoom,
  readGenerations,
  readUserIds,
} from "../../domain/seats.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { roomColumns, visibleRooms } from "../../storage/tables.js";

const roomsOfExam = statement(
  query
    .select(roomColumns)
    .from(visibleRooms)
    .where(and(eq(visibleRooms.examId, param("examId")), gte(visibleRooms.id, param("from"))))
    .orderBy(asc(visibleRooms.id))
    .limit(param("limit")),
);

export type LinkStore = ReturnType<typeof createLinkStore>;

export const createLinkStore = ({
  storage,
  writes,
  roomExams,
}: {
  storage: Queries;
  writes: Writes;
  roomExams: RoomExams;
}) => ({
  /**
   * Returns at most `limit` rooms of an exam, oldest first, beginning with the id `from` (empty: the first
   * room).
   */
  ofExam: (examId: string, page: { from: string; limit: number }): Promise<Room[]> =>
    storage.all(roomsOfExam, { examId, ...page }),

  /** Returns the generations of those seats of a room whose links were revoked, by user id. */
  generations: (room: RoomKey): Promise<ReadonlyMap<string, number>> => readGenerations(storage, room),

  /** Returns the generation of a seat, in a room of any exam. */
  generation: async (roomId: string, userId: string): Promise<number> =>
    (await roomExams.find(storage, roomId, (examId) =>
      readGenerationInRoom(storage, { examId, roomId, userId }),
    )) ?? 0,

  /**
   * Starts the next generation of links for the seats of these people, or of everyone except one person: all or
   * none. Returns the seats by role, in the order in which people were added, or the first of `userIds` who is
   * not in the room.
   */
  revokeLinks: (
    { examId, roomId }: RoomKey,
    of: { readonly userIds: readonly string[] } | { readonly exceptUserId: string },
    author: Author,
  ): Promise<{ seats: RevokedSeat[] } | { notInRoom: string }> =>
    writes.ofExam(
      { examId, roomId, people: "userIds" in of ? of.userIds : undefined },
      author,
      async (tx) => {
        const present = await readUserIds(tx, { examId, roomId });
        const requested = "userIds" in of ? new Set(of.userIds) : undefined;
        const presentIds = new Set(present);
        const notInRoom = requested && [...requested].find((userId) => !presentIds.has(userId));
        if (notInRoom !== undefined) return { notInRoom };
        const revoked = present.filter((userId) =>
          "exceptUserId" in of ? userId !== of.exceptUserId : requested?.has(userId),
        );
        const generations = await tx.last(() => beginNextGenerations(tx, { examId, roomId }, revoked));
        const seats = revoked.flatMap((userId) => {
          const generation = generations.get(userId);
          return generation === undefined ? [] : { userId, generation };
        });
        return { seats };
      },
    ),
});
