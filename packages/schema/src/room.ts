import { z } from "zod";
import { cheatConfigSchema } from "./cheat.js";
import { idSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { imServersSchema } from "./im.js";
import { newParticipantsSchema, participantRoleSchema } from "./participant.js";

/** Examinees in a room, at most, as `exam.plan` seats them. */
export const MAX_ROOM_EXAMINEES = 500;
/** Teachers and inspectors that the bounds on messages allow for beside the examinees of a full room. */
const MAX_ROOM_STAFF = 100;
/** Logins in a full room: everybody has two, `<id>` for the main page and `pc_<id>` for the PC's. */
export const MAX_ROOM_LOGINS = 2 * (MAX_ROOM_EXAMINEES + MAX_ROOM_STAFF);
/** Bytes that one login takes in a JSON list, at most: 64 for the longest, its quotes (escaped in a nested text), and a comma. */
export const LOGIN_BYTES = 80;

export const roomStatusSchema = z.enum(["in_progress", "ended"]);
export type RoomStatus = z.infer<typeof roomStatusSchema>;

/** Whether the teacher is speaking to the whole room. */
export const audioStatusSchema = z.enum(["silent", "speaking"]);
export type AudioStatus = z.infer<typeof audioStatusSchema>;

export const roomSchema = z.object({
  id: z.string(),
  name: z.string(),
  examId: z.string(),
  status: roomStatusSchema,
  audioStatus: audioStatusSchema,
  /** The room's group in the message services; equals the room's id. */
  imGroupId: z.string(),
  /** The user id of who made the room: the teacher that examinees answer to. */
  createTeacher: z.string(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Room = z.infer<typeof roomSchema>;

export const roomWithCheatConfigSchema = roomSchema.extend({ cheatConfig: cheatConfigSchema.optional() });
export type RoomWithCheatConfig = z.infer<typeof roomWithCheatConfigSchema>;

export const roomRef = z.object({ roomId: idSchema });

/**
 * Without `examId` an exam is made too, named after the room and starting in 30 minutes. Without `imServer` the server
 * chooses, as its settings are: `aliyun_old` where there is one, else `aliyun_new`.
 */
export const createRoomInput = z.object({
  name: label(63),
  imServer: optional(imServersSchema),
  examId: optional(idSchema),
  participants: optional(newParticipantsSchema).transform((people) => people ?? []),
});
export type CreateRoomInput = z.infer<typeof createRoomInput>;

export const setAudioStatusInput = z.object({ roomId: idSchema, audioStatus: audioStatusSchema });
export type SetAudioStatusInput = z.infer<typeof setAudioStatusInput>;

/** Newest first. `cursor` is the last id of the page before. */
export const listRoomsInput = z.object({
  examId: optional(idSchema),
  status: optional(roomStatusSchema),
  pageSize: pageSizeSchema(20),
  cursor: optional(idSchema),
});
export type ListRoomsInput = z.infer<typeof listRoomsInput>;

export const roomPageSchema = z.object({ rooms: z.array(roomSchema), nextCursor: z.string().optional() });
export type RoomPage = z.infer<typeof roomPageSchema>;

/** Links that a call makes at most. */
export const MAX_LINKS_PER_CALL = 1000;

/**
 * The people of one room, or of an exam's rooms; `role` absent: all of them. Without `limit` a call is refused that would make more
 * than 1,000 links. With it, it makes that many: the next page comes after the last link of the one before, and a page with fewer
 * links than `limit` is the last one.
 */
export const joinLinksInput = z
  .object({
    roomId: optional(idSchema),
    examId: optional(idSchema),
    role: optional(participantRoleSchema),
    limit: optional(wholeNumber(1, MAX_LINKS_PER_CALL)),
    /** The last link of the page before. */
    after: optional(z.object({ roomId: idSchema, userId: idSchema })),
  })
  .refine(({ roomId, examId }) => (roomId === undefined) !== (examId === undefined), {
    path: ["roomId"],
    error: "or examId is required, and not both",
  });
export type JoinLinksInput = z.infer<typeof joinLinksInput>;

/** How a person gets into its room. Who has the link is the person: it carries a token. */
export const joinLinkSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  roomId: z.string(),
  roomName: z.string(),
  /** The watching app's page, or for an examinee the phone's. */
  url: z.string(),
  /** The examinee's page on the PC. */
  pcUrl: z.string().optional(),
  /** When the exam ends for the person, its extra minutes counted in. */
  examEndTime: z.date(),
  /** The `jti` of the token in it, by which it can be revoked. */
  tokenId: z.string(),
  /** When that token expires. */
  expiresAt: z.date(),
});
export type JoinLink = z.infer<typeof joinLinkSchema>;

/** Whose links into a room are revoked: these people's, at most 500; absent: everybody's in the room but the caller's own. */
export const revokeLinksInput = z.object({
  roomId: idSchema,
  userIds: optional(z.array(idSchema).min(1, "must not be empty").max(500, "must be at most 500")),
});
export type RevokeLinksInput = z.infer<typeof revokeLinksInput>;

/** A seat whose links were revoked. Tokens that are made for it from now on carry its generation (the claim `gen`). */
export const revokedSeatSchema = z.object({ userId: z.string(), generation: z.int() });
export type RevokedSeat = z.infer<typeof revokedSeatSchema>;
