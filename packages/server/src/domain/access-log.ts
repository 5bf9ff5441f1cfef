import { eq } from "drizzle-orm";
import type { FastifyBaseLogger } from "fastify";
import type { Ids } from "../platform/ids.js";
import type { Queries } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { exams } from "../storage/tables.js";
import { type AuditEntry, ENDED, entryOf, insertEntries, OK, type Target } from "./audit.js";
import type { Author } from "./calls.js";
import type { RoomExams } from "./room-exams.js";
import type { Writes } from "./writes.js";

/**
 * Gathers what the audit keeps of calls that change nothing: sensitive reads, refusals, and when subscriptions begin and end. Equal ones of a
 * second share a row, which is written in the background. A crash loses at most those of the last second.
 */
export interface AccessLog {
  /**
   * Notes a call. It neither waits nor throws.
   * @param outcome default: `ok`. A refused call names nobody, and its room and exam only if they exist: the caller may have written anything
   */
  note(author: Author, target: Target, outcome?: string): void;
  /** Writes what was noted so far. If the database does not respond, that is tried again later. Never rejects. */
  flush(): Promise<void>;
}

/** How long calls are gathered, in milliseconds. */
const GATHERED_MS = 1000;
/** The most rows that are held. Further ones are lost, and the log says how many. */
const MAX_HELD = 2000;
/**
 * How long rows are held while they cannot be written, in milliseconds. The last stage of an erasure comes later, and so finds the rows that
 * were noted before it.
 */
export const MAX_HELD_MS = 30_000;
const ROWS_A_WRITE = 500;
const NOBODY = [null];

const examExists = statement(
  query
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.id, param("examId"))),
);

/** A row without its id, which it gets when it is written. */
type Noted = Omit<AuditEntry, "id">;
interface Held {
  readonly entry: Noted;
  /** When it was noted, by the monotonic clock. */
  readonly since: number;
}

/** A text that is equal for equal calls, apart from whom they name. It is made for each call, so it takes less than one of the entry. */
const keyOfCall = (
  { userId, role, tokenId, sessionId, origin: { procedure, address, entryPoint, operator } }: Author,
  { examId, roomId, subject }: Target,
  outcome: string,
): string =>
  `${procedure}\n${outcome}\n${userId}\n${role}\n${tokenId}\n${sessionId}\n${operator}\n${address}\n${entryPoint}\n${examId}\n${roomId}\n${subject}`;
/** The same for an entry. */
const keyOf = (entry: Noted): string =>
  JSON.stringify(Object.values({ ...entry, createdAt: 0, requestId: "", times: 0 }));

export const createAccessLog = ({
  storage,
  writes,
  roomExams,
  ids,
  clock,
  monotonic,
  hasFreeSpace,
  log,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
  roomExams: RoomExams;
  ids: Ids;
  clock: () => Date;
  monotonic: () => number;
  hasFreeSpace: () => boolean;
  log: FastifyBaseLogger;
}): AccessLog => {
  let held = new Map<string, Held>();
  let lost = 0;
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  /** @param make makes what is held if it is the first of its key */
  const hold = (key: string, times: number, make: () => Held): void => {
    const same = held.get(key);
    if (same) same.entry.times += times;
    else if (held.size < MAX_HELD) held.set(key, make());
    else lost += times;
  };
  /** Completes entries. Calls that named different rooms that do not exist are equal then. */
  const foldedRows = async (noted: readonly Noted[]): Promise<Noted[]> => {
    const folded = new Map<string, Noted>();
    const entries = await storage.together(() => Promise.all(noted.map(completed)));
    for (const entry of entries) {
      const key = keyOf(entry);
      const same = folded.get(key);
      folded.set(key, same ? { ...same, times: same.times + entry.times } : entry);
    }
    return [...folded.values()];
  };

  /** Adds the exam of a room. Removes the room and the exam of a refused call if they do not exist. */
  const completed = async (entry: Noted): Promise<Noted> => {
    const { roomId } = entry;
    const ofRoom = roomId === null ? undefined : await roomExams.examOf(storage, roomId);
    if (entry.outcome === OK || entry.outcome === ENDED)
      return { ...entry, examId: entry.examId ?? ofRoom ?? null };
    if (ofRoom !== undefined) return { ...entry, examId: ofRoom };
    const exam = entry.examId === null ? undefined : await storage.get(examExists, { examId: entry.examId });
    return { ...entry, examId: exam?.id ?? null, roomId: null };
  };

  const writeAll = async (): Promise<void> => {
    if (held.size === 0 && lost === 0) return;
    const taken = [...held];
    held = new Map();
    try {
      if (!hasFreeSpace()) throw new Error("the disk is nearly full");
      while (taken.length > 0) {
        const some = taken.slice(0, ROWS_A_WRITE);
        const rows = await foldedRows(some.map(([, { entry }]) => entry));
        await writes.unordered({}, (tx) =>
          tx.last(() =>
            tx.insert(
              insertEntries,
              rows.map((row) => ({ ...row, id: ids.next() })),
            ),
          ),
        );
        taken.splice(0, some.length);
      }
      isFailing = false;
    } catch (error) {
      for (const [key, one] of taken)
        if (monotonic() - one.since < MAX_HELD_MS) hold(key, one.entry.times, () => one);
        else lost += one.entry.times;
      if (!isFailing) log.info({ err: error }, "reads and refused calls are not in the audit yet");
      isFailing = true;
      if (held.size > 0) schedule();
    }
    if (lost > 0) log.error({ calls: lost }, "reads and refused calls are missing in the audit");
    lost = 0;
  };
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    await running;
    running ??= writeAll().finally(() => {
      running = undefined;
    });
    await running;
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => void flush(), GATHERED_MS);
    // The timer keeps no process running.
    timer.unref();
  };

  return {
    note(author, { people = [], ...target }, outcome = OK) {
      const call = keyOfCall(author, target, outcome);
      const named = people.length > 0 && (outcome === OK || outcome === ENDED) ? new Set(people) : NOBODY;
      for (const personId of named)
        hold(`${call}\n${personId}`, 1, () => ({
          entry: { ...entryOf(author, target, outcome), createdAt: clock(), times: 1, personId },
          since: monotonic(),
        }));
      schedule();
    },
    flush,
  };
};
