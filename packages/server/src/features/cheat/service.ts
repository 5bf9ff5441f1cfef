import {
  type AddCheatRecordsInput,
  type Caller,
  type CheatRecordPage,
  type ListCheatRecordsInput,
  MAX_RECORD_BYTES_PER_CALL,
  type NewCheatRecord,
  type SetCheatConfigInput,
  type StoredCheatConfig,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened, StoredRoom } from "../../domain/opened.js";
import { LOOKED_AT_A_ROW, type RateLimits } from "../../limits/rates.js";
import { examNotFound, forbidden, InvigilError, invalidInput, roomNotFound } from "../../platform/errors.js";
import type { RecordQuota } from "./quota.js";
import type { NewRecord, RecordUsage } from "./records-store.js";
import type { CheatStore, RecordFilter, RecordScope } from "./store.js";

/** Late records are evidence: an ended room accepts them for this long, in milliseconds. */
const GRACE_AFTER_END_MS = 10 * 60 * 1000;

const hasConditions = (filter: RecordFilter): boolean =>
  Object.values(filter).some((condition) => condition !== undefined);

export interface CheatServiceDeps {
  readonly store: CheatStore;
  readonly clock: () => Date;
  readonly rates: RateLimits;
  readonly quota: RecordQuota;
}

const assertExamOf = (room: StoredRoom, examId: string | undefined): void => {
  if (examId !== undefined && examId !== room.examId)
    throw invalidInput("examId", `is not the exam of the room ${room.id}`);
};

/** Lists the fields explicitly: a rest pattern takes six times as long. */
const toNewRecord = (record: NewCheatRecord, room: StoredRoom, now: Date): NewRecord => {
  const { userId, detectType, isMainMonitor, detectTime, extraInfo } = record;
  const isText = typeof extraInfo === "string";
  return {
    examId: room.examId,
    roomId: room.id,
    userId,
    detectType,
    isMainMonitor,
    detectTime,
    extraInfo: isText ? extraInfo : JSON.stringify(extraInfo),
    extraInfoIsObject: !isText,
    createdAt: now,
  };
};

/** Counts the records of each person, in the order in which people first appear. */
const usageOf = (records: readonly NewRecord[]): RecordUsage[] => {
  const people = new Map<string, { userId: string; records: number; bytes: number }>();
  for (const { userId, detectType, extraInfo } of records) {
    const held = people.get(userId) ?? { userId, records: 0, bytes: 0 };
    if (held.records === 0) people.set(userId, held);
    held.records += 1;
    held.bytes += Buffer.byteLength(userId) + Buffer.byteLength(detectType) + Buffer.byteLength(extraInfo);
  }
  return [...people.values()];
};

export type CheatService = ReturnType<typeof createCheatService>;

export const createCheatService = ({ store, clock, rates, quota }: CheatServiceDeps) => ({
  async setConfig(
    caller: ActingCaller,
    { exam: { id: examId } }: Opened<"allRooms">,
    data: SetCheatConfigInput["data"],
  ): Promise<true> {
    rates.takeChange({ caller, examId });
    const isSet = await store.setConfig({ examId, data, now: clock() }, caller);
    if (!isSet) throw examNotFound(examId);
    return true;
  },

  async getConfig({ exam: { id: examId } }: Opened<"examInProgress">): Promise<StoredCheatConfig> {
    const config = await store.getConfig(examId);
    if (!config) throw new InvigilError("CHEAT_CONFIG_NOT_FOUND", `The exam ${examId} has no cheat config.`);
    return config;
  },

  /** Returns the exam's config, if there is one. Checks no permissions: for use by other services. */
  configOf: async (examId: string): Promise<StoredCheatConfig | undefined> => store.getConfig(examId),

  /** Writes all records or none, and resolves when they are on disk. Examinees may record only about themselves. */
  async addRecords(
    caller: Caller,
    room: Opened<"room">,
    { examId, records }: AddCheatRecordsInput,
  ): Promise<true> {
    const { id: roomId } = room;
    assertExamOf(room, examId);
    const now = clock();
    if (room.endedAt && now.getTime() > room.endedAt.getTime() + GRACE_AFTER_END_MS) {
      throw new InvigilError(
        "ROOM_ENDED",
        `The room ${roomId} ended more than 10 minutes ago and takes no more records.`,
      );
    }
    const foreign = caller.role === "examinee" && records.find(({ userId }) => userId !== caller.userId);
    if (foreign)
      throw forbidden(`An examinee may record only about themselves, not about ${foreign.userId}.`);
    const kept = records.map((record) => toNewRecord(record, room, now));
    const people = usageOf(kept);
    const bytes = people.reduce((sum, held) => sum + held.bytes, 0);
    if (bytes > MAX_RECORD_BYTES_PER_CALL)
      throw invalidInput("records", `must be at most ${MAX_RECORD_BYTES_PER_CALL / 1024} KiB together`);
    rates.take({ caller, roomId, examId: room.examId }, { records: kept.length, recordBytes: bytes });
    await quota.assertNotFull({ examId: room.examId, roomId }, people);
    // An examinee who was removed in the meantime records nothing. The records of staff are also about others.
    const inRoom = caller.role === "examinee";
    const increase = { people, inRoom, ...quota.limitsFor(caller) };
    const outcome = await store.addRecords({ caller: caller.userId, records: kept, increase });
    if (outcome === "not_in_room") throw forbidden(`The room ${roomId} is not open to you.`);
    if (typeof outcome === "object") throw quota.quotaError(roomId, outcome);
    if (outcome === false) throw roomNotFound(roomId);
    return true;
  },

  async listRecords(
    caller: Caller,
    of: Opened<"room" | "exam">,
    input: ListCheatRecordsInput,
  ): Promise<CheatRecordPage> {
    const { roomId: _, examId, pageSize, cursor, ...filter } = input;
    if (!("rooms" in of)) assertExamOf(of, examId);
    const scope: RecordScope =
      "rooms" in of ? { examId: of.exam.id, rooms: of.rooms } : { examId: of.examId, rooms: [of.id] };
    const page = { limit: pageSize, before: cursor };
    if (!hasConditions(filter)) return store.list(scope, page);
    const { examined, ...found } = await store.find(scope, filter, page);
    // The records of the answer are charged where calls are answered.
    rates.charge({ caller }, { readRows: Math.ceil(examined / LOOKED_AT_A_ROW) });
    return found;
  },
});
