import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import {
  boundedList,
  instantSchema,
  optional,
  secondsSchema,
  verbatimText,
  wholeNumber,
  withDefault,
} from "./common-parts.js";
import { found, given, nextNumber } from "./fields.js";
import { cameraSchema } from "./participant.js";

export const streamActionSchema = z
  .enum(["publish", "publish_done"])
  .describe("Whether the camera started to publish, or stopped.");
export type StreamAction = z.infer<typeof streamActionSchema>;

export const streamSignatureSchema = z
  .object({
    timestamp: z
      .preprocess(
        (sent: string) => (typeof sent === "number" ? String(sent) : sent),
        z.string().regex(/^\d{1,12}$/, "must be seconds since 1970"),
      )
      .describe("The time of the signature, in seconds since 1970, at most five minutes off."),
    signature: z
      .string()
      .regex(/^[0-9a-f]{32}$/i, "must be 32 hexadecimal digits")
      .describe("The MD5 of `<push domain>|<timestamp>|<callback key>`, in hexadecimal."),
  })
  .describe("The headers by which the stream service authenticates its callback.");
export type StreamSignature = z.infer<typeof streamSignatureSchema>;

const originText = withDefault(verbatimText(1, 256), "");
const pixels = optional(wholeNumber(0, 65_535));
const IP = "The IP address that published the stream.";
const NODE = "The node of the stream service that received the stream.";
const WIDTH = "The width of the picture in pixels, which only the first report of a stream includes.";
const HEIGHT = "The height of the picture in pixels, which only the first report of a stream includes.";

export const reportStreamInput = streamSignatureSchema
  .extend({
    action: streamActionSchema,
    id: verbatimText(1, 256).describe("The name of the stream."),
    app: verbatimText(1, 253).describe("The push domain."),
    appname: verbatimText(1, 256).describe("The first segment of the stream's path."),
    time: secondsSchema.describe("The time of the event, in seconds since 1970."),
    ip: originText.describe(IP),
    node: originText.describe(NODE),
    width: pixels.describe(WIDTH),
    height: pixels.describe(HEIGHT),
  })
  .describe("Input of `stream.report`: an event with the field names of the stream service.");
export type ReportStreamInput = z.infer<typeof reportStreamInput>;

export const streamEventSchema = z
  .object({
    id: z.int().describe("The id of the event. It increases with every stored event."),
    roomId: found.roomId,
    userId: found.userId,
    camera: cameraSchema,
    action: streamActionSchema,
    eventTime: z
      .date()
      .describe(
        "The time of the event by the stream service's clock, in whole seconds. Events may arrive late and out of order.",
      ),
    ip: z.string().describe(`${IP} \`""\` if it was not reported.`),
    node: z.string().describe(`${NODE} \`""\` if it was not reported.`),
    width: z.int().optional().describe(WIDTH),
    height: z.int().optional().describe(HEIGHT),
    createdAt: z.date().describe("When the server received the event."),
  })
  .describe("An event of a camera's stream, as the stream service reported it. Each event is stored once.");
export type StreamEvent = z.infer<typeof streamEventSchema>;

