import { z } from "zod";
import { accountRoleSchema } from "./account.js";
import { optional } from "./common-parts.js";
import { found, given } from "./fields.js";
import { imServerSchema } from "./im.js";
import { participantRoleSchema } from "./participant.js";
import { roomStatusSchema } from "./room.js";

// Why a person cannot enter.

export const diagnoseInput = z
  .object({
    userId: given.userId,
    examId: optional(given.examId).describe(
      "The id of the exam. Absent: what belongs to no exam, for administrators only.",
    ),
  })
  .describe("Input of `participant.diagnose`.");
export type DiagnoseInput = z.infer<typeof diagnoseInput>;

/** What keeps the holder of a link or a code out of a room. */
export const obstacles = ["room_ended", "attempt_over", "exam_over", "no_public_url"] as const;
export type Obstacle = (typeof obstacles)[number];

const codeStateSchema = z.enum(["current", "outdated", "none"]);
export type CodeState = z.infer<typeof codeStateSchema>;

const diagnosedSeatSchema = z
  .object({
    roomId: found.roomId,
    roomName: z.string().describe("The name of the room."),
    roomStatus: roomStatusSchema,
    role: participantRoleSchema,
    generation: z.int().describe("How often the links of the seat were revoked."),
    codes: z
      .object({
        main: codeStateSchema.describe("Of the first or only page."),
        pc: codeStateSchema.optional().describe("Of the second page. Absent: the person has none."),
      })
      .describe(
        "The join codes of the seat: `current` if the last one leads into the room, `outdated` if links were revoked or the root secret has changed since it was made, `none` if none was made.",
      ),
    linksUntil: z.date().describe("When a link that is made now expires."),
    obstacles: z
      .array(z.enum(obstacles))
      .describe(
        "What keeps the person from entering with a good link or code: the room has ended, their attempt is over, the exam is over, or (for codes only) the installation has no public URL.",
      ),
  })
  .describe("A seat of the person, with what decides whether they can enter.");

export const diagnosisSchema = z
  .object({
    userId: found.userId,
    isUnseated: z.boolean().describe("Whether the person is in the exam, but has no room yet."),
    seats: z.array(diagnosedSeatSchema).describe("The rooms of the person that the caller may see."),
    account: z
      .object({
        role: accountRoleSchema,
        disabled: z.boolean().describe("Whether the account is barred from logging in."),
        sessions: z.int().describe("The number of sessions that have not ended."),
      })
      .optional()
      .describe("The account of the person. Absent if they have none, as candidates do."),
    refusals: z
      .array(
        z.object({
          time: z.date().describe("When the first of these calls was refused."),
          reason: z.string().describe("Why, as in the `outcome` of an entry of the audit."),
          procedure: z.string().describe("The procedure that was called."),
          times: z.int().describe("The number of calls."),
          roomId: z.string().optional().describe("The room that the calls were about. Absent: none."),
        }),
      )
      .describe(
        "The last 10 refusals in 7 days that the audit has of the person's calls in the exam, the newest first.",
      ),
    provider: z
      .object({
        messages: z.array(imServerSchema).describe("The message services that are configured."),
        streams: z.enum(["aliyun", "embedded"]).describe("What carries the streams."),
        canPublish: z.boolean().describe("Whether cameras can publish."),
      })
      .describe("The services of the installation."),
  })
  .describe("Output of `participant.diagnose`: what decides whether a person can enter.");
export type Diagnosis = z.infer<typeof diagnosisSchema>;
