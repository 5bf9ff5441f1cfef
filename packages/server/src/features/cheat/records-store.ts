import { and, eq, sql } from "drizzle-orm";
import { type EventLog, newEvent } from "../../domain/events.js";
import type { Storage, Transaction } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { cheatRecords, recordedPeople, rooms, visibleRooms } from "../../storage/tables.js";

/** A record to be kept: `extraInfo` is its text, or the JSON text of its object. */
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

/** What is kept about one person in one room. */
export interface Held {
  readonly userId: string;
  readonly records: number;
  readonly bytes: number;
}

/** How much may be kept about one person in one room. */
export type Most = Omit<Held, "userId">;

/** What is to be kept, person by person, and how much there may be. */
export interface Tally {
  readonly people: readonly Held[];
  /** Absent: no limit. */
  readonly most?: Most | undefined;
  /** How many people there may be records about in the room. Absent: no limit. */
  readonly mostPeople?: number | undefined;
}

/** The limit that a call would have exceeded: nothing of it was kept. */
export type Over = { readonly held: Held; readonly of: keyof Most } | { readonly people: number };

/** The limit that is exceeded when something is added to what is held; undefined for none. */
export const exceeded = (held: Held, added: Held, most: Most): keyof Most | undefined => {
  if (held.records + added.records > most.records) return "records";
  return held.bytes + added.bytes > most.bytes ? "bytes" : undefined;
};

/** One call of `cheat.addRecords`: records of one room. */
export interface Recording {
  readonly records: readonly NewRecord[];
  readonly tally: Tally;
}

/** Whether a call's records are kept: `false` when the room does not exist any more, or the limit that they exceed. */
export type Recorded = boolean | Over;

const heldByPeople = statement((dialect) =>
  query
    .select({
      roomId: visibleRooms.id,
      userId: sql<string>`recorded."userId"`,
      records: sql<number>`coalesce(${recordedPeople.records}, 0)`,
      bytes: sql<number>`coalesce(${recordedPeople.bytes}, 0)`,
    })
    .from(dialect.rows("recorded", { roomId: "text", userId: "text" }))
    .innerJoin(visibleRooms, eq(visibleRooms.id, sql`recorded."roomId"`))
    .leftJoin(
      recordedPeople,
      and(eq(recordedPeople.roomId, visibleRooms.id), eq(recordedPeople.userId, sql`recorded."userId"`)),
    ),
);
const peopleOfRoom = statement(
  query
    .select({ userId: recordedPeople.userId })
    .from(recordedPeople)
    .where(eq(recordedPeople.roomId, param("roomId")))
    .limit(param("limit")),
);
const addToSums = statement((dialect) =>
  query
    .insert(recordedPeople)
    .select(
      sql`SELECT added."roomId", added."userId", added."records", added."bytes" FROM ${dialect.rows("added", { roomId: "text", userId: "text", records: "integer", bytes: "integer" })} WHERE true`,
    )
    .onConflictDoUpdate({
      target: [recordedPeople.roomId, recordedPeople.userId],
      set: {
        records: sql`${recordedPeople.records} + excluded.records`,
        bytes: sql`${recordedPeople.bytes} + excluded.bytes`,
      },
    }),
);
const insertRecords = insertion(cheatRecords);

type Sum = { records: number; bytes: number };
/** What is held about the people of one room. */
type Sums = Map<string, Sum>;

/** Finds out which calls of a group are within their limits, one after the other: each counts what those before it keep. */
const createLedger = (tx: Transaction, held: ReadonlyMap<string, Sums>) => {
  /** Rooms in which people are counted, and how many there are, up to a limit. */
  const sizes = new Map<string, number>();
  const sizeOf = async (roomId: string, sums: Sums, limit: number): Promise<number> => {
    const known = sizes.get(roomId);
    if (known !== undefined) return known;
    const stored = await tx.all(peopleOfRoom, { roomId, limit: limit + 1 });
    const names = new Set(stored.map(({ userId }) => userId));
    for (const [userId, { records }] of sums) if (records > 0) names.add(userId);
    sizes.set(roomId, names.size);
    return names.size;
  };

  return {
    /** Counts what a call keeps. Returns what it exceeds instead, and then counts nothing; `false` without its room. */
    async admit(roomId: string, { people, most, mostPeople }: Tally): Promise<Recorded> {
      const sums = held.get(roomId);
      if (!sums) return false;
      let newcomers = 0;
      for (const added of people) {
        const { records, bytes } = sums.get(added.userId) ?? { records: 0, bytes: 0 };
        const before = { userId: added.userId, records, bytes };
        const of = most && exceeded(before, added, most);
        if (of) return { held: before, of };
        if (records === 0) newcomers += 1;
      }
      if (newcomers > 0) {
        const size = mostPeople === undefined ? undefined : await sizeOf(roomId, sums, mostPeople);
        if (size !== undefined && mostPeople !== undefined && size + newcomers > mostPeople)
          return { people: Math.min(size, mostPeople) };
        const known = sizes.get(roomId);
        if (known !== undefined) sizes.set(roomId, known + newcomers);
      }
      for (const { userId, records, bytes } of people) {
        const sum = sums.get(userId) ?? { records: 0, bytes: 0 };
        sums.set(userId, { records: sum.records + records, bytes: sum.bytes + bytes });
      }
      return true;
    },
  };
};

const roomOf = ({ records }: Recording): string | undefined => records[0]?.roomId;

/** Makes the function that keeps the records of a call, all or none. Calls that arrive together are written together. */
export const createRecordWriter = ({ storage, events }: { storage: Storage; events: EventLog }) =>
  storage.grouped<Recording, Recorded>(async (tx, calls) => {
    const roomIds = [...new Set(calls.flatMap((call) => roomOf(call) ?? []))].toSorted();
    for (const roomId of roomIds) await tx.lock(rooms, roomId);

    const wanted = calls.flatMap(({ records, tally }) => {
      const roomId = records[0]?.roomId;
      return roomId === undefined ? [] : tally.people.map(({ userId }) => ({ roomId, userId }));
    });
    const held = new Map<string, Sums>();
    for (const { roomId, userId, records, bytes } of await tx.all(heldByPeople, { recorded: wanted })) {
      const sums = held.get(roomId) ?? new Map<string, Sum>();
      sums.set(userId, { records, bytes });
      held.set(roomId, sums);
    }

    const ledger = createLedger(tx, held);
    const outcomes: Recorded[] = [];
    for (const call of calls) {
      const roomId = roomOf(call);
      outcomes.push(roomId !== undefined && (await ledger.admit(roomId, call.tally)));
    }
    const kept = calls.filter((_, index) => outcomes[index] === true);
    if (kept.length === 0) return outcomes;

    const added = new Map<string, { roomId: string; userId: string } & Sum>();
    for (const call of kept) {
      const roomId = roomOf(call) ?? "";
      for (const { userId, records, bytes } of call.tally.people) {
        const key = JSON.stringify([roomId, userId]);
        const sum = added.get(key) ?? { roomId, userId, records: 0, bytes: 0 };
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
        return newEvent(first.roomId, "cheat_records_added", { from, to }, first.createdAt);
      }),
    );
    return outcomes;
  });
