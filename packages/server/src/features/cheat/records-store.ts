import { and, count, eq, exists, sql } from "drizzle-orm";
import { type EventLog, type NewEvent, newEvent } from "../../domain/events.js";
import { lockExams } from "../../domain/exam-transaction.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { cheatRecords, recordedPeople, visibleParticipants, visibleRooms } from "../../storage/tables.js";

/** A record to write. `extraInfo` is a text, or an object as JSON text. */
export interface NewRecord {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly detectType: string;
  readonly isMainMonitor: boolean;
  readonly detectTime: Date;
  readonly extraInfo: string;
  readonly extraInfoIsObject: boolean;
  readonly createdAt: Date;
}

/** The number and size of the records about one person in one room. */
export interface RecordUsage {
  readonly userId: string;
  readonly records: number;
  readonly bytes: number;
}

/** The maximum number and size of the records about one person in one room. */
export type UsageLimit = Omit<RecordUsage, "userId">;

/** The records to add, per person, and the limits that apply. */
export interface UsageIncrease {
  readonly people: readonly RecordUsage[];
  /** Absent: no limit. */
  readonly limit?: UsageLimit | undefined;
  /** The maximum number of people with records in the room. Absent: no limit. */
  readonly maxPeople?: number | undefined;
  /** Whether the people must be in the room. Absent: they need not be. */
  readonly inRoom?: boolean | undefined;
}

/** The limit that a call exceeded, with the usage before it. Nothing of the call was written. */
export type LimitExceeded =
  | { readonly usage: RecordUsage; readonly exceeded: keyof UsageLimit }
  | { readonly people: number };

/** Returns the limit that would be exceeded by an addition, or undefined. */
export const exceededLimit = (
  usage: RecordUsage,
  added: RecordUsage,
  limit: UsageLimit,
): keyof UsageLimit | undefined => {
  if (usage.records + added.records > limit.records) return "records";
  return usage.bytes + added.bytes > limit.bytes ? "bytes" : undefined;
};

/** The records of one call of `cheat.addRecords`, all for the same room. */
export interface RecordBatch {
  /** The user id of the caller. */
  readonly caller: string;
  readonly records: readonly NewRecord[];
  readonly increase: UsageIncrease;
}

/**
 * The outcome of a call: whether its records were written (`false`: the room was deleted), or the limit that
 * they exceed. `not_in_room`: a person who must be in the room was removed from it.
 */
export type RecordOutcome = boolean | "not_in_room" | LimitExceeded;

const usageOfPeople = statement((dialect) => {
  const userId = sql`person.value`;
  const seat = query
    .select({ seq: visibleParticipants.seq })
    .from(visibleParticipants)
    .where(and(isRoomOf(visibleRooms, visibleParticipants), eq(visibleParticipants.userId, userId)));
  return query
    .select({
      examId: visibleRooms.examId,
      roomId: visibleRooms.id,
      userId: sql<string>`${userId}`,
      records: sql<number>`coalesce(${recordedPeople.records}, 0)`,
      bytes: sql<number>`coalesce(${recordedPeople.bytes}, 0)`,
      // With AND, SQLite would look for seats in any case.
      isInRoom: sql<boolean>`CASE WHEN recorded."needsSeats" THEN ${exists(seat)} ELSE true END`.mapWith(
        Boolean,
      ),
    })
    .from(dialect.rows("recorded", { examId: "text", roomId: "text", people: "list", needsSeats: "flag" }))
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, sql`recorded."examId"`), eq(visibleRooms.id, sql`recorded."roomId"`)),
    )
    .innerJoin(dialect.elements(sql`recorded."people"`, "person"), sql`true`)
    .leftJoin(recordedPeople, and(isRoomOf(visibleRooms, recordedPeople), eq(recordedPeople.userId, userId)));
});
/** For rooms in which some people have no records: counts the people who have some, up to a maximum. */
const sizesOfRooms = statement((dialect) => {
  const unrecorded = query
    .select({ userId: sql`person.value` })
    .from(dialect.elements(sql`limited."people"`, "person"))
    .leftJoin(
      recordedPeople,
      and(
        eq(recordedPeople.examId, sql`limited."examId"`),
        eq(recordedPeople.roomId, sql`limited."roomId"`),
        eq(recordedPeople.userId, sql`person.value`),
      ),
    )
    .where(sql`coalesce(${recordedPeople.records}, 0) = 0`);
  const counted = query
    .select({ userId: recordedPeople.userId })
    .from(recordedPeople)
    .where(
      and(eq(recordedPeople.examId, sql`limited."examId"`), eq(recordedPeople.roomId, sql`limited."roomId"`)),
    )
    .limit(param("most"))
    .as("counted");
  return query
    .select({
      roomId: sql<string>`limited."roomId"`,
      people: sql<number>`${query.select({ number: count() }).from(counted)}`.mapWith(Number),
    })
    .from(dialect.rows("limited", { examId: "text", roomId: "text", people: "list" }))
    .where(exists(unrecorded));
});
const addToSums = statement((dialect) =>
  query
    .insert(recordedPeople)
    .select(
      sql`SELECT added."examId", added."roomId", added."userId", added."records", added."bytes", added."lastAt" FROM ${dialect.rows("added", { examId: "text", roomId: "text", userId: "text", records: "integer", bytes: "integer", lastAt: "time" })} WHERE true`,
    )
    .onConflictDoUpdate({
      target: [recordedPeople.roomId, recordedPeople.userId, recordedPeople.examId],
      set: {
        records: sql`${recordedPeople.records} + excluded.records`,
        bytes: sql`${recordedPeople.bytes} + excluded.bytes`,
        lastAt: sql`excluded.last_at`,
      },
    }),
);
const insertRecords = insertion(cheatRecords, { ids: "given" });

