import type { EntryKind, IdentityStatus } from "@invigil/schema";
import { and, desc, eq, isNull, lt, or, sql } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import { readSeats } from "../../domain/decisions.js";
import { type EventLog, type NewEvent, newEvent } from "../../domain/events.js";
import { type EntryRow, isAuthor, type NamedEntryRow, namedEntry } from "../../domain/exam-entries.js";
import { readRoomWithRole } from "../../domain/examinee.js";
import { sitsInRooms } from "../../domain/person-history.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement, statements } from "../../storage/statement.js";
import { accounts, examEntries, examPeople } from "../../storage/tables.js";
import { assertMayWrite, assertSameEntry, assertSubject } from "./rules.js";

/** An entry of staff about a person, a room or an exam. */
export interface NewStaffEntry {
  readonly examId: string;
  /** Undefined: it is about the whole exam. */
  readonly roomId: string | undefined;
  readonly userId: string | undefined;
  readonly kind: EntryKind;
  readonly detail: string;
  readonly note: string | null;
  readonly aboutTime: Date | null;
  /** The result of a check of the person's identity. Undefined: it is a note. */
  readonly identity: IdentityStatus | undefined;
  readonly key: string;
  readonly now: Date;
}

const entryOfKey = statements((ofPerson: boolean) =>
  statement(
    query
      .select()
      .from(examEntries)
      .where(
        and(
          eq(examEntries.examId, param("examId")),
          ofPerson ? eq(examEntries.userId, param("userId")) : isNull(examEntries.userId),
          eq(examEntries.key, param("key")),
        ),
      ),
  ),
);
const isPerson = and(eq(examPeople.examId, param("examId")), eq(examPeople.userId, param("userId")));
const writtenBy = statement(query.select({ written: examPeople.written }).from(examPeople).where(isPerson));
const insertEntry = insertion(examEntries, { ids: "given" });
const target = [examPeople.examId, examPeople.userId];
const countWritten = statement(
  query
    .insert(examPeople)
    .values({ examId: param("examId"), userId: param("userId"), written: 1 })
    .onConflictDoUpdate({ target, set: { written: sql`${examPeople.written} + 1` } }),
);
const setIdentity = statement(
  query
    .insert(examPeople)
    .values({
      examId: param("examId"),
      userId: param("userId"),
      identity: rawParam<IdentityStatus>("identity"),
      identityAt: rawParam<Date>("now"),
    })
    .onConflictDoUpdate({
      target,
      set: { identity: sql`excluded.identity`, identityAt: sql`excluded.identity_at` },
    }),
);

const pageOfEntries = statements((ofRoom: boolean, ofRooms: boolean, ofPerson: boolean, ofKinds: boolean) =>
  statement((dialect) =>
    query
      .select(namedEntry)
      .from(examEntries)
      .leftJoin(accounts, isAuthor)
      .where(
        and(
          eq(examEntries.examId, param("examId")),
          ofRoom ? eq(examEntries.roomId, param("roomId")) : undefined,
          ofRooms
            ? or(dialect.isAnyOf(examEntries.roomId, "roomIds"), ofPerson ? sitsInRooms(dialect) : undefined)
            : undefined,
          ofPerson ? eq(examEntries.userId, param("userId")) : undefined,
          ofKinds ? dialect.isAnyOf(examEntries.kind, "kinds") : undefined,
          lt(examEntries.id, param("before")),
        ),
      )
      .orderBy(desc(examEntries.id))
      .limit(param("limit")),
  ),
);

/** Which entries to read. */
export interface EntryFilter {
  readonly examId: string;
  readonly rooms: "all" | readonly string[];
  readonly roomId: string | undefined;
  readonly userId: string | undefined;
  /** Only these kinds. Undefined: all. */
  readonly kinds: readonly EntryKind[] | undefined;
}

export type EntryStore = ReturnType<typeof createEntryStore>;

/** Writes what staff say, besides decisions about attempts, and reads all that was said. */
export const createEntryStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}) => ({
  /**
   * Writes an entry, and the identity that was found. With a key that was used for the same, it returns the earlier entry.
   * @throws ROOM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT, QUOTA_EXCEEDED, INVALID_INPUT
   */
  add: (
    { examId, roomId, userId, identity, now, ...said }: NewStaffEntry,
    author: Author,
  ): Promise<EntryRow> =>
    writes.ofExam(
      { examId, ...(roomId !== undefined && { roomId }), people: userId === undefined ? [] : [userId] },
      author,
      async (tx): Promise<EntryRow> => {
        const [room, earlier, own, ids, seats] = await Promise.all([
          roomId === undefined ? undefined : readRoomWithRole(tx, { examId, roomId, userId }),
          tx.get(entryOfKey(userId !== undefined), { examId, userId, key: said.key }),
          tx.get(writtenBy, { examId, userId: author.userId }),
          tx.ids(examEntries, 1),
          identity && userId !== undefined ? readSeats(tx, examId, [userId]) : [],
        ]);
        const [id] = ids;
        if (id === undefined) throw new Error("an entry was given no id");
        const row: EntryRow = {
          id,
          examId,
          roomId: roomId ?? null,
          userId: userId ?? null,
          byUserId: author.userId,
          byRole: author.role,
          ...said,
          minutes: null,
          reason: null,
          message: null,
          createdAt: now,
        };
        if (earlier) {
          assertSameEntry(earlier, row);
          return earlier;
        }
        assertSubject(row, room);
        assertMayWrite(author.userId, examId, own?.written ?? 0);
        const told: NewEvent[] = seats.map((one) =>
          newEvent(
            { examId, roomId: one.roomId },
            "identity_checked",
            // Safe: only a check has seats.
            { userId: one.userId, role: "examinee", status: identity as IdentityStatus, since: now },
            now,
          ),
        );
        // An event about a whole exam names no person, and rooms have theirs: an entry without a room is read, and not told.
        if (roomId !== undefined)
          told.push(newEvent({ examId, roomId }, "entries_added", { from: id, to: id }, now));
        await tx.last(() =>
          Promise.all([
            tx.insert(insertEntry, [row]),
            tx.run(countWritten, { examId, userId: author.userId }),
            identity && tx.run(setIdentity, { examId, userId, identity, now }),
            events.addAll(tx, told),
          ]),
        );
        return row;
      },
    ),
  /** A page of entries, newest first. Those about a person who sits in an accessible room are of all rooms. `before` is the last id of the previous page. */
  async entries(
    { examId, rooms: accessible, roomId, userId, kinds }: EntryFilter,
    { limit, before = Number.MAX_SAFE_INTEGER }: { limit: number; before: number | undefined },
  ): Promise<NamedEntryRow[]> {
    const ofRooms = roomId === undefined && accessible !== "all";
    const shape = pageOfEntries(roomId !== undefined, ofRooms, userId !== undefined, kinds !== undefined);
    const roomIds = accessible === "all" ? [] : accessible;
    return storage.all(shape, {
      examId,
      roomId,
      userId,
      kinds,
      before,
      limit,
      ...(ofRooms && { roomIds }),
    });
  },
});
