import { z } from "zod";
import { idSchema, instantSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { newPersonSchema, participantRoleSchema, rejectDuplicates, withRecordsInput } from "./participant.js";
import { MAX_ROOM_EXAMINEES } from "./room.js";

/**
 * How an examinee's camera encodes video. Sizes are in pixels, the frame rate in frames per second, the
 * bitrate in kbit/s.
 */
export const videoProfileSchema = z.object({
  name: z.string(),
  data: z.object({ width: z.int(), height: z.int(), frameRate: z.int(), maxBitrate: z.int() }),
});
/** A video profile in a request. */
const videoProfileInput = z.object({
  name: label(64),
  data: z.object({
    width: wholeNumber(1, 7680),
    height: wholeNumber(1, 4320),
    frameRate: wholeNumber(1, 120),
    maxBitrate: wholeNumber(1, 100_000),
  }),
});
export type VideoProfile = z.infer<typeof videoProfileSchema>;

const examAudioSchema = z.object({
  /** The id of the attachment. An exam may schedule the same clip several times. */
  id: z.string(),
  clipId: z.string(),
  name: z.string(),
  /** The class of the clip, a number that the school chooses. */
  classify: z.int(),
  url: z.string(),
  ossUrl: z.string().optional(),
});

/** An audio clip that the exam plays automatically at `startTime`. */
export const scheduledAudioSchema = examAudioSchema.extend({ startTime: z.date() });
/** An audio clip that the teacher can start by hand. */
export const manualAudioSchema = examAudioSchema;
/** Output of `audio.attach`. Without `startTime`, the teacher starts the clip by hand. */
export const attachedAudioSchema = examAudioSchema.extend({ startTime: z.date().optional() });
export type ExamAudio = z.infer<typeof examAudioSchema>;
export type ScheduledAudio = z.infer<typeof scheduledAudioSchema>;
export type AttachedAudio = z.infer<typeof attachedAudioSchema>;

/** An exam without its audio, as `exam.list` returns it. */
export const examSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  startTime: z.date(),
  /** For an examinee with extra minutes, the time at which the exam ends for them. */
  endTime: z.date(),
  videoProfile: videoProfileSchema.optional(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type ExamSummary = z.infer<typeof examSummarySchema>;

/** Output of `exam.get`, `exam.create` and `exam.update`. */
export const examSchema = examSummarySchema.extend({
  /** Ordered by start time. */
  scheduledAudio: z.array(scheduledAudioSchema),
  /** In the order of attachment. If none is attached, the default clips of the library. */
  manualAudio: z.array(manualAudioSchema),
});
export type Exam = z.infer<typeof examSchema>;

export const examRef = z.object({ examId: idSchema });

/** The most audio clips that an exam may have attached. */
export const MAX_EXAM_AUDIO = 200;

/** The audio clips of an exam. Clips without `startTime` are started by hand. */
const examAudioInput = z
  .array(z.object({ clipId: idSchema, startTime: optional(instantSchema) }))
  .max(MAX_EXAM_AUDIO, `must be at most ${MAX_EXAM_AUDIO}`);
export type ExamAudioInput = z.infer<typeof examAudioInput>;

/** Input of `exam.create`. */
export const createExamInput = z
  .object({
    name: label(63),
    startTime: instantSchema,
    endTime: instantSchema,
    videoProfile: optional(videoProfileInput),
    audio: optional(examAudioInput).transform((audio) => audio ?? []),
  })
  .refine((exam) => exam.endTime > exam.startTime, { path: ["endTime"], error: "must be after startTime" });
export type CreateExamInput = z.infer<typeof createExamInput>;

/**
 * Input of `exam.update`. Absent fields keep their value. `videoProfile: null` removes the profile, and
 * `audio` replaces all audio of the exam.
 */
export const updateExamInput = z.object({
  examId: idSchema,
  name: optional(label(63)),
  startTime: optional(instantSchema),
  endTime: optional(instantSchema),
  videoProfile: videoProfileInput.nullish(),
  audio: optional(examAudioInput),
});
export type UpdateExamInput = z.infer<typeof updateExamInput>;

/** Input of `exam.list`. Newest exams first. `cursor` is the last exam id of the previous page. */
export const listExamsInput = z.object({ pageSize: pageSizeSchema(20), cursor: optional(idSchema) });
export type ListExamsInput = z.infer<typeof listExamsInput>;

/** Output of `exam.list`. `nextCursor` is absent on the last page. */
export const examPageSchema = z.object({
  exams: z.array(examSummarySchema),
  nextCursor: z.string().optional(),
});
export type ExamPage = z.infer<typeof examPageSchema>;

/**
 * Input of `exam.delete`. Without `withRooms`, an exam that has rooms or people is not deleted.
 * `withRecords`, for administrators only, implies `withRooms` and also deletes the cheat records. It requires
 * `confirm`, the exact name of the exam. Administrators can restore the exam (`exam.restore`) for the time that
 * the server is configured for, unless `erase` is "now".
 */
export const deleteExamInput = z
  .object({
    examId: idSchema,
    withRooms: optional(z.boolean()).transform((value) => value ?? false),
    withRecords: withRecordsInput,
    confirm: optional(z.string().max(200, "must be at most 200 characters")),
    erase: optional(z.literal("now", "must be 'now'")),
  })
  .refine(({ withRecords, confirm }) => !withRecords || confirm !== undefined, {
    path: ["confirm"],
    error: "must be the exam's name if withRecords is set",
  });
export type DeleteExamInput = z.infer<typeof deleteExamInput>;

/**
 * Output of `exam.delete`: how many rooms and people were deleted with the exam. `records` is present if
 * cheat records were deleted. `eraseAt` is the time until which the exam can be restored. Absent: it is erased
 * at once.
 */
export const deletedExamSchema = z.object({
  rooms: z.int(),
  people: z.int(),
  records: z.int().optional(),
  eraseAt: z.date().optional(),
});
export type DeletedExam = z.infer<typeof deletedExamSchema>;

/** A deleted exam that can be restored until `eraseAt`. */
export const restorableExamSchema = z.object({
  id: z.string(),
  name: z.string(),
  startTime: z.date(),
  endTime: z.date(),
  /** The user id of the exam's creator. */
  createdBy: z.string(),
  deletedAt: z.date(),
  eraseAt: z.date(),
});
export type RestorableExam = z.infer<typeof restorableExamSchema>;

/** Output of `exam.listDeleted`. `nextCursor` is absent on the last page. */
export const restorableExamPageSchema = z.object({
  exams: z.array(restorableExamSchema),
  nextCursor: z.string().optional(),
});
export type RestorableExamPage = z.infer<typeof restorableExamPageSchema>;

/**
 * Output of `exam.restore`. Rooms that were in progress at the deletion have ended at `deletedAt`, and
 * `updatedAt` of these rooms is that time. `room.reopen` reopens a room.
 */
export const restoredExamSchema = examSummarySchema.extend({ deletedAt: z.date() });
export type RestoredExam = z.infer<typeof restoredExamSchema>;

/** Input of `exam.erase`, which erases a deleted exam at once. `confirm` is its exact name. */
export const eraseExamInput = examRef.extend({
  confirm: z.string().max(200, "must be at most 200 characters"),
});
export type EraseExamInput = z.infer<typeof eraseExamInput>;

/**
 * Input of `exam.plan`, which assigns rooms to the people of an exam who have none. `teachers` are added to
 * the teachers that the exam already has. The same `seed` produces the same shuffled order for the same
 * people. Without it, people are assigned in the order of the import.
 */
export const planExamInput = z.object({
  examId: idSchema,
  /** The maximum number of examinees per room. */
  roomSize: wholeNumber(1, MAX_ROOM_EXAMINEES),
  teachers: optional(
    z
      .array(newPersonSchema.extend({ role: z.enum(["teacher", "inspector"]) }))
      .max(5000, "must be at most 5000")
      .superRefine(rejectDuplicates),
  ).transform((people) => people ?? []),
  seed: optional(label(64)),
  /** The name of new rooms. `{n}` is replaced by the number of the room. */
  roomName: optional(
    label(50).refine(
      (name) => name.includes("{n}"),
      "must contain {n}, which is replaced by the room's number",
    ),
  ).transform((name) => name ?? "Room {n}"),
  /** Whether to only return the plan. */
  dryRun: optional(z.boolean()).transform((value) => value ?? false),
  /**
   * The number of rooms to omit from the start of the answer. Use it in a dry run to see the rooms after
   * those of the previous answer.
   */
  skipRooms: optional(wholeNumber(0, 1_000_000)).transform((value) => value ?? 0),
});
export type PlanExamInput = z.infer<typeof planExamInput>;

const plannedPersonSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  /**
   * Whether this is an additional teacher of a room that already has one. A spare teacher can replace
   * another.
   */
  spare: z.boolean(),
});
export type PlannedPerson = z.infer<typeof plannedPersonSchema>;

const plannedRoomSchema = z.object({
  /** Absent in a dry run for a room that does not exist yet. */
  roomId: z.string().optional(),
  name: z.string(),
  isNew: z.boolean(),
  /** The number of examinees, including those whom the plan adds. */
  examinees: z.int(),
  /** The people whom the plan adds. */
  seated: z.array(plannedPersonSchema),
});
export type PlannedRoom = z.infer<typeof plannedRoomSchema>;

/** The maximum number of rooms and people, counted together, after which an answer lists no further rooms. */
export const PLANNED_PEOPLE_LISTED = 5000;

export const examPlanSchema = z.object({
  /**
   * The exam's rooms in progress, in the order of creation. If `moreRooms` is present, only the first ones.
   */
  rooms: z.array(plannedRoomSchema),
  /** The number of rooms that are not listed. Absent if there are none. See `skipRooms`. */
  moreRooms: z.int().optional(),
  newRooms: z.int(),
  /** The number of examinees who were assigned to a room. */
  seated: z.int(),
  /**
   * The number of teachers and inspectors without a room, including those in `teachers`. They wait because
   * the exam has no room in progress and no examinee needs one.
   */
  waiting: z.int(),
});
export type ExamPlan = z.infer<typeof examPlanSchema>;
