import { z } from "zod";
import { cheatConfigSchema } from "./cheat.js";
import { pageSizeSchema } from "./common.js";
import { idSchema, label, optional, verbatimText, wholeNumber, withDefault } from "./common-parts.js";
import { found, given, nextText, personName, times } from "./fields.js";
import { getImTokenInput } from "./im.js";
import { newParticipantSchema, participantRoleSchema } from "./participant.js";
import { eachOnce } from "./participant-parts.js";

/** The maximum number of examinees in a room that `exam.plan` creates. */
export const MAX_ROOM_EXAMINEES = 500;
export const roomStatusSchema = z
  .enum(["in_progress", "ended"])
  .describe("Whether the room is in progress or has ended.");
export type RoomStatus = z.infer<typeof roomStatusSchema>;

export const audioStatusSchema = z
  .enum(["silent", "speaking"])
  .describe("Whether the teacher is speaking to the whole room.");
export type AudioStatus = z.infer<typeof audioStatusSchema>;

export const roomSchema = z
  .object({
    id: z.string().describe("The id of the room."),
    name: z.string().describe("The name of the room."),
    examId: z.string().describe("The id of the exam to which the room belongs."),
    status: roomStatusSchema,
    audioStatus: audioStatusSchema,
    imGroupId: z
      .string()
      .describe("The id of the room's group in the message services. Equal to the id of the room."),
    createTeacher: z
      .string()
      .describe("The user id of the teacher who created the room. Examinees answer to them."),
    ...times,
  })
  .describe("A group of people in one exam who are watched together.");
export type Room = z.infer<typeof roomSchema>;

export const roomWithCheatConfigSchema = roomSchema
  .extend({
    cheatConfig: cheatConfigSchema
      .optional()
      .describe("The cheat config of the room's exam. Absent if it has none."),
  })
  .describe("A room, and the cheat config of its exam.");
export type RoomWithCheatConfig = z.infer<typeof roomWithCheatConfigSchema>;

export const roomRef = z.object({ roomId: given.roomId }).describe("Names a room.");

export const createRoomInput = z
  .object({
    name: label(63).describe("The name of the room, on one line, without white space at its ends."),
    imServer: getImTokenInput.shape.imServer.describe(
      "The message services that the room uses. Absent: `aliyun_old` if it is configured, otherwise `aliyun_new`.",
    ),
    examId: optional(given.examId).describe(
      "The exam to which the room belongs. Absent: a new one, which has the name of the room and starts in 30 minutes.",
    ),
    participants: withDefault(
      eachOnce(newParticipantSchema, 500).describe("The people to add, each of them once."),
      [],
    ),
  })
  .describe("Input of `room.create`.");
export type CreateRoomInput = z.infer<typeof createRoomInput>;

const roomOfExam = { examId: given.examId, roomId: given.roomId };
export const renameRoomInput = z
  .object({ ...roomOfExam, name: createRoomInput.shape.name })
  .describe("Input of `room.rename`.");
export type RenameRoomInput = z.infer<typeof renameRoomInput>;

export const deleteRoomInput = z.object(roomOfExam).describe("Input of `room.delete`.");

export const setTeacherInput = z
  .object({
    ...roomOfExam,
    userId: given.userId.describe(
      "The user id of a teacher of the exam, in any of its rooms or without one.",
    ),
  })
  .describe("Input of `room.setTeacher`.");
export type SetTeacherInput = z.infer<typeof setTeacherInput>;

export const setAudioStatusInput = z
  .object({ roomId: given.roomId, audioStatus: audioStatusSchema })
  .describe("Input of `room.setAudioStatus`.");
export type SetAudioStatusInput = z.infer<typeof setAudioStatusInput>;

export const listRoomsInput = z
  .object({
    examId: optional(given.examId).describe("Only rooms of this exam. Absent: of every exam."),
    status: optional(roomStatusSchema).describe("Only rooms with this status. Absent: all."),
    pageSize: pageSizeSchema(20),
    cursor: optional(idSchema).describe("The last room id of the previous page. Absent: the first page."),
  })
  .describe("Input of `room.list`.");
