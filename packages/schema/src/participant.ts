import { z } from "zod";
import { idSchema, label, optional, userIdSchema } from "./common.js";

/** What a person can be in a room. */
export const participantRoleSchema = z.enum(["teacher", "inspector", "examinee"]);
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

/** A person's two cameras: the phone (`main`) and the PC. */
export const cameraSchema = z.enum(["main", "pc"]);
export type Camera = z.infer<typeof cameraSchema>;

export const publishStatusSchema = z.enum(["idle", "publishing", "stopped"]);
export type PublishStatus = z.infer<typeof publishStatusSchema>;

/** The signed URLs of one camera's stream. */
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
  /** Whether any room that the person is in is in progress. */
  hasRoomInProgress: z.boolean(),
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

const newParticipantSchema = z.object({
  userId: userIdSchema,
  name: label(64),
  role: participantRoleSchema,
});
export type NewParticipant = z.infer<typeof newParticipantSchema>;

/** At most 500 people a call, each once. */
export const newParticipantsSchema = z
  .array(newParticipantSchema)
  .max(500, "must be at most 500")
  .superRefine((people, context) => {
    const seen = new Set<string>();
    people.forEach((person, index) => {
      if (seen.has(person.userId)) {
        context.addIssue({
          code: "custom",
          path: [index, "userId"],
          message: `'${person.userId}' is there twice`,
        });
      }
      seen.add(person.userId);
    });
  });

export const addParticipantsInput = z.object({
  roomId: idSchema,
  participants: newParticipantsSchema.min(1, "must not be empty"),
});
export type AddParticipantsInput = z.infer<typeof addParticipantsInput>;
/** How many were new, how many had a name changed, and how many were there already as asked. */
export const addParticipantsResultSchema = z.object({ added: z.int(), updated: z.int(), unchanged: z.int() });
export type AddParticipantsResult = z.infer<typeof addParticipantsResultSchema>;