export const listStreamEventsInput = z
  .object({
    roomId: given.roomId,
    userId: optional(given.userId).describe(
      "Only events of this person's cameras: if they sit the exam in the room, of all rooms of the exam. Absent: of everybody's in the room.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The last event id of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `stream.listEvents`.");
export type ListStreamEventsInput = z.infer<typeof listStreamEventsInput>;

export const streamEventPageSchema = z
  .object({
    events: z.array(streamEventSchema).describe("In the order of arrival, the newest first."),
    nextCursor: nextNumber,
  })
  .describe("Output of `stream.listEvents`.");
export type StreamEventPage = z.infer<typeof streamEventPageSchema>;

const token = z
  .string()
  .describe(
    "Goes with each request to the URL, as `Authorization: Bearer <token>`. It is valid for a minute.",
  );
const iceServers = z
  .array(z.object({ urls: z.array(z.string()).describe("The addresses of a STUN or TURN server.") }))
  .describe("The `iceServers` of the `RTCPeerConnection`. The embedded media server needs none.");
const expiresAt = z.date().describe("When the token expires. Media sessions that have begun by then go on.");

export const publishStreamInput = z
  .object({
    roomId: given.roomId,
    camera: withDefault(cameraSchema, "main").describe("The camera to publish. Absent: `main`."),
    isTest: withDefault(z.boolean(), false).describe(
      "Whether the stream only tests the connection: no caller can watch it, and its status is not recorded. Absent: `false`.",
    ),
  })
  .describe("Input of `stream.publish`.");
export type PublishStreamInput = z.infer<typeof publishStreamInput>;

export const publishGrantSchema = z
  .object({
    url: z.url().describe("Where to send an SDP offer by WHIP (RFC 9725)."),
    token,
    iceServers,
    expiresAt,
  })
  .describe("Output of `stream.publish`: the right to publish one's own camera.");
export type PublishGrant = z.infer<typeof publishGrantSchema>;

export const talkSchema = z
  .object({
    userId: found.userId,
    by: z.string().describe("The user id of the member of staff who talks."),
    since: z.date().describe("Since when they talk."),
    isHeard: z.boolean().describe("Whether the examinee's page plays it now, as it last reported."),
  })
  .describe("A member of staff talks to an examinee, whom alone they are heard by.");
export type Talk = z.infer<typeof talkSchema>;

export const talkInput = z
  .object({ roomId: given.roomId, userId: given.userId })
  .describe("Input of `stream.talk`: an examinee of the room.");
export const listenInput = z.object({ roomId: given.roomId }).describe("Input of `stream.listen`.");
export const reportHeardInput = z
  .object({
    roomId: given.roomId,
    since: instantSchema.describe("Which talk it is: its `since`."),
    isHeard: z
      .boolean()
      .describe(
        "Whether the page plays it: the time of its audio element moves, and its track is not muted.",
      ),
  })
  .describe("Input of `stream.reportHeard`.");
export type ReportHeardInput = z.infer<typeof reportHeardInput>;
export const listenGrantSchema = publishGrantSchema
  .extend({
    url: z
      .url()
      .describe("Where to send an SDP offer by WHEP. It answers 404 while no one talks to the person."),
  })
  .describe("Output of `stream.listen`: the right to hear who talks to oneself.");
export type ListenGrant = z.infer<typeof listenGrantSchema>;

export const listTalksInput = z
  .object({
    roomId: given.roomId,
    userId: optional(given.userId).describe(
      "Only talks with this person: if they sit the exam in the room, in all rooms of the exam. Absent: with everybody in the room.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `stream.listTalks`.");
export type ListTalksInput = z.infer<typeof listTalksInput>;
export const talkPageSchema = z
  .object({
    talks: z
      .array(
        z
          .object({
            id: z.int().describe("The id of the talk. It increases with every talk."),
            roomId: found.roomId,
            userId: found.userId,
            by: z.string().describe("The user id of the member of staff who talked."),
            startedAt: z.date().describe("When it began."),
            heardAt: z
              .date()
              .optional()
              .describe(
                "When it first played on the examinee's page. Absent: the page did not report that it played.",
              ),
            endedAt: z.date().optional().describe("When it ended. Absent: it goes on."),
          })
          .describe("A talk."),
      )
      .describe("The newest talks first."),
    nextCursor: nextNumber,
  })
  .describe("Output of `stream.listTalks`.");
export type TalkPage = z.infer<typeof talkPageSchema>;

/** The most people whose streams a call may ask for. */
const MAX_WATCHED = 100;
export const watchStreamsInput = z
  .object({
    roomId: given.roomId,
    userIds: boundedList(given.userId, MAX_WATCHED).describe("The examinees to watch."),
  })
  .describe("Input of `stream.watch`.");
export type WatchStreamsInput = z.infer<typeof watchStreamsInput>;

export const watchGrantsSchema = z
  .object({
    streams: z
      .array(
        z.object({
          userId: found.userId,
          camera: cameraSchema,
          url: z
            .url()
            .describe(
              "Where to send an SDP offer by WHEP. It answers 404 while the camera does not publish.",
            ),
          token,
          isPublished: z.boolean().describe("Whether the media server receives the camera now."),
        }),
      )
      .describe("Both cameras of each examinee, in the order of the input."),
    iceServers,
    expiresAt,
  })
  .describe("Output of `stream.watch`: the right to watch people's cameras.");
export type WatchGrants = z.infer<typeof watchGrantsSchema>;