export type ListRoomsInput = z.infer<typeof listRoomsInput>;

export const roomPageSchema = z
  .object({
    rooms: z.array(roomSchema).describe("The newest rooms first."),
    nextCursor: nextText,
  })
  .describe("Output of `room.list`.");
export type RoomPage = z.infer<typeof roomPageSchema>;

/** The maximum number of links in one `room.joinLinks` call. */
export const MAX_LINKS_PER_CALL = 1000;

export const joinLinksInput = z
  .object({
    roomId: optional(given.roomId).describe(
      "The room whose people get links. Absent: `examId` names the exam.",
    ),
    examId: optional(given.examId).describe(
      "The exam whose people get links, in all of its rooms. Absent: `roomId` names the room.",
    ),
    role: optional(participantRoleSchema).describe("Only people in this role. Absent: in every role."),
    limit: optional(wholeNumber(1, MAX_LINKS_PER_CALL)).describe(
      `The number of links per page. A page with fewer links is the last one. Absent: all links, and the call fails if they are more than ${MAX_LINKS_PER_CALL}.`,
    ),
    after: optional(z.object({ roomId: given.roomId, userId: given.userId })).describe(
      "The last link of the previous page. Absent: the first page.",
    ),
  })
  .refine(({ roomId, examId }) => (roomId === undefined) !== (examId === undefined), {
    path: ["roomId"],
    error: "or examId is required, but not both",
  })
  .describe(
    "Input of `room.joinLinks` and `room.joinCodes`: either a room, or an exam with all of its rooms.",
  );
export type JoinLinksInput = z.infer<typeof joinLinksInput>;

const FIRST_PAGE =
  "of an examinee the page of their first camera: that of the device at which they sit, or in the vendor's apps the phone's";
const SECOND_PAGE = "The page of an examinee's second camera, or in the vendor's apps that for the PC.";
const NO_SECOND_PAGE =
  "Absent: the person has none. Examinees of an exam with one camera have none on the candidate's page.";

export const joinLinkSchema = z
  .object({
    userId: found.userId,
    name: personName,
    role: participantRoleSchema,
    roomId: found.roomId,
    roomName: z.string().describe("The name of the room."),
    url: z.string().describe(`The page of the watching app, or ${FIRST_PAGE}.`),
    pcUrl: z.string().optional().describe(`${SECOND_PAGE} ${NO_SECOND_PAGE}`),
    examEndTime: z.date().describe("When the exam ends for this person, including their extra minutes."),
    tokenId: z.string().describe("The `jti` of the token in the link, by which it can be revoked."),
    expiresAt: z.date().describe("When that token expires."),
  })
  .describe(
    "A link by which a person enters their room. The link contains a token, so anyone who has it can act as that person.",
  );
export type JoinLink = z.infer<typeof joinLinkSchema>;

export const joinCodeSchema = joinLinkSchema
  .omit({ tokenId: true })
  .extend({
    code: z.string().describe("`XXXX-XXXX-XXXX`: the code of `url`, to be typed."),
    url: z
      .string()
      .describe("The address that the code opens, short enough for a QR code that is easy to scan."),
    pcCode: z.string().optional().describe("The code of `pcUrl`. Absent: there is no `pcUrl`."),
    pcUrl: z.string().optional().describe(`The address of the code of the second page. ${NO_SECOND_PAGE}`),
    expiresAt: z.date().describe("When the code stops working."),
  })
  .describe(
    "A code with which a person enters their room: by its URL, or by typing it at `/j` of the server. Anyone who has it can act as that person.",
  );
export type JoinCode = z.infer<typeof joinCodeSchema>;

export const linkOfCodeInput = z
  .object({
    code: verbatimText(1, 64).describe(
      "The join code as it is printed or typed: capital letters, spaces and hyphens do not matter.",
    ),
  })
  .describe("Input of `room.linkOfCode`.");
export type LinkOfCodeInput = z.infer<typeof linkOfCodeInput>;

export const linkOfCodeSchema = z
  .object({
    url: z
      .string()
      .describe(
        "The address of the web app to which the page of the code leads, with a new token. Anyone who has it can act as the person.",
      ),
  })
  .describe("Output of `room.linkOfCode`.");
