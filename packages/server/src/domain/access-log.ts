import type { FastifyBaseLogger } from "fastify";
import { LRUCache } from "lru-cache";
import { identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import type { Ids } from "../platform/ids.js";
import { atMost } from "../platform/lru.js";
import type { Queries } from "../storage/port.js";
import {
  type AuditEntry,
  type AuditQuota,
  entryOf,
  insertEntries,
  isGranted,
  OK,
  type Target,
} from "./audit.js";
import type { Author, Origin } from "./calls.js";
import type { RoomExams } from "./room-exams.js";
import type { Writes } from "./writes.js";

/** How long calls are gathered, in milliseconds, unless many come. */
const GATHERED_MS = 1000;
/** The most rows that are held of calls that succeeded, and of refused ones. Further ones are lost, and the log says how many. */
const MAX_HELD = 2000;
/**
 * How long rows are held while they cannot be written, in milliseconds. The last stage of an erasure comes later, and so finds the rows that
 * were noted before it.
 */
export const MAX_HELD_MS = 30_000;
const ROWS_A_WRITE = 500;
const NO_PERSON = [null];
/** Tokens that are no longer good leave at most one row for each person, room and reason in this time, because pages retry. */
const FOLDED_MS = 60_000;
/** For how many of them it is known when they last left a row. */
const MAX_FOLDED = 10_000;

/** A row without its id, which it gets when it is written. */
type Noted = Omit<AuditEntry, "id">;
interface Held {
  readonly author: Author;
  /** Equal for equal calls. */
  readonly key: string;
  readonly entry: Noted;
  /** When it was noted, by the monotonic clock. */
  readonly since: number;
  /** Before this time, further calls are added to the row, and it is not written. */
  readonly notBefore?: number;
}

/** A text that is equal for equal calls, apart from whom they name. It is made for each call, so it takes less than one of the entry. */
const keyOfCall = (
  { userId, role, tokenId, sessionId, origin: { procedure, address, entryPoint, operator } }: Author,
  { examId, roomId, subject }: Target,
  outcome: string,
): string =>
  `${procedure}\n${outcome}\n${userId}\n${role}\n${tokenId}\n${sessionId}\n${operator}\n${address}\n${entryPoint}\n${examId}\n${roomId}\n${subject}`;

/** Holds a number of rows. When they are full, the actor with the most rows loses one, so no actor displaces the rows of others. */
const createShares = () => {
  let byActor = new Map<string, Map<string, Held>>();
  let size = 0;
  /** How many of them are not due yet. */
  let waiting = 0;
  return {
    size: () => size,
    due: () => size - waiting,
    /**
     * @param make makes what is held if it is the first of its key
     * @returns how many calls are lost
     */
    hold(author: Author, key: string, times: number, make: () => Held): number {
      const actor = identityKey(author);
      const own = byActor.get(actor) ?? new Map<string, Held>();
      const same = own.get(key);
      if (same) {
        same.entry.times += times;
        return 0;
      }
      let lost = 0;
      if (size >= MAX_HELD) {
        let largest = own;
        for (const share of byActor.values()) if (share.size > largest.size) largest = share;
        if (largest.size <= own.size + 1) return times;
        const newest = [...largest.values()].at(-1);
        if (newest) largest.delete(newest.key);
        if (newest?.notBefore !== undefined) waiting -= 1;
        lost = newest?.entry.times ?? 0;
        size -= 1;
      }
      const made = make();
      byActor.set(actor, own.set(key, made));
      size += 1;
      if (made.notBefore !== undefined) waiting += 1;
      return lost;
    },
    /** Takes the rows that are due by now. */
    take(now: number): Held[] {
      const all = [...byActor.values()].flatMap((own) => [...own.values()]);
      const later = all.filter(({ notBefore = now }) => notBefore > now);
      byActor = new Map();
      size = later.length;
      waiting = later.length;
      for (const one of later) {
        const actor = identityKey(one.author);
        byActor.set(actor, (byActor.get(actor) ?? new Map<string, Held>()).set(one.key, one));
      }
      return all.filter(({ notBefore = now }) => notBefore <= now);
    },
  };
};

export type AccessLog = ReturnType<typeof createAccessLog>;

/**
 * Gathers what the audit keeps of calls that change nothing: sensitive reads, refusals, and when subscriptions begin and end. Equal ones of a
 * second share a row, which is written in the background. A crash loses at most those of the last second.
 */
export const createAccessLog = ({
  storage,
  writes,
  roomExams,
  quota,
  ids,
  clock,
  monotonic,
  hasFreeSpace,
  log,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
  roomExams: RoomExams;
  quota: AuditQuota;
  ids: Ids;
  clock: () => Date;
  monotonic: () => number;
  hasFreeSpace: () => boolean;
  log: FastifyBaseLogger;
}) => {
  // Refused calls cost their caller nothing, so they have places of their own.
  const held = { granted: createShares(), refused: createShares() };
  let lost = 0;
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const hold = (outcome: string, author: Author, key: string, times: number, make: () => Held): void => {
    lost += held[isGranted(outcome) ? "granted" : "refused"].hold(author, key, times, make);
  };
  const heldRows = (): number => held.granted.size() + held.refused.size();

  /** Returns what a refused call named, as far as it is known to exist. Invented ids are equal then. */
  const checked = ({ roomId, examId }: Target): Target => {
    const ofRoom = roomId === undefined ? undefined : roomExams.rememberedExamOf(roomId);
    return ofRoom === undefined ? { examId } : { roomId, examId: ofRoom };
  };
  /** Adds the exam of a room. */
  const completed = async (entry: Noted): Promise<Noted> => {
    const { roomId, examId } = entry;
    if (roomId === null || examId !== null) return entry;
    return { ...entry, examId: (await roomExams.examOf(storage, roomId)) ?? null };
  };

  /** Whether a refused call may leave a row. Refused calls cannot use the reserve of urgent calls. */
  const hasLeft = async (author: Author): Promise<boolean> => {
    try {
      await quota.assertActor({ ...author, isUrgent: false });
      return true;
    } catch (error) {
      if (error instanceof InvigilError) return false;
      throw error;
    }
  };

  /** When the row of a token that is no longer good may be followed by another one. */
  const folded = new LRUCache<string, number>(atMost(MAX_FOLDED));

  const writeAll = async (isLast: boolean): Promise<void> => {
    const now = isLast ? Number.POSITIVE_INFINITY : monotonic();
    const taken = [...held.granted.take(now), ...held.refused.take(now)];
    if (taken.length === 0 && lost === 0) return;
    try {
      if (!hasFreeSpace()) throw new Error("the disk is nearly full");
      while (taken.length > 0) {
        const some = taken.slice(0, ROWS_A_WRITE);
        const within: Held[] = [];
        for (const one of some)
          if (isGranted(one.entry.outcome) || (await hasLeft(one.author))) within.push(one);
          else lost += one.entry.times;
        const rows = await storage.together(() => Promise.all(within.map(({ entry }) => completed(entry))));
        await writes.unordered({}, (tx) =>
          tx.last(() =>
            tx.insert(
              insertEntries,
              rows.map((row) => ({ ...row, id: ids.next() })),
            ),
          ),
        );
        for (const [index, { author }] of within.entries()) {
          const row = rows[index];
          if (row) quota.charge(author, row, 1);
        }
        taken.splice(0, some.length);
      }
      isFailing = false;
    } catch (error) {
      for (const one of taken) {
        const { author, key, entry, since } = one;
        if (monotonic() - since < MAX_HELD_MS) hold(entry.outcome, author, key, entry.times, () => one);
        else lost += entry.times;
      }
      if (!isFailing) log.info({ err: error }, "reads and refused calls are not in the audit yet");
      isFailing = true;
    }
    if (lost > 0) log.error({ calls: lost }, "reads and refused calls are missing in the audit");
    lost = 0;
  };
  const write = (isLast = false): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running ??= writeAll(isLast).finally(() => {
      running = undefined;
      if (heldRows() > 0) schedule();
    });
    return running;
  };
  const schedule = (): void => {
    // Many are written at once, so that a busy second loses nothing.
    if (held.granted.due() + held.refused.due() >= ROWS_A_WRITE && !running && !isFailing) {
      void write();
      return;
    }
    timer ??= setTimeout(() => void write(), GATHERED_MS);
    // The timer keeps no process running.
    timer.unref();
  };

  /**
   * Notes a call. It neither waits nor throws.
   * @param outcome default: `ok`. A refused call names no person, and its room only if it is known that it exists: the caller may have written
   * anything
   */
  const note = (author: Author, { people = [], ...named }: Target, outcome: string = OK): void => {
    const granted = isGranted(outcome);
    const target = granted ? named : checked(named);
    const call = keyOfCall(author, target, outcome);
    for (const personId of granted && people.length > 0 ? new Set(people) : NO_PERSON) {
      const key = `${call}\n${personId}`;
      hold(outcome, author, key, 1, () => ({
        author,
        key,
        entry: { ...entryOf(author, target, outcome), createdAt: clock(), times: 1, personId },
        since: monotonic(),
      }));
    }
    schedule();
  };

  return {
    /** Checks whether the actor's calls may leave further rows. @throws QUOTA_EXCEEDED */
    admit: quota.assertActor,
    /** Checks whether changes of an exam may leave further rows. @throws QUOTA_EXCEEDED */
    admitExam: quota.assertExam,
    note,
    /**
     * Notes a refused call, with its error. Not one of a token that is no longer good (see `noteEnded`), nor one that failed for another reason
     * than the call.
     * @param named the exam must exist
     */
    noteRefusal(
      author: Author,
      named: Target,
      { code, status }: Pick<InvigilError, "code" | "status">,
    ): void {
      if (status < 500 && code !== "UNAUTHENTICATED") note(author, named, code);
    },
    /**
     * Notes a call with a token that is no longer good. The first one is written like others, and those of the following minute share a row.
     * @param reason why the token, or the code that a person entered, is no longer good
     */
    noteEnded(caller: Omit<Author, "origin" | "audited" | "isUrgent">, reason: string, origin: Origin): void {
      const author = { ...caller, origin, audited: "access" } as const;
      // What the token names existed when it was signed.
      const { userId, roomId, examId } = author;
      const key = `${reason}\n${userId}\n${roomId}\n${examId}`;
      hold(reason, author, key, 1, () => {
        const now = monotonic();
        const notBefore = Math.max(folded.get(key) ?? now, now);
        folded.set(key, notBefore + FOLDED_MS);
        const entry = {
          ...entryOf(author, { roomId, examId }, reason),
          createdAt: clock(),
          times: 1,
          personId: null,
        };
        // If the database does not respond, the row waits from when it is due.
        return { author, key, entry, since: notBefore, ...(notBefore > now && { notBefore }) };
      });
      schedule();
    },
    /**
     * Writes what was noted so far. If the database does not respond, that is tried again later. Never rejects.
     * @param isLast whether the process ends, so that nothing can wait
     */
    async flush({ isLast = false }: { readonly isLast?: boolean } = {}): Promise<void> {
      await running;
      await write(isLast);
    },
  };
};
