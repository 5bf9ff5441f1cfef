import {
  type Caller,
  type CheckIdentityInput,
  decisionKinds,
  type ExamEntriesInput,
  type ExamEntry,
  type ExamEntryPage,
  type ExamNoteInput,
} from "@invigil/schema";
import { assertAccessible } from "../../domain/accessible-rooms.js";
import type { ActingCaller } from "../../domain/calls.js";
import { toEntry, toEntryOfPerson } from "../../domain/exam-entries.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, invalidInput } from "../../platform/errors.js";
import { pageOf } from "../../platform/paging.js";
import type { EntryStore, NewStaffEntry } from "./store.js";

export type EntryService = ReturnType<typeof createEntryService>;

/** Keeps what staff find and note, for the next invigilator and for a review. */
export const createEntryService = ({
  store,
  rates,
  clock,
}: {
  readonly store: EntryStore;
  readonly rates: Pick<RateLimits, "takeChange">;
  readonly clock: () => Date;
}) => {
  const add = async (caller: ActingCaller, entry: Omit<NewStaffEntry, "now">): Promise<ExamEntry> => {
    const { examId, roomId } = entry;
    rates.takeChange({ caller, examId, roomId });
    return toEntry(await store.add({ ...entry, now: clock() }, caller));
  };

  return {
    checkIdentity: (
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"room">,
      { userId, status, note, key }: CheckIdentityInput,
    ): Promise<ExamEntry> =>
      add(caller, {
        examId,
        roomId,
        userId,
        key,
        note: note ?? null,
        kind: "identity",
        detail: status,
        aboutTime: null,
        identity: status,
      }),

    note: (
      caller: ActingCaller,
      { exam, rooms }: Opened<"roomsToRun">,
      { roomId, userId, severity, at, text, key }: ExamNoteInput,
    ): Promise<ExamEntry> => {
      if (roomId === undefined && userId !== undefined)
        throw invalidInput("roomId", "is required with userId: in which room are they?");
      if (roomId === undefined && rooms !== "all")
        throw forbidden("Only the exam's creator and administrators note something about the whole exam.");
      if (roomId !== undefined) assertAccessible(rooms, roomId);
      return add(caller, {
        examId: exam.id,
        roomId,
        userId,
        note: text,
        key,
        kind: "note",
        detail: severity,
        aboutTime: at ?? null,
        identity: undefined,
      });
    },

    /** Returns what was decided and noted. Examinees get what was decided about themselves, without notes and names of staff. */
    async entries(
      caller: Caller,
      { exam, rooms }: Opened<"roomsToRun">,
      { roomId, userId, pageSize, cursor }: ExamEntriesInput,
    ): Promise<ExamEntryPage> {
      const isExaminee = caller.role === "examinee";
      if (isExaminee && (userId ?? caller.userId) !== caller.userId)
        throw forbidden("An examinee may read only what was decided about themselves.");
      if (roomId !== undefined) assertAccessible(rooms, roomId);
      const filter = {
        examId: exam.id,
        rooms,
        roomId,
        userId: isExaminee ? caller.userId : userId,
        kinds: isExaminee ? ([...decisionKinds, "consent"] as const) : undefined,
      };
      const rows = await store.entries(filter, { limit: pageSize + 1, before: cursor });
      const { rows: page, ...next } = pageOf(rows, pageSize, ({ id }) => id);
      return { entries: page.map(isExaminee ? toEntryOfPerson : toEntry), ...next };
    },
  };
};
