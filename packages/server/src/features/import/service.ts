import type { ImportParticipantsInput, ImportResult } from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { AccessLog } from "../../domain/access-log.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened, Rights } from "../../domain/opened.js";
import type { ReadOptions, Source } from "../../files/sheets/source.js";
import { createCallerTurns } from "../../limits/caller-turns.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput, roomEnded } from "../../platform/errors.js";
import type { MaybePromise } from "../../platform/maybe-promise.js";
import { createAbsentPeople } from "./absent.js";
import { applyImport, type FaultyRoster, type Imported, unreadOf } from "./apply-import.js";
import type { Meanings } from "./columns.js";
import type { FaultyFile, RowFault } from "./faults.js";
import { readPiece } from "./piece.js";
import { readFile } from "./read.js";
import { createRoomFinder, type ExamRoom, type Scope } from "./rooms.js";
import { createRoster } from "./roster.js";
import { readStaff } from "./staff.js";
import type { ImportStore } from "./store.js";

export type { FaultyFile, RowFault };

export interface ImportRequest extends ReadOptions {
  readonly examId: string;
  /** The room of people whose row names none. */
  readonly roomId?: string | undefined;
  readonly dryRun: boolean;
  /** What columns contain whose titles do not say so. Default: the titles decide alone. */
  readonly columns?: Meanings | undefined;
  /** The rows with errors to leave out. Default: none. */
  readonly skip?: readonly number[] | undefined;
  /** The people who are not in the file to remove after the import. Default: none. */
  readonly remove?: readonly string[] | undefined;
  /** Whether to read the part of the sheet with the faults. Default: no. */
  readonly withPiece?: boolean;
  readonly source: Source;
}

type OpenExam = () => MaybePromise<Opened<"wholeExam">>;

export interface ImportServiceDeps {
  readonly store: ImportStore;
  readonly access: Pick<Rights, "open">;
  readonly accessLog: Pick<AccessLog, "note">;
  readonly clock: () => Date;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
  /** The time limit for reading an uploaded file, in milliseconds. Default: a minute. */
  readonly readMs?: number;
}

/**
 * Files of two callers are read at the same time, so that a slow file delays only its own caller, and the
 * memory for reading does not grow with the number of uploads. A waiting file stays in memory, 10 MiB at most.
 */
const TURNS = {
  what: "imports",
  atOnce: 2,
  eachAtOnce: 1,
  waitingEach: 4,
  waiting: 16,
  retryAfterSeconds: 10,
};
/** Twenty times the duration of the largest roster on one slow core. */
const READ_MS = 60_000;

/** The maximum number of errors in a refusal. */
const REFUSED_FOR = 100;

/** Converts the errors of a file to one API error. */
const refusalOf = ({ faults, more }: FaultyFile): InvigilError => {
  const fields: Record<string, string[]> = {};
  for (const { row, column, reason } of faults.slice(0, REFUSED_FOR)) {
    const field = `rows[${row}].${column}`;
    fields[field] = [...(fields[field] ?? []), reason];
  }
  const [first] = faults;
  const all = faults.length + more;
  const count = all === 1 ? "1 fault" : `${all} faults`;
  return new InvigilError(
    "INVALID_INPUT",
    `rows[${first?.row}].${first?.column} ${first?.reason} (${count} in the file; nothing was imported)`,
    { fields },
  );
};

/** The answer to a dry run that asks for the faults of the file. */
const reportOf = ({
  faults,
  more,
  rows,
  columns,
  sheet,
}: FaultyRoster & Pick<ImportResult, "sheet">): ImportResult => ({
  rows,
  ...unreadOf(columns),
  added: 0,
  updated: 0,
  unchanged: 0,
  changes: [],
  moreChanges: 0,
  faults: [...faults],
  ...(more > 0 && { moreFaults: more }),
  sheet,
});

export type ImportService = ReturnType<typeof createImportService>;