/** A person whom a group is about, with their records in a room: all of them, and those that the group adds. */
interface RecordedPerson {
  readonly isInRoom: boolean;
  records: number;
  bytes: number;
  addedRecords: number;
  addedBytes: number;
  lastAt: Date | null;
}
interface RecordedRoom {
  readonly examId: string;
  readonly people: Map<string, RecordedPerson>;
  /** The number of people who have no records but those that the group adds. */
  newPeople: number;
}

/** Returns a person whom a call is about. The people of all calls were read. */
const personIn = ({ people }: RecordedRoom, userId: string): RecordedPerson => {
  const person = people.get(userId);
  if (!person) throw new Error(`the records of ${userId} were not counted`);
  return person;
};

/** A room and the people whom a group is about. */
interface AskedRoom extends RoomKey {
  readonly people: string[];
  /** Whether people of a call must be in the room. */
  needsSeats: boolean;
  /** The maximum number of people with records in the room. Absent: no limit. */
  maxPeople?: number | undefined;
}

/** Returns the rooms that exist, with those of their people whom the group is about. */
const readRooms = async (reader: Reader, recorded: readonly AskedRoom[]) => {
  const rooms = new Map<string, RecordedRoom>();
  for (const row of await reader.all(usageOfPeople, { recorded })) {
    const { examId, roomId, userId, records, bytes, isInRoom } = row;
    let room = rooms.get(roomId);
    if (!room) {
      room = { examId, people: new Map(), newPeople: 0 };
      rooms.set(roomId, room);
    }
    room.people.set(userId, {
      isInRoom,
      records,
      bytes,
      addedRecords: 0,
      addedBytes: 0,
      lastAt: null,
    });
  }
  return rooms;
};

/**
 * Adds a call to the usage of its room. If the call exceeds a limit, adds nothing and returns that limit.
 * @param stored the number of people with records in the room. Only used if that number is limited, and the call may be the first about a person
 */
const admit = (
  room: RecordedRoom,
  { people, limit, maxPeople, inRoom }: UsageIncrease,
  stored: number,
  now: Date,
): RecordOutcome => {
  let newPeople = 0;
  for (const added of people) {
    const person = personIn(room, added.userId);
    if (inRoom && !person.isInRoom) return "not_in_room";
    const usage = { userId: added.userId, records: person.records, bytes: person.bytes };
    const exceeded = limit && exceededLimit(usage, added, limit);
    if (exceeded) return { usage, exceeded };
    if (person.records === 0) newPeople += 1;
  }
  if (newPeople > 0 && maxPeople !== undefined) {
    const size = stored + room.newPeople;
    if (size + newPeople > maxPeople) return { people: Math.min(size, maxPeople) };
  }
  room.newPeople += newPeople;
  for (const added of people) {
    const person = personIn(room, added.userId);
    person.records += added.records;
    person.bytes += added.bytes;
    person.addedRecords += added.records;
    person.addedBytes += added.bytes;
    person.lastAt = now;
  }
  return true;
};

