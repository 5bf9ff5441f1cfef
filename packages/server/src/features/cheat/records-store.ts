import { and, eq, sql } from "drizzle-orm";
import { type EventLog, newEvent } from "../../domain/events.js";
import { lockExams } from "../../domain/exam-lock.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Storage, Transaction } from "../../storage/port.js";
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

const usageOfPeople = statement((dialect) =>
  query
    .select({
      roomId: visibleRooms.id,
      userId: sql<string>`recorded."userId"`,
      records: sql<number>`coalesce(${recordedPeople.records}, 0)`,
      bytes: sql<number>`coalesce(${recordedPeople.bytes}, 0)`,
      seat: visibleParticipants.seq,
    })
    .from(dialect.rows("recorded", { examId: "text", roomId: "text", userId: "text" }))
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, sql`recorded."examId"`), eq(visibleRooms.id, sql`recorded."roomId"`)),
    )
    .leftJoin(
      recordedPeople,
      and(
        eq(recordedPeople.examId, visibleRooms.examId),
        eq(recordedPeople.roomId, visibleRooms.id),
        eq(recordedPeople.userId, sql`recorded."userId"`),
      ),
    )
    .leftJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.examId, visibleRooms.examId),
        eq(visibleParticipants.roomId, visibleRooms.id),
        eq(visibleParticipants.userId, sql`recorded."userId"`),
      ),
    ),
);
const peopleOfRoom = statement(
  query
    .select({ userId: recordedPeople.userId })
    .from(recordedPeople)
    .where(and(eq(recordedPeople.examId, param("examId")), eq(recordedPeople.roomId, param("roomId"))))
    .limit(param("limit")),
);
const addToSums = statement((dialect) =>
  query
    .insert(recordedPeople)
    .select(
      sql`SELECT added."examId", added."roomId", added."userId", added."records", added."bytes" FROM ${dialect.rows("added", { examId: "text", roomId: "text", userId: "text", records: "integer", bytes: "integer" })} WHERE true`,
    )
    .onConflictDoUpdate({
      target: [recordedPeople.roomId, recordedPeople.userId, recordedPeople.examId],
      set: {
        records: sql`${recordedPeople.records} + excluded.records`,
        bytes: sql`${recordedPeople.bytes} + excluded.bytes`,
      },
    }),
);
const insertRecords = insertion(cheatRecords);

type RoomUsageEntry = { records: number; bytes: number; readonly isInRoom: boolean };
/** The usage in one room, by user id. */
type RoomUsage = Map<string, RoomUsageEntry>;

/**
 * Checks the calls of a group against their limits, one after the other. Each call counts what the calls before
 * it add.
 */
const createLedger = (tx: Transaction, usage: ReadonlyMap<string, RoomUsage>) => {
  /** The number of people with records, for rooms in which that number is limited. */
  const sizes = new Map<string, number>();
  const sizeOf = async ({ examId, roomId }: RoomKey, sums: RoomUsage, limit: number): Promise<number> => {
    const cached = sizes.get(roomId);
    if (cached !== undefined) return cached;
    const stored = await tx.all(peopleOfRoom, { examId, roomId, limit: limit + 1 });
    const names = new Set(stored.map(({ userId }) => userId));
    for (const [userId, { records }] of sums) if (records > 0) names.add(userId);
    sizes.set(roomId, names.size);
    return names.size;
  };

  return {
    /**
     * Adds a call to the usage. If it exceeds a limit, adds nothing and returns that limit; returns `false` if
     * the room does not exist.
     */
    async admit(room: RoomKey, { people, limit, maxPeople, inRoom }: UsageIncrease): Promise<RecordOutcome> {
      const { roomId } = room;
      const sums = usage.get(roomId);
      if (!sums) return false;
      if (inRoom && people.some(({ userId }) => !sums.get(userId)?.isInRoom)) return "not_in_room";
      let newcomers = 0;
      for (const added of people) {
        const { records, bytes } = sums.get(added.userId) ?? { records: 0, bytes: 0 };
        const before = { userId: added.userId, records, bytes };
        const exceeded = limit && exceededLimit(before, added, limit);
        if (exceeded) return { usage: before, exceeded };
        if (records === 0) newcomers += 1;
      }
      if (newcomers > 0) {
        const size = maxPeople === undefined ? undefined : await sizeOf(room, sums, maxPeople);
        if (size !== undefined && maxPeople !== undefined && size + newcomers > maxPeople)
          return { people: Math.min(size, maxPeople) };
        const cached = sizes.get(roomId);
        if (cached !== undefined) sizes.set(roomId, cached + newcomers);
      }
      for (const { userId, records, bytes } of people) {
        const sum = sums.get(userId) ?? { records: 0, bytes: 0, isInRoom: false };
        sums.set(userId, { ...sum, records: sum.records + records, bytes: sum.bytes + bytes });
      }
      return true;
    },
  };
};

const grouping = {
  examOf: ({ records }: RecordBatch) => records[0]?.examId ?? "",
  callerOf: ({ caller }: RecordBatch) => caller,
};
const roomOf = ({ records }: RecordBatch): RoomKey | undefined => records[0];

/**
 * Creates the function that writes the records of a call, all or none. Calls that arrive together share a
 * transaction.
 */
export const createRecordWriter = ({ storage, events }: { storage: Storage; events: EventLog }) =>
  storage.grouped<RecordBatch, RecordOutcome>(async (tx, calls) => {
    await lockExams(tx, ...calls.flatMap(({ records }) => records[0]?.examId ?? []));

    const wanted = calls.flatMap(({ records, increase }) => {
      const [first] = records;
      if (!first) return [];
      const { examId, roomId } = first;
      return increase.people.map(({ userId }) => ({ examId, roomId, userId }));
    });
    const usage = new Map<string, RoomUsage>();
    for (const { roomId, userId, records, bytes, seat } of await tx.all(usageOfPeople, {
      recorded: wanted,
    })) {
      const sums = usage.get(roomId) ?? new Map<string, RoomUsageEntry>();
      sums.set(userId, { records, bytes, isInRoom: seat !== null });
      usage.set(roomId, sums);
    }

    const ledger = createLedger(tx, usage);
    const outcomes: RecordOutcome[] = [];
    for (const call of calls) {
      const room = roomOf(call);
      outcomes.push(room !== undefined && (await ledger.admit(room, call.increase)));
    }
    const kept = calls.filter((_, index) => outcomes[index] === true);
    if (kept.length === 0) return outcomes;

    const added = new Map<string, RoomKey & RecordUsage>();
    for (const call of kept) {
      const room = roomOf(call);
      if (!room) continue;
      const { examId, roomId } = room;
      for (const { userId, records, bytes } of call.increase.people) {
        const key = JSON.stringify([roomId, userId]);
        const sum = added.get(key) ?? { examId, roomId, userId, records: 0, bytes: 0 };
        added.set(key, { ...sum, records: sum.records + records, bytes: sum.bytes + bytes });
      }
    }
    await tx.run(addToSums, { added: [...added.values()] });
    const ids = await tx.insert(
      insertRecords,
      kept.flatMap(({ records }) => records),
    );
    let next = 0;
    await events.addAll(
      tx,
      kept.flatMap(({ records: [first, ...others] }) => {
        const own = ids.slice(next, next + 1 + others.length);
        next += own.length;
        const [from, to] = [own.at(0), own.at(-1)];
        if (!first || from === undefined || to === undefined) throw new Error("a record was given no id");
        return newEvent(first, "cheat_records_added", { from, to }, first.createdAt);
      }),
    );
    return outcomes;
  }, grouping);
