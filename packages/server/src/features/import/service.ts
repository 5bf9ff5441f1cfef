import type { Caller, ImportParticipantsInput, ImportResult } from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { ReadOptions, Source } from "../../files/sheets/source.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput } from "../../platform/errors.js";
import type { AccessService } from "../access/service.js";
import { roomSizeQuota } from "../participant/service.js";
import type { FaultyFile } from "./faults.js";
import { createFairQueue } from "./queue.js";
import { readFile } from "./read.js";
import { createRoomFinder, type ExamRoom, type Scope } from "./rooms.js";
import { createRoster } from "./roster.js";
import { settle } from "./settle.js";
import { readStaff, type Staff } from "./staff.js";
import type { ImportStore } from "./store.js";

export type { FaultyFile, Staff };

export interface ImportRequest extends ReadOptions {
  readonly examId: string;
  /** The room of everybody whose row names none. */
  readonly roomId?: string | undefined;
  readonly dryRun: boolean;
  readonly source: Source;
}

export interface ImportService {
  /**
   * Brings the people of a roster into an exam, all or nobody: into the rooms that it names, the others to wait for a
   * plan. Those who are there already get the file's names and extra minutes.
   * For whom the exam as a whole is, or, into one room, for those who run that room.
   * @throws FORBIDDEN, EXAM_NOT_FOUND, ROOM_NOT_FOUND, ROOM_ENDED, INVALID_INPUT for what is no roster, QUOTA_EXCEEDED
   */
  import(caller: Caller, request: ImportRequest): Promise<ImportResult | FaultyFile>;
  /** The same for a file in base64. @throws INVALID_INPUT also for faulty rows, each a field; TOO_MANY_REQUESTS */
  importFile(caller: Caller, input: ImportParticipantsInput): Promise<ImportResult>;
  /** The teachers and inspectors of a file, who get their rooms by a plan. @throws INVALID_INPUT for what is no roster */
  readStaff(source: Source): Promise<Staff | FaultyFile>;
}

export interface ImportServiceDeps {
  readonly store: ImportStore;
  readonly access: AccessService;
  readonly clock: () => Date;
  readonly rates: RateLimits;
  /** Absent: there may be as many people as there are. */
  readonly quotas: Quotas | undefined;
  /** How long a file that was sent may be read, in milliseconds; a minute when absent. */
  readonly readMs?: number;
}

/**
 * Two files of different callers at a time: one that takes long holds up nobody but its own caller, and what reading takes of memory
 * is not multiplied by how many are sent. A file that waits is kept in memory, 10 MiB at most.
 */
const QUEUE = { atOnce: 2, waitingEach: 4, waiting: 16 };
/** Twenty times what the largest roster takes on one slow core. */
const READ_MS = 60_000;

/** Faulty rows as one refusal. */
const refusalOf = ({ faults, more }: FaultyFile): InvigilError => {
  const fields: Record<string, string[]> = {};
  for (const { row, column, reason } of faults) {
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

export const createImportService = ({
  store,
  access,
  clock,
  rates,
  quotas,
  readMs = READ_MS,
}: ImportServiceDeps): ImportService => {
  const queue = createFairQueue(QUEUE);
  const size = roomSizeQuota(quotas);

  /** Whether all of the exam is the caller's, who must run the room otherwise. */
  const reachesAll = async (caller: Caller, examId: string, roomId: string | undefined): Promise<boolean> => {
    try {
      await access.wholeExam(caller, examId);
      return true;
    } catch (error) {
      const other = roomId !== undefined && error instanceof InvigilError && error.code === "FORBIDDEN";
      if (!other) throw error;
      const room = await access.room(caller, roomId);
      if (room.examId !== examId) throw forbidden(`The exam ${examId} is not open to you.`);
      return false;
    }
  };

  const openRoom = (rooms: readonly ExamRoom[], examId: string, roomId: string): ExamRoom => {
    const room = rooms.find(({ id }) => id === roomId);
    if (!room) throw new InvigilError("ROOM_NOT_FOUND", `There is no room ${roomId} in the exam ${examId}.`);
    if (room.ended) throw new InvigilError("ROOM_ENDED", `The room ${roomId} has ended.`);
    return room;
  };

  const scopeOf = async (caller: Caller, { examId, roomId }: ImportRequest): Promise<Scope> => {
    const whole = await reachesAll(caller, examId, roomId);
    const all = await store.rooms(examId);
    const room = roomId === undefined ? undefined : openRoom(all, examId, roomId);
    return { rooms: whole || !room ? all : [room], room, whole };
  };

  /** Reads the file until `stop`, and writes what it says. */
  const run = async (caller: Caller, request: ImportRequest, stop: AbortSignal | undefined) => {
    const scope = await scopeOf(caller, request);
    rates.take({ examId: request.examId }, { imports: 1 });
    const roster = createRoster();
    const found = await readFile(
      { ...request, signal: stop },
      { findRoom: createRoomFinder(scope), addPeople: roster.add },
    );
    return settle(store, { ...request, people: roster.people, scope, found, now: clock(), size });
  };
  /** The same within the time that a file that was sent may take. */
  const runInTime = async (caller: Caller, request: ImportRequest) => {
    const late = AbortSignal.timeout(readMs);
    try {
      return await run(caller, request, late);
    } catch (error) {
      // What stops is told of it in its own ways.
      if (late.aborted && !(error instanceof InvigilError))
        throw invalidInput("file", `takes longer to read than ${readMs / 1000} seconds`);
      throw error;
    }
  };

  return {
    import: (caller, request) => queue.run(caller.userId, () => run(caller, request, request.signal)),
    async importFile(caller, { file, ...input }) {
      // Before it waits for its turn.
      rates.take({ caller }, { imports: 1 });
      const request = { ...input, source: { bytes: Buffer.from(file, "base64") } };
      if (request.source.bytes.length === 0) throw invalidInput("file", "is empty");
      // Nobody's file waits who may not import it.
      await scopeOf(caller, request);
      const result = await queue.run(caller.userId, () => runInTime(caller, request));
      if ("faults" in result) throw refusalOf(result);
      return result;
    },
    readStaff,
  };
};