export type LinkOfCode = z.infer<typeof linkOfCodeSchema>;

/** The maximum number of cards in one `exam.cards` call. */
export const MAX_CARDS_PER_CALL = 500;

export const cardsInput = z
  .object({
    examId: given.examId,
    roomId: optional(given.roomId).describe("Only cards of people in this room. Absent: in every room."),
    role: optional(participantRoleSchema).describe("Only people in this role. Absent: in every role."),
    userIds: optional(
      z
        .array(idSchema)
        .min(1, "must not be empty")
        .max(MAX_CARDS_PER_CALL, `must be at most ${MAX_CARDS_PER_CALL}`),
    ).describe("Only these people. Absent: everybody."),
    as: optional(z.enum(["codes", "links"])).describe(
      "Whether the cards have join codes, which can be typed, or links. Absent: codes if the server has them, otherwise links.",
    ),
    withQr: withDefault(z.boolean(), true).describe("Whether the cards have QR codes."),
    limit: withDefault(wholeNumber(1, MAX_CARDS_PER_CALL), 100).describe("The number of cards per page."),
    after: optional(z.object({ roomId: given.roomId, userId: given.userId })).describe(
      "`next` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `exam.cards`.");
export type CardsInput = z.infer<typeof cardsInput>;

const qrSchema = z
  .object({
    size: z.int().describe("The width and the height, with the white border that scanners need."),
    path: z
      .string()
      .describe(
        'The `d` of an SVG `<path>` with `viewBox="0 0 <size> <size>"`, to be stroked one unit wide in black on white.',
      ),
  })
  .describe("A QR code as a picture.");

const cardSchema = joinLinkSchema
  .extend({
    url: z.string().describe("The address of the code, or the link: of an examinee, for their first camera."),
    tokenId: z
      .string()
      .optional()
      .describe("The `jti` of the token in the link, by which it can be revoked. Absent with a code."),
    expiresAt: z.date().describe("When the code or the link stops working."),
    code: z.string().optional().describe("`XXXX-XXXX-XXXX`: the code to type. Absent with links."),
    pcCode: z
      .string()
      .optional()
      .describe("The code of `pcUrl`. Absent with links, and without a second page."),
    qr: qrSchema.optional().describe("`url` as a QR code. Absent without `withQr`."),
    pcQr: qrSchema
      .optional()
      .describe("`pcUrl` as a QR code. Absent with links, without a second page, and without `withQr`."),
  })
  .describe(
    "What a person needs to enter a room, to be printed or mailed. Anyone who has it can act as that person.",
  );
export type Card = z.infer<typeof cardSchema>;

export const cardPageSchema = z
  .object({
    as: z.enum(["codes", "links"]).describe("Whether the cards have codes or links."),
    cards: z
      .array(cardSchema)
      .describe(
        "By room, oldest first; in a room teachers, inspectors, examinees; and in the order in which they were added. Examinees of ended rooms have none.",
      ),
    next: z
      .object({ roomId: found.roomId, userId: found.userId })
      .optional()
      .describe("Send it as `after` to get the next page. Absent on the last page."),
  })
  .describe("Output of `exam.cards`.");
export type CardPage = z.infer<typeof cardPageSchema>;

export const revokeLinksInput = z
  .object({
    roomId: given.roomId,
    userIds: optional(z.array(idSchema).min(1, "must not be empty").max(500, "must be at most 500")).describe(
      "The people whose links are revoked. Absent: everybody in the room except the caller.",
    ),
  })
  .describe("Input of `room.revokeLinks`.");
export type RevokeLinksInput = z.infer<typeof revokeLinksInput>;

export const revokedSeatSchema = z
  .object({
    userId: found.userId,
    generation: z
      .int()
      .describe(
        "How many times the links of this person into the room have been revoked. New tokens for them carry it as the claim `gen`.",
      ),
  })
  .describe("A person whose links into the room were revoked.");
export type RevokedSeat = z.infer<typeof revokedSeatSchema>;
