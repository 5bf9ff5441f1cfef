import { createExamInput, createRoomInput } from "@invigil/schema";
import type { Services } from "../../api/services.js";
import type { ActingCaller } from "../../domain/calls.js";
import { callerOf } from "../callers.js";
import { CANDIDATES, EXAM_NAME, EXAM_OFFICE, HALLS_OF_EXAM, INSPECTOR } from "./cast.js";

/** An exam with its rooms and people. No person is connected yet. */
export interface ReadyExam {
  readonly examId: string;
  readonly roomIds: readonly string[];
  /** In the order of the halls. */
  readonly teachers: readonly ActingCaller[];
  readonly inspector: ActingCaller;
  /** In the order of the cast. */
  readonly candidates: readonly ActingCaller[];
}

/** The caller who makes the exams of the demo. */
export const OFFICE = callerOf({ ...EXAM_OFFICE, role: "teacher" });
/** How long ago the exam began, and how long it lasts. It outlasts its round. */
const BEGAN_BEFORE_MS = 10 * 60_000;
const LASTS_MS = 90 * 60_000;
const MINUTE_MS = 60_000;

/** Creates the exam and its rooms, as an exam office does. */
export const setUpExam = async (
  { access, exam, room, audio }: Pick<Services, "access" | "exam" | "room" | "audio">,
  now: Date,
): Promise<ReadyExam> => {
  const startTime = new Date(Math.floor((now.getTime() - BEGAN_BEFORE_MS) / MINUTE_MS) * MINUTE_MS);
  const endTime = new Date(startTime.getTime() + LASTS_MS);
  const { list: clips } = await audio.list({ pageNum: 1, pageSize: 10 });
  const { id: examId } = await exam.create(
    await access.open(OFFICE, "unbound"),
    createExamInput.parse({
      name: EXAM_NAME,
      startTime,
      endTime,
      // The first clip of the library is the notice at the beginning. Teachers play the others by hand.
      audio: clips.map(({ id: clipId }, index) => ({ clipId, ...(index === 0 && { startTime }) })),
    }),
  );
  const roomIds: string[] = [];
  for (const { name, teacher, candidates } of HALLS_OF_EXAM) {
    const participants = [
      { ...INSPECTOR, role: "inspector" },
      ...candidates.map((candidate) => ({
        userId: candidate.userId,
        name: candidate.name,
        role: "examinee",
        extraMinutes: candidate.extraMinutes,
      })),
    ];
    // Only an administrator can create a room in another person's exam. They become the teacher of the room.
    const creator = callerOf({ ...teacher, role: "admin" });
    const { id } = await room.create(
      creator,
      await access.open(creator, "allRooms", { examId }),
      createRoomInput.parse({ examId, name, imServer: ["aliyun_new"], participants }),
    );
    roomIds.push(id);
  }
  return {
    examId,
    roomIds,
    teachers: HALLS_OF_EXAM.map(({ teacher }) => callerOf({ ...teacher, role: "teacher" })),
    inspector: callerOf({ ...INSPECTOR, role: "inspector" }),
    candidates: CANDIDATES.map(({ userId, name }) => callerOf({ userId, name, role: "examinee" })),
  };
};