export const createImportService = ({
  store,
  access,
  accessLog,
  clock,
  rates,
  quotas,
  readMs = READ_MS,
}: ImportServiceDeps) => {
  const turns = createCallerTurns(TURNS);
  const absentPeople = createAbsentPeople({ store, rates });

  /** Whether the caller has access to the whole exam. Otherwise they must run the given room. */
  const hasWholeExam = async (
    caller: ActingCaller,
    openExam: OpenExam,
    { examId, roomId }: Pick<ImportRequest, "examId" | "roomId">,
  ): Promise<boolean> => {
    try {
      await openExam();
      return true;
    } catch (error) {
      const other = roomId !== undefined && error instanceof InvigilError && error.code === "FORBIDDEN";
      if (!other) throw error;
      const room = await access.open(caller, "room", { roomId });
      if (room.examId !== examId) throw forbidden(`The exam ${examId} is not open to you.`);
      return false;
    }
  };

  const openRoom = (rooms: readonly ExamRoom[], examId: string, roomId: string): ExamRoom => {
    const room = rooms.find(({ id }) => id === roomId);
    if (!room) throw new InvigilError("ROOM_NOT_FOUND", `There is no room ${roomId} in the exam ${examId}.`);
    if (room.ended) throw roomEnded(roomId);
    return room;
  };

  const scopeOf = async (whole: boolean, { examId, roomId }: ImportRequest): Promise<Scope> => {
    const all = await store.rooms(examId);
    const room = roomId === undefined ? undefined : openRoom(all, examId, roomId);
    return { rooms: whole || !room ? all : [room], room, whole };
  };

  /** Reads the file and imports it, until `stop` is aborted. */
  const run = async (
    caller: ActingCaller,
    request: ImportRequest,
    { whole, stop }: { readonly whole: boolean; readonly stop: AbortSignal | undefined },
  ) => {
    const { examId, dryRun } = request;
    const skip = new Set(request.skip);
    const scope = await scopeOf(whole, request);
    if (request.remove && scope.room)
      throw invalidInput("remove", "is for an import into the whole exam, without a room");
    rates.take({ caller, examId }, { writeRows: 0 });
    rates.take({ examId }, { imports: 1 });
    const roster = createRoster();
    const file = await readFile(
      { ...request, signal: stop },
      { findRoom: createRoomFinder(scope), addPeople: roster.add, skip, meanings: request.columns },
    );
    const { people } = roster;
    const { remove } = request;
    const absent =
      !scope.room && file.faults.count === 0 && (dryRun || remove)
        ? await absentPeople.find(caller, examId, people, scope.rooms)
        : undefined;
    if (absent && remove) await absentPeople.assertRemovable({ examId, remove }, absent, file.unreadRow);
    const result = await applyImport(store, {
      ...request,
      people,
      others: dryRun && absent ? absent.values() : [],
      skip,
      scope,
      file,
      now: clock(),
      mostPeople: quotas?.peoplePerRoom,
      author: caller,
    });
    if ("faults" in result)
      return {
        ...result,
        ...(request.withPiece && {
          sheet: await readPiece(request.source, result, { meanings: request.columns, signal: stop }),
        }),
      };
    // A dry run reads people of the exam, and changes nothing.
    if (dryRun && absent) accessLog.note(caller, { examId, subject: "dry run" });
    if (dryRun)
      return {
        ...result,
        ...(absent && (await absentPeople.list(examId, absent))),
        ...(remove && { removed: new Set(remove).size }),
      };
    if (!remove) {
      rates.charge({ caller, examId }, { writeRows: result.added + result.updated });
      return result;
    }
    const removal = { examId, remove, now: clock(), author: caller, signal: stop };
    const { removed, kept } = await absentPeople.remove(removal);
    rates.charge({ caller, examId }, { writeRows: result.added + result.updated + removed });
    return { ...result, removed, ...(kept && { kept }) };
  };
  /** Applies the time limit for uploaded files. */
  const runInTime = async (caller: ActingCaller, request: ImportRequest, whole: boolean) => {
    const late = AbortSignal.timeout(readMs);
    try {
      return await run(caller, request, { whole, stop: late });
    } catch (error) {
      // Aborted code may fail with any error of its own.
      if (late.aborted && !(error instanceof InvigilError))
        throw invalidInput("file", `takes longer to read than ${readMs / 1000} seconds`);
      throw error;
    }
  };

  return {
    /**
     * Imports the people of a roster into an exam, all or none. Rows with a room add their people to it; the
     * other people wait for a plan. People who are in the exam already get the names and extra minutes of the
     * file. The caller must have access to the whole exam or, for an import into one room, run that room.
     * @throws INVALID_INPUT for a file that is no roster
     */
    import: (caller: ActingCaller, request: ImportRequest): Promise<Imported | FaultyFile> =>
      turns.run(caller.userId, async () => {
        const { examId, signal: stop } = request;
        const openExam = () => access.open(caller, "wholeExam", { examId });
        return run(caller, request, { whole: await hasWholeExam(caller, openExam, request), stop });
      }),
    /** Imports a base64-encoded file. @throws INVALID_INPUT also for invalid rows, each as a field, unless the call asks for them */
    async importFile(
      caller: ActingCaller,
      openExam: OpenExam,
      { file, withFaults, ...input }: ImportParticipantsInput,
    ): Promise<ImportResult> {
      // Counts before the file waits for its turn.
      rates.take({ caller }, { imports: 1 });
      const withPiece = withFaults && input.dryRun;
      const request = { ...input, withPiece, source: { bytes: Buffer.from(file, "base64") } };
      if (request.source.bytes.length === 0) throw invalidInput("file", "is empty");
      // Checked before the file waits, so that a refused file takes no place in the queue.
      const whole = await hasWholeExam(caller, openExam, request);
      await scopeOf(whole, request);
      const result = await turns.run(caller.userId, () => runInTime(caller, request, whole));
      if (!("faults" in result)) return result;
      if (!withPiece) throw refusalOf(result);
      return reportOf(result);
    },
    /**
     * Reads the teachers and inspectors of a file, for a plan. @throws INVALID_INPUT for a file that is no roster
     */
    readStaff,
  };
};