const grouping = {
  examOf: ({ records }: RecordBatch) => records[0]?.examId ?? "",
  callerOf: ({ caller }: RecordBatch) => caller,
};

/** The rows that a group reads. */
const questionsOf = (calls: readonly RecordBatch[]) => {
  const rooms = new Map<string, AskedRoom>();
  let records = 0;
  for (const { records: added, increase } of calls) {
    const [first] = added;
    if (!first) continue;
    const { examId, roomId } = first;
    const key = `${examId} ${roomId}`;
    let room = rooms.get(key);
    if (!room) {
      room = { examId, roomId, people: [], needsSeats: false };
      rooms.set(key, room);
    }
    for (const { userId } of increase.people) room.people.push(userId);
    if (increase.inRoom) room.needsSeats = true;
    room.maxPeople ??= increase.maxPeople;
    records += added.length;
  }
  const recorded = [...rooms.values()];
  return { recorded, limited: recorded.filter(({ maxPeople }) => maxPeople !== undefined), records };
};

/** Reads how many people of each room have records, or one more than the most that may. */
const readSizes = async (tx: Reader, limited: readonly AskedRoom[]): Promise<ReadonlyMap<string, number>> => {
  const maxPeople = Math.max(...limited.map((room) => room.maxPeople ?? 0));
  const found = await tx.all(sizesOfRooms, { limited, most: maxPeople + 1 });
  return new Map(found.map(({ roomId, people }) => [roomId, people]));
};

/** Whether the number of people with records is limited, and the call may be the first about a person. */
const mayExceedPeople = (room: RecordedRoom, { people, maxPeople }: UsageIncrease): boolean =>
  maxPeople !== undefined && people.some((added) => personIn(room, added.userId).records === 0);

/**
 * Creates the function that writes the records of a call, all or none. Calls that arrive together share a
 * transaction.
 */
export const createRecordWriter = ({ storage, events }: { storage: Queries; events: EventLog }) =>
  storage.grouped<RecordBatch, RecordOutcome>(async (tx, calls) => {
    const { recorded, limited, records } = questionsOf(calls);
    const [locked, ids, rooms] = await Promise.all([
      lockExams(tx, ...new Set(calls.map(grouping.examOf))),
      tx.ids(cheatRecords, records),
      readRooms(tx, recorded),
    ]);

    const roomOf = ({ records: [first] }: RecordBatch): RecordedRoom | undefined => {
      const room = first && rooms.get(first.roomId);
      return room?.examId === first?.examId ? room : undefined;
    };
    const needsSizes = calls.some((call) => {
      const room = roomOf(call);
      return room !== undefined && mayExceedPeople(room, call.increase);
    });
    const sizes = needsSizes ? await readSizes(tx, limited) : new Map<string, number>();

    const idAt = (index: number): number => {
      const id = ids[index];
      if (id === undefined) throw new Error("a record was given no id");
      return id;
    };
    const outcomes: RecordOutcome[] = [];
    const rows: (NewRecord & { readonly id: number })[] = [];
    const added: NewEvent[] = [];
    for (const call of calls) {
      const [first] = call.records;
      const room = roomOf(call);
      const outcome =
        first && room ? admit(room, call.increase, sizes.get(first.roomId) ?? 0, first.createdAt) : false;
      outcomes.push(outcome);
      if (!first || outcome !== true) continue;
      const from = idAt(rows.length);
      for (const record of call.records) rows.push({ ...record, id: idAt(rows.length) });
      const to = idAt(rows.length - 1);
      added.push(newEvent(first, "cheat_records_added", { from, to }, first.createdAt));
    }
    if (rows.length === 0) return outcomes;

    const sums: (RoomKey & RecordUsage & { readonly lastAt: Date | null })[] = [];
    for (const [roomId, { examId, people }] of rooms)
      for (const [userId, { addedRecords, addedBytes, lastAt }] of people)
        if (addedRecords > 0)
          sums.push({ examId, roomId, userId, records: addedRecords, bytes: addedBytes, lastAt });
    await locked.last(() =>
      Promise.all([
        locked.run(addToSums, { added: sums }),
        locked.insert(insertRecords, rows),
        events.addAll(locked, added),
      ]),
    );
    return outcomes;
  }, grouping);
