import { z } from "zod";
import { cheatConfigSchema } from "./cheat.js";
import { idSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { imServersSchema } from "./im.js";
import { newParticipantsSchema, participantRoleSchema } from "./participant.js";

/** The maximum number of examinees in a room that `exam.plan` creates. */
export const MAX_ROOM_EXAMINEES = 500;
/** The number of teachers and inspectors that the limits of messages allow for in a full room. */
const MAX_ROOM_STAFF = 100;
/** The number of logins in a full room. Every person has two: one for each camera. */
export const MAX_ROOM_LOGINS = 2 * (MAX_ROOM_EXAMINEES + MAX_ROOM_STAFF);
/**
 * The maximum number of bytes of one login in a JSON list: 64 for the login, its quotes (escaped in nested
 * JSON text), and a comma.
 */
export const MAX_LOGIN_BYTES = 80;

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
  /** The id of the room's group in the message services. Equal to the id of the room. */
  imGroupId: z.string(),
  /** The user id of the teacher who created the room. Examinees answer to them. */
  createTeacher: z.string(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Room = z.infer<typeof roomSchema>;

/** Output of `room.create` and `room.get`. */
export const roomWithCheatConfigSchema = roomSchema.extend({ cheatConfig: cheatConfigSchema.optional() });
export type RoomWithCheatConfig = z.infer<typeof roomWithCheatConfigSchema>;

export const roomRef = z.object({ roomId: idSchema });

/**
 * Input of `room.create`. Without `examId`, the call also creates an exam that has the name of the room and
 * starts in 30 minutes. Without `imServer`, the server uses `aliyun_old` if it is configured, otherwise
 * `aliyun_new`.
 */
export const createRoomInput = z.object({
  name: label(63),
  imServer: optional(imServersSchema),
  examId: optional(idSchema),
  participants: optional(newParticipantsSchema).transform((people) => people ?? []),
});
export type CreateRoomInput = z.infer<typeof createRoomInput>;

/** Input of `room.setAudioStatus`. */
export const setAudioStatusInput = z.object({ roomId: idSchema, audioStatus: audioStatusSchema });
export type SetAudioStatusInput = z.infer<typeof setAudioStatusInput>;

/** Input of `room.list`. Newest rooms first. `cursor` is the last room id of the previous page. */
export const listRoomsInput = z.object({
  examId: optional(idSchema),
  status: optional(roomStatusSchema),
  pageSize: pageSizeSchema(20),
  cursor: optional(idSchema),
});
export type ListRoomsInput = z.infer<typeof listRoomsInput>;

/** Output of `room.list`. `nextCursor` is absent on the last page. */
export const roomPageSchema = z.object({ rooms: z.array(roomSchema), nextCursor: z.string().optional() });
export type RoomPage = z.infer<typeof roomPageSchema>;

/** The maximum number of links in one `room.joinLinks` call. */
export const MAX_LINKS_PER_CALL = 1000;

/**
 * Input of `room.joinLinks`: the people of one room, or of all rooms of an exam. Absent `role`: people of
 * every role. Without `limit`, a call that would produce more than 1,000 links fails. With `limit`, the call
 * returns one page. The next page follows `after`, the last link of the previous page. A page with fewer
 * links than `limit` is the last one.
 */
export const joinLinksInput = z
  .object({
    roomId: optional(idSchema),
    examId: optional(idSchema),
    role: optional(participantRoleSchema),
    limit: optional(wholeNumber(1, MAX_LINKS_PER_CALL)),
    /** The last link of the previous page. */
    after: optional(z.object({ roomId: idSchema, userId: idSchema })),
  })
  .refine(({ roomId, examId }) => (roomId === undefined) !== (examId === undefined), {
    path: ["roomId"],
    error: "or examId is required, but not both",
  });
export type JoinLinksInput = z.infer<typeof joinLinksInput>;

/**
 * A link by which a person enters their room. The link contains a token, so whoever has it acts as that
 * person.
 */
export const joinLinkSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  roomId: z.string(),
  roomName: z.string(),
  /** The page of the watching app, or for an examinee the page for the phone. */
  url: z.string(),
  /** The page for the PC, for examinees only. */
  pcUrl: z.string().optional(),
  /** When the exam ends for this person, including their extra minutes. */
  examEndTime: z.date(),
  /** The `jti` of the token in the link, by which it can be revoked. */
  tokenId: z.string(),
  /** The expiry of that token. */
  expiresAt: z.date(),
});
export type JoinLink = z.infer<typeof joinLinkSchema>;

/**
 * A code with which a person enters their room: by its URL, or by typing it at `/j` of the server. Whoever has it acts as that person.
 * `room.joinCodes` takes the same input as `room.joinLinks`.
 */
export const joinCodeSchema = joinLinkSchema.omit({ tokenId: true }).extend({
  /** `XXXX-XXXX-XXXX`: the code of the watching app's page, or for an examinee of the page for the phone. */
  code: z.string(),
  /** The address that the code opens, short enough for a QR code that is easy to scan. */
  url: z.string(),
  /** The code of the page for the PC, and its address: for examinees only. */
  pcCode: z.string().optional(),
  pcUrl: z.string().optional(),
  /** When the code stops working. */
  expiresAt: z.date(),
});
export type JoinCode = z.infer<typeof joinCodeSchema>;

/**
 * Input of `room.revokeLinks`. `userIds` names at most 500 people. Absent: everybody in the room except the
 * caller.
 */
export const revokeLinksInput = z.object({
  roomId: idSchema,
  userIds: optional(z.array(idSchema).min(1, "must not be empty").max(500, "must be at most 500")),
});
export type RevokeLinksInput = z.infer<typeof revokeLinksInput>;

/**
 * A person whose links into the room were revoked. New tokens for them carry `generation` as the claim `gen`.
 */
export const revokedSeatSchema = z.object({ userId: z.string(), generation: z.int() });
export type RevokedSeat = z.infer<typeof revokedSeatSchema>;
