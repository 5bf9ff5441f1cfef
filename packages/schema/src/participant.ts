import { z } from "zod";
import { idSchema, label, optional, userIdSchema, wholeNumber } from "./common.js";
import { cameras } from "./login.js";

/** The roles of people in a room. */
export const participantRoleSchema = z.enum(["teacher", "inspector", "examinee"]);
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

export const cameraSchema = z.enum(cameras);

export const publishStatusSchema = z.enum(["idle", "publishing", "stopped"]);
export type PublishStatus = z.infer<typeof publishStatusSchema>;

/**
 * The signed URLs of a camera's stream. They stay the same for a minute, and are valid for the configured
 * lifetime (`INVIGIL_STREAM_TTL_SECONDS`) plus at most one minute.
 */
export const streamUrlsSchema = z.object({
  /**
   * Authorizes publishing as this person. Only the person, their teacher and administrators receive it. Null
   * for other callers.
   */
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
  /**
   * Whether the person is in a room in progress: this one, or another room of the exam that the caller can
   * see.
   */
  hasRoomInProgress: z.boolean(),
  /** How many minutes after the exam's end the person may continue. */
  extraMinutes: z.int(),
  publishStatus: z.object({ main: publishStatusSchema, pc: publishStatusSchema }),
  streams: z.object({ main: streamUrlsSchema, pc: streamUrlsSchema }),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Participant = z.infer<typeof participantSchema>;

export const participantRef = z.object({ roomId: idSchema, userId: idSchema });

/** Input of `participant.list`. Default of `role`: examinees. */
export const listParticipantsInput = z.object({
  roomId: idSchema,
  role: optional(participantRoleSchema).transform((role) => role ?? "examinee"),
});

/** The minutes that a person may continue after the exam's end: 0 to 600. */
export const extraMinutesSchema = wholeNumber(0, 600);

/** The identity of a person in a request. */
export const newPersonSchema = z.object({
  userId: userIdSchema,
  name: label(64),
  role: participantRoleSchema,
});
const newParticipantSchema = newPersonSchema
  .extend({
    /** Default: 0 for a new person, the current value for an existing one. */
    extraMinutes: optional(extraMinutesSchema),
  })
  .refine(({ role, extraMinutes }) => role === "examinee" || !extraMinutes, {
    path: ["extraMinutes"],
    error: "are for examinees only",
  });
export type NewParticipant = z.infer<typeof newParticipantSchema>;

/** Reports every user id that occurs more than once. */
export const rejectDuplicates = (people: readonly { userId: string }[], context: z.RefinementCtx): void => {
  const seen = new Set<string>();
  people.forEach(({ userId }, index) => {
    if (seen.has(userId))
      context.addIssue({ code: "custom", path: [index, "userId"], message: `'${userId}' occurs twice` });
    seen.add(userId);
  });
};

/** People to add: at most 500 per call, each of them once. */
export const newParticipantsSchema = z
  .array(newParticipantSchema)
  .max(500, "must be at most 500")
  .superRefine(rejectDuplicates);

/** Input of `participant.add`. */
export const addParticipantsInput = z.object({
  roomId: idSchema,
  participants: newParticipantsSchema.min(1, "must not be empty"),
});
export type AddParticipantsInput = z.infer<typeof addParticipantsInput>;
/**
 * Output of `participant.add`: how many people were added, had their name or extra minutes changed, or were
 * already there as requested.
 */
export const addParticipantsResultSchema = z.object({ added: z.int(), updated: z.int(), unchanged: z.int() });
export type AddParticipantsResult = z.infer<typeof addParticipantsResultSchema>;

/** Input of `participant.move`. */
export const moveParticipantInput = z.object({ roomId: idSchema, userId: idSchema, toRoomId: idSchema });
export type MoveParticipantInput = z.infer<typeof moveParticipantInput>;

/** Whether to remove a person who has cheat records, and delete those records. For administrators only. */
export const withRecordsInput = optional(z.boolean()).transform((value) => value ?? false);

/** Input of `participant.remove`. */
export const removeParticipantInput = z.object({
  roomId: idSchema,
  userId: idSchema,
  withRecords: withRecordsInput,
});
export type RemoveParticipantInput = z.infer<typeof removeParticipantInput>;
/** Output of `participant.remove`: how many cheat records were deleted. */
export const removedParticipantSchema = z.object({ records: z.int() });
export type RemovedParticipant = z.infer<typeof removedParticipantSchema>;

/**
 * Input of `participant.import`, which imports people from a spreadsheet. The first row has the column names,
 * in Chinese or English: 学号/考号/id, 姓名/name, 考场/room, 角色/role, 加时/extra minutes. The first two columns are
 * required. Other columns are ignored.
 */
export const importParticipantsInput = z.object({
  examId: idSchema,
  /** The room of people whose row names none. Absent: they have no room until `exam.plan` assigns one. */
  roomId: optional(idSchema),
  /**
   * The file in base64: CSV (UTF-8, UTF-16 or GB18030, with commas, tabs or semicolons) or XLSX. At most 10
   * MiB.
   */
  file: z.base64("must be base64").min(1, "must not be empty").max(14_000_000, "must be at most 10 MiB"),
  /** Whether to only report the changes. */
  dryRun: optional(z.boolean()).transform((value) => value ?? false),
});
export type ImportParticipantsInput = z.infer<typeof importParticipantsInput>;

/** Output of `participant.import`. */
export const importResultSchema = z.object({
  /** The number of rows that contain a person. */
  rows: z.int(),
  added: z.int(),
  unchanged: z.int(),
  updated: z.int(),
  /** The first 1,000 people whose name or extra minutes changed, with the old and the new values. */
  changes: z.array(
    z.object({
      row: z.int(),
      userId: z.string(),
      was: z.object({ name: z.string(), extraMinutes: z.int() }),
      is: z.object({ name: z.string(), extraMinutes: z.int() }),
    }),
  ),
  /** The number of changes that are not listed. */
  moreChanges: z.int(),
  /**
   * The visible sheets of a workbook that are not empty but have no roster header, and were not imported.
   * Absent if there are none.
   */
  unreadSheets: z.array(z.string()).optional(),
  /**
   * The first 100 ids that may have lost zeros in a spreadsheet: of another length than nearly all others, or numbers among texts. They
   * were imported nevertheless. Absent if there are none.
   */
  warnings: z
    .array(
      z.object({
        row: z.int(),
        /** The header of the column, as it is in the file. */
        column: z.string(),
        value: z.string(),
        /** The name of the person. */
        person: z.string(),
        reason: z.string(),
      }),
    )
    .optional(),
  /** The number of warnings that are not listed. Absent if there are no warnings. */
  moreWarnings: z.int().optional(),
});
export type ImportResult = z.infer<typeof importResultSchema>;
