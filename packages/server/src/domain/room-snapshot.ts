import type { Member, RoomSnapshot } from "@invigil/schema";
import { and, eq, ne, or } from "drizzle-orm";
import type { Reader } from "../storage/port.js";
import { param, query, type Statement, statement, statements } from "../storage/statement.js";
import { visibleParticipants } from "../storage/tables.js";
import { readBounds } from "./event-bounds.js";
import { readOpenHands } from "./hands.js";
import { factColumns, factsOf, joinFacts } from "./person-facts.js";
import { readPresences } from "./presence.js";
import type { RoomKey } from "./room-exams.js";
import { shownConfigOfExam, shownRoomById } from "./shown-rooms.js";
import { readOpenTalks } from "./talks.js";

// The state of a room at one moment.

const membersOfRoom = statements((ofPerson: boolean) =>
  statement(
    joinFacts(
      query
        .select({
          seq: visibleParticipants.seq,
          userId: visibleParticipants.userId,
          role: visibleParticipants.role,
          name: visibleParticipants.name,
          extraMinutes: visibleParticipants.extraMinutes,
          mainPublishStatus: visibleParticipants.mainPublishStatus,
          pcPublishStatus: visibleParticipants.pcPublishStatus,
          ...factColumns,
        })
        .from(visibleParticipants),
      visibleParticipants,
    ).where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, param("roomId")),
        ofPerson
          ? or(ne(visibleParticipants.role, "examinee"), eq(visibleParticipants.userId, param("userId")))
          : undefined,
      ),
    ),
  ),
);
type MemberRow = ReturnType<typeof membersOfRoom> extends Statement<infer Row> ? Row : never;
const toMember = (row: MemberRow): Member => ({
  userId: row.userId,
  role: row.role,
  name: row.name,
  extraMinutes: row.extraMinutes,
  ...factsOf(row),
  publishStatus: { main: row.mainPublishStatus, pc: row.pcPublishStatus },
});

/**
 * Reads everything about a room. Undefined if the room does not exist.
 * @param ofPerson leaves out examinees other than this one
 */
export const readRoomSnapshot = async (
  reader: Reader,
  { examId, roomId }: RoomKey,
  ofPerson?: string,
): Promise<RoomSnapshot | undefined> => {
  const key = { examId, roomId };
  const [room, cheatConfig, members, presences, hands, talks, { newest }] = await Promise.all([
    reader.get(shownRoomById, key),
    reader.get(shownConfigOfExam, { examId }),
    ofPerson === undefined
      ? reader.all(membersOfRoom(false), key)
      : reader.all(membersOfRoom(true), { ...key, userId: ofPerson }),
    readPresences(reader, key),
    readOpenHands(reader, key),
    readOpenTalks(reader, key),
    readBounds(reader, examId),
  ]);
  return (
    room && {
      room,
      ...(cheatConfig && { cheatConfig }),
      members: members.toSorted((a, b) => a.seq - b.seq).map(toMember),
      presence: presences,
      hands,
      ...(talks.length > 0 && { talks }),
      lastEventId: String(newest),
    }
  );
};
