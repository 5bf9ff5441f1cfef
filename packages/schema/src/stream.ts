import { z } from "zod";
import { optional, pageSizeSchema, verbatimText, wholeNumber, withDefault } from "./common.js";
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
    time: wholeNumber(0, 253_402_300_799).describe("The time of the event, in seconds since 1970."),
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
    userId: optional(given.userId).describe("Only events of this person's cameras. Absent: of everybody's."),
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
