import { z } from "zod";
import { idSchema, instantSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { eachOnce, newPersonSchema, participantRoleSchema, withRecordsInput } from "./participant.js";
import { MAX_ROOM_EXAMINEES } from "./room.js";

/** How the examinee app encodes its camera. Sizes in pixels, rate in frames a second, bitrate in kbit/s. */
export const videoProfileSchema = z.object({
  name: z.string(),
  data: z.object({ width: z.int(), height: z.int(), frameRate: z.int(), maxBitrate: z.int() }),
});
/** The same as it may be asked for. */
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
  /** The attachment's id: the same clip may be scheduled more than once. */
  id: z.string(),
  /** The clip's id. */
  clipId: z.string(),
  name: z.string(),
  /** The clip's class, a number of the school's own. */
  classify: z.int(),
  url: z.string(),
  ossUrl: z.string().optional(),
});

/** An audio clip that the exam plays by itself at a time. */
export const scheduledAudioSchema = examAudioSchema.extend({ startTime: z.date() });
/** An audio clip that the teacher may start by hand. */
export const manualAudioSchema = examAudioSchema;
/** Either: without a start time, by hand. */
export const attachedAudioSchema = examAudioSchema.extend({ startTime: z.date().optional() });
export type ExamAudio = z.infer<typeof examAudioSchema>;
export type ScheduledAudio = z.infer<typeof scheduledAudioSchema>;
export type AttachedAudio = z.infer<typeof attachedAudioSchema>;

/** An exam without its audio, as lists have it. */
export const examSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  startTime: z.date(),
  /** To an examinee with extra minutes: when the exam ends for it. */
  endTime: z.date(),
  videoProfile: videoProfileSchema.optional(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type ExamSummary = z.infer<typeof examSummarySchema>;

export const examSchema = examSummarySchema.extend({
  /** By start time. */
  scheduledAudio: z.array(scheduledAudioSchema),
  /** In the order they were attached; the library's default clips where none was. */
  manualAudio: z.array(manualAudioSchema),
});
export type Exam = z.infer<typeof examSchema>;

export const examRef = z.object({ examId: idSchema });

/** What the exam plays: at a time, or, without one, by hand. */
const examAudioInput = z
  .array(z.object({ clipId: idSchema, startTime: optional(instantSchema) }))
  .max(200, "must be at most 200");
export type ExamAudioInput = z.infer<typeof examAudioInput>;

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
 * Fields that are absent stay as they are; `videoProfile: null` takes the profile away, and `audio` replaces all
 * that the exam plays.
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

/** Newest first. `cursor` is the last id of the page before. */
export const listExamsInput = z.object({ pageSize: pageSizeSchema(20), cursor: optional(idSchema) });
export type ListExamsInput = z.infer<typeof listExamsInput>;

export const examPageSchema = z.object({
  exams: z.array(examSummarySchema),
  nextCursor: z.string().optional(),
});
export type ExamPage = z.infer<typeof examPageSchema>;

/**
 * Without `withRooms` an exam that has rooms or people is kept. With `withRecords`, which is for administrators and includes the
 * rooms, its cheat records are erased as well: `confirm` must then be the exam's name, letter by letter.
 */
export const deleteExamInput = z
  .object({
    examId: idSchema,
    withRooms: optional(z.boolean()).transform((value) => value ?? false),
    withRecords: withRecordsInput,
    confirm: optional(z.string().max(200, "must be at most 200 characters")),
  })
  .refine(({ withRecords, confirm }) => !withRecords || confirm !== undefined, {
    path: ["confirm"],
    error: "must be the exam's name where withRecords is set",
  });
export type DeleteExamInput = z.infer<typeof deleteExamInput>;

/** What went with the exam: how many rooms, and people in and outside of them; `records` is there where any were erased. */
export const deletedExamSchema = z.object({ rooms: z.int(), people: z.int(), records: z.int().optional() });
export type DeletedExam = z.infer<typeof deletedExamSchema>;

/**
 * How an exam's people without a room are seated. `teachers` are added to those that the exam knows already.
 * The same `seed` shuffles the same people the same way; absent: in the order they were imported.
 */
export const planExamInput = z.object({
  examId: idSchema,
  /** Examinees a room, at most. */
  roomSize: wholeNumber(1, MAX_ROOM_EXAMINEES),
  teachers: optional(
    z
      .array(newPersonSchema.extend({ role: z.enum(["teacher", "inspector"]) }))
      .max(5000, "must be at most 5000")
      .superRefine(eachOnce),
  ).transform((people) => people ?? []),
  seed: optional(label(64)),
  /** Names of new rooms; `{n}` stands for their number. */
  roomName: optional(
    label(50).refine((name) => name.includes("{n}"), "must hold {n}, which stands for the room's number"),
  ).transform((name) => name ?? "Room {n}"),
  /** Only says what would be done. */
  dryRun: optional(z.boolean()).transform((value) => value ?? false),
  /** Leaves out this many of the first rooms of the answer: a dry run shows the rooms after those of the answer before. */
  skipRooms: optional(wholeNumber(0, 1_000_000)).transform((value) => value ?? 0),
});
export type PlanExamInput = z.infer<typeof planExamInput>;

const plannedPersonSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  /** A teacher beyond the one that every room has: stands in where it is needed. */
  spare: z.boolean(),
});
export type PlannedPerson = z.infer<typeof plannedPersonSchema>;

const plannedRoomSchema = z.object({
  /** Absent while the room is not made: in a dry run. */
  roomId: z.string().optional(),
  name: z.string(),
  isNew: z.boolean(),
  /** Its examinees, with those that the plan seats. */
  examinees: z.int(),
  /** Whom the plan puts into it. */
  seated: z.array(plannedPersonSchema),
});
export type PlannedRoom = z.infer<typeof plannedRoomSchema>;

/** Rooms are listed until they are about so many rooms and people together. */
export const PLANNED_PEOPLE_LISTED = 5000;

export const examPlanSchema = z.object({
  /** Rooms of the exam that are in progress, in the order they were made: all of them, or with `moreRooms` the first ones. */
  rooms: z.array(plannedRoomSchema),
  /** How many rooms there are beyond these; absent where there are none. See `skipRooms`. */
  moreRooms: z.int().optional(),
  newRooms: z.int(),
  /** Examinees who got a seat. */
  seated: z.int(),
  /** Teachers and inspectors, those named too, who got no room: the exam has none, and no examinee needs one. */
  waiting: z.int(),
});
export type ExamPlan = z.infer<typeof examPlanSchema>;
