import type { AbsentPerson } from "@invigil/schema";
import { and, type Column, eq, exists, isNotNull, ne, or, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { alias, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { isRoomOf } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import {
  attempts,
  examEntries,
  examPeople,
  exams,
  hands,
  messages,
  pageTimes,
  pageVisits,
  participants,
  presence,
  recordedPeople,
  rooms,
  streamEvents,
} from "../storage/tables.js";
import type { RoomKey } from "./room-exams.js";

// What people leave in an exam, beyond their name in its roster. People and rooms are taken out of an exam by hand, by an import or by undoing
// a plan only if they have left nothing.

/** What a person has left in an exam: they entered it, or something is recorded about them. */
export type Trace = Extract<AbsentPerson["stays"], "entered" | "recorded">;

interface Kind {
  readonly trace: Trace;
  readonly table: SQLiteTable;
  readonly examId: Column;
  readonly userId: Column;
  readonly where?: SQL | undefined;
}
interface RoomKind extends Kind {
  readonly roomId: Column;
  /** Whether it stays in a room that the person leaves, and an index finds it by room and person. */
  readonly outlasts?: true;
}
type Columns<Name extends string> = SQLiteTable & Readonly<Record<Name, Column>>;
const inExam = (trace: Trace, table: Columns<"examId" | "userId">, where?: SQL): Kind => {
  const { examId, userId } = table;
  return { trace, table, examId, userId, where };
};
const inRoom = (trace: Trace, table: Columns<"examId" | "roomId" | "userId">, where?: SQL): RoomKind => ({
  ...inExam(trace, table, where),
  roomId: table.roomId,
});

const seat = alias(participants, "own_seat");
/** What a person leaves in a room. */
const KINDS_OF_ROOM: readonly RoomKind[] = [
  // Their page is connected. When it leaves, this becomes a visit.
  inRoom("entered", presence),
  { ...inRoom("entered", pageVisits), outlasts: true },
  // Their page left, or their camera has a status. Rows of earlier versions have no visit.
  inRoom("entered", pageTimes),
  inRoom("entered", seat, or(ne(seat.mainPublishStatus, "idle"), ne(seat.pcPublishStatus, "idle"))),
  // A stream came. The status is idle again once the person was in another room.
  { ...inRoom("entered", streamEvents), outlasts: true },
  // Staff write and candidates raise hands through the API, too, without a page that is connected.
  {
    trace: "entered",
    table: messages,
    examId: messages.examId,
    roomId: messages.roomId,
    userId: messages.senderId,
    where: ne(messages.senderRole, "server"),
  },
  { ...inRoom("entered", hands), outlasts: true },
  // Evidence, which a detector may send without the person's page.
  { ...inRoom("recorded", recordedPeople), outlasts: true },
];
/** What a person leaves in an exam, whichever room it was in. */
const KINDS_OF_EXAM: readonly Kind[] = [
  // The candidate's page checks devices before it connects.
  inExam("entered", examPeople, isNotNull(examPeople.readiness)),
  // Staff identify, decide and note also about people whose page never came.
  inExam("recorded", examPeople, isNotNull(examPeople.identity)),
  inExam("recorded", attempts),
  inExam("recorded", examEntries),
];

const hasRow = (table: SQLiteTable, where: SQL | undefined): SQL =>
  exists(query.select({ one: sql`1` }).from(table).where(where));
const left = (
  kind: Kind | RoomKind,
  of: Readonly<Partial<Record<"examId" | "roomId" | "userId", SQLWrapper>>>,
) =>
  hasRow(
    kind.table,
    and(
      of.examId && eq(kind.examId, of.examId),
      of.roomId && "roomId" in kind ? eq(kind.roomId, of.roomId) : undefined,
      of.userId && eq(kind.userId, of.userId),
      kind.where,
    ),
  );
/** Returns the first trace of which `isLeft` says that a person has left it, or null. */
const firstOf = (isLeft: (trace: Trace) => SQL | undefined): SQL<Trace | null> =>
  sql`CASE WHEN ${isLeft("entered")} THEN 'entered' WHEN ${isLeft("recorded")} THEN 'recorded' END`;
const ofTrace = <K extends Kind>(kinds: readonly K[], trace: Trace): K[] =>
  kinds.filter((kind) => kind.trace === trace);

/** What the person of a seat has left: in its room, or in the exam without a room. */
export const traceOfSeat = firstOf((trace) =>
  or(...ofTrace([...KINDS_OF_ROOM, ...KINDS_OF_EXAM], trace).map((kind) => left(kind, participants))),
);

const room = { examId: rooms.examId, roomId: rooms.id };
/** Whether people have left something in a room, or one of its people has in the exam. */
export const isUsed = or(
  ...KINDS_OF_ROOM.map((kind) => left(kind, room)),
  hasRow(examEntries, isRoomOf(rooms, examEntries)),
  hasRow(
    participants,
    and(
      isRoomOf(rooms, participants),
      or(
        ...KINDS_OF_EXAM.map((kind) =>
          left(kind, { examId: participants.examId, userId: participants.userId }),
        ),
      ),
    ),
  ),
);

const usedRoom = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")), isUsed)),
);
/** Returns whether people have left something in a room, or one of its people has in the exam. */
export const isRoomUsed = async (reader: Reader, { examId, roomId }: RoomKey): Promise<boolean> =>
  (await reader.get(usedRoom, { examId, roomId })) !== undefined;

const person = { examId: param("examId"), userId: param("userId") };
const tracesOfPerson = statement(
  query
    .select({
      trace: firstOf((trace) =>
        or(
          ...ofTrace(KINDS_OF_EXAM, trace).map((kind) => left(kind, person)),
          hasRow(
            participants,
            and(
              eq(participants.examId, person.examId),
              eq(participants.userId, person.userId),
              or(
                ...ofTrace(KINDS_OF_ROOM, trace).map((kind) =>
                  left(kind, { ...person, roomId: participants.roomId }),
                ),
              ),
            ),
          ),
          // A person may have been in rooms that they have left.
          hasRow(
            rooms,
            and(
              eq(rooms.examId, person.examId),
              or(
                ...ofTrace(KINDS_OF_ROOM, trace)
                  .filter(({ outlasts }) => outlasts)
                  .map((kind) => left(kind, { ...person, roomId: rooms.id })),
              ),
            ),
          ),
        ),
      ),
    })
    .from(exams)
    .where(eq(exams.id, person.examId)),
);

/** Returns what a person has left in an exam. Undefined if they never entered, and nothing is recorded about them. */
export const readTrace = async (
  reader: Reader,
  of: { readonly examId: string; readonly userId: string },
): Promise<Trace | undefined> => (await reader.get(tracesOfPerson, of))?.trace ?? undefined;
