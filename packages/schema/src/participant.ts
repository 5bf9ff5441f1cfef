import { z } from "zod";
import { idSchema, label, optional, userIdSchema, wholeNumber } from "./common.js";

/** What a person can be in a room. */
export const participantRoleSchema = z.enum(["teacher", "inspector", "examinee"]);
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

/** A person's two cameras: the phone (`main`) and the PC. */
export const cameraSchema = z.enum(["main", "pc"]);
export type Camera = z.infer<typeof cameraSchema>;

export const publishStatusSchema = z.enum(["idle", "publishing", "stopped"]);
export type PublishStatus = z.infer<typeof publishStatusSchema>;

/**
 * The signed URLs of one camera's stream: the same for a minute, and valid for the lifetime that the server is set to
 * (`INVIGIL_STREAM_TTL_SECONDS`) or up to a minute longer.
 */
export const streamUrlsSchema = z.object({
  /** A licence to publish as that person: given to the person, its teacher and administrators; else null. */
  pushUrl: z.string().nullable(),
  pullUrl: z.string(),
  /** The transcoded low-definition stream. */
  lowPullUrl: z.string(),
});
export type StreamUrls = z.infer<typeof streamUrlsSchema>;

export const participantSchema = z.object({
  userId: z.string(),
  roomId: z.string(),
  role: participantRoleSchema,
  name: z.string(),
  /** Whether the person is in a room in progress: this one, or another of the exam that the caller may see. */
  hasRoomInProgress: z.boolean(),
  /** Time that the person has beyond the exam's end. */
  extraMinutes: z.int(),
  publishStatus: z.object({ main: publishStatusSchema, pc: publishStatusSchema }),
  streams: z.object({ main: streamUrlsSchema, pc: streamUrlsSchema }),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Participant = z.infer<typeof participantSchema>;

export const participantRef = z.object({ roomId: idSchema, userId: idSchema });

/** `role` absent: the examinees. */
export const listParticipantsInput = z.object({
  roomId: idSchema,
  role: optional(participantRoleSchema).transform((role) => role ?? "examinee"),
});

/** Time beyond the exam's end, in minutes: at most ten hours. */
export const extraMinutesSchema = wholeNumber(0, 600);

/** A person to be known by. */
export const newPersonSchema = z.object({
  userId: userIdSchema,
  name: label(64),
  role: participantRoleSchema,
});
const newParticipantSchema = newPersonSchema
  .extend({
    /** Absent: none, or for somebody who is there as it is. */
    extraMinutes: optional(extraMinutesSchema),
  })
  .refine(({ role, extraMinutes }) => role === "examinee" || !extraMinutes, {
    path: ["extraMinutes"],
    error: "are for examinees only",
  });
export type NewParticipant = z.infer<typeof newParticipantSchema>;

/** Finds whoever is in a list of people twice. */
export const eachOnce = (people: readonly { userId: string }[], context: z.RefinementCtx): void => {
  const seen = new Set<string>();
  people.forEach(({ userId }, index) => {
    if (seen.has(userId))
      context.addIssue({ code: "custom", path: [index, "userId"], message: `'${userId}' is there twice` });
    seen.add(userId);
  });
};

/** At most 500 people a call, each once. */
export const newParticipantsSchema = z
  .array(newParticipantSchema)
  .max(500, "must be at most 500")
  .superRefine(eachOnce);

export const addParticipantsInput = z.object({
  roomId: idSchema,
  participants: newParticipantsSchema.min(1, "must not be empty"),
});
export type AddParticipantsInput = z.infer<typeof addParticipantsInput>;
/** How many were new, how many had a name or extra minutes changed, and how many were there already as asked. */
export const addParticipantsResultSchema = z.object({ added: z.int(), updated: z.int(), unchanged: z.int() });
export type AddParticipantsResult = z.infer<typeof addParticipantsResultSchema>;

export const moveParticipantInput = z.object({ roomId: idSchema, userId: idSchema, toRoomId: idSchema });
export type MoveParticipantInput = z.infer<typeof moveParticipantInput>;

/** For administrators: also somebody with cheat records, which are then deleted. */
export const withRecordsInput = optional(z.boolean()).transform((value) => value ?? false);

export const removeParticipantInput = z.object({
  roomId: idSchema,
  userId: idSchema,
  withRecords: withRecordsInput,
});
export type RemoveParticipantInput = z.infer<typeof removeParticipantInput>;
/** How many cheat records were deleted. */
export const removedParticipantSchema = z.object({ records: z.int() });
export type RemovedParticipant = z.infer<typeof removedParticipantSchema>;

/**
 * People from a spreadsheet. The first row names the columns, in Chinese or English: 学号/考号/id, 姓名/name,
 * 考场/room, 角色/role, 加时/extra minutes; the first two are required, others are ignored.
 */
export const importParticipantsInput = z.object({
  examId: idSchema,
  /** The room of everybody whose row names none; absent: `exam.plan` seats them. */
  roomId: optional(idSchema),
  /** The file in base64: CSV (UTF-8, UTF-16 or GB18030; comma, tab or semicolon) or XLSX. At most 10 MiB. */
  file: z.base64("must be base64").min(1, "must not be empty").max(14_000_000, "must be at most 10 MiB"),
  /** Only says what would be done. */
  dryRun: optional(z.boolean()).transform((value) => value ?? false),
});
export type ImportParticipantsInput = z.infer<typeof importParticipantsInput>;

export const importResultSchema = z.object({
  /** Rows with a person. */
  rows: z.int(),
  added: z.int(),
  unchanged: z.int(),
  updated: z.int(),
  /** The first 1,000 of those who got another name or other extra minutes, as they were and as they are. */
  changes: z.array(
    z.object({
      row: z.int(),
      userId: z.string(),
      was: z.object({ name: z.string(), extraMinutes: z.int() }),
      is: z.object({ name: z.string(), extraMinutes: z.int() }),
    }),
  ),
  /** How many there are beyond these. */
  moreChanges: z.int(),
  /** Visible sheets of a workbook that hold something but no roster, and so were not read; absent where there are none. */
  unreadSheets: z.array(z.string()).optional(),
});
export type ImportResult = z.infer<typeof importResultSchema>;
