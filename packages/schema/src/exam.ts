import { z } from "zod";
import { idSchema, instantSchema, label, optional, wholeNumber } from "./common.js";

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

export const examSchema = z.object({
  id: z.string(),
  name: z.string(),
  startTime: z.date(),
  endTime: z.date(),
  videoProfile: videoProfileSchema.optional(),
  /** By start time. */
  scheduledAudio: z.array(scheduledAudioSchema),
  /** In the order they were attached. */
  manualAudio: z.array(manualAudioSchema),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Exam = z.infer<typeof examSchema>;

export const examRef = z.object({ examId: idSchema });

export const createExamInput = z
  .object({
    name: label(63),
    startTime: instantSchema,
    endTime: instantSchema,
    videoProfile: optional(videoProfileInput),
  })
  .refine((exam) => exam.endTime > exam.startTime, { path: ["endTime"], error: "must be after startTime" });
export type CreateExamInput = z.infer<typeof createExamInput>;

/** Fields that are absent stay as they are; `videoProfile: null` takes the profile away. */
export const updateExamInput = z.object({
  examId: idSchema,
  name: optional(label(63)),
  startTime: optional(instantSchema),
  endTime: optional(instantSchema),
  videoProfile: videoProfileInput.nullish(),
});
export type UpdateExamInput = z.infer<typeof updateExamInput>;
