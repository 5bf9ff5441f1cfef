import { z } from "zod";
import { idSchema, optional, pageSizeSchema, verbatimText, wholeNumber } from "./common.js";
import { cameraSchema } from "./participant.js";

/** The stream events: a camera started publishing, or stopped. */
export const streamActionSchema = z.enum(["publish", "publish_done"]);
export type StreamAction = z.infer<typeof streamActionSchema>;

/** The headers by which the stream service authenticates its callback. */
export const streamSignatureSchema = z.object({
  /** The time of the signature, in seconds since 1970. */
  timestamp: z.preprocess(
    (sent: string) => (typeof sent === "number" ? String(sent) : sent),
    z.string().regex(/^\d{1,12}$/, "must be seconds since 1970"),
  ),
  /** The MD5 of `<push domain>|<timestamp>|<callback key>`, in hexadecimal. */
  signature: z.string().regex(/^[0-9a-f]{32}$/i, "must be 32 hexadecimal digits"),
});
export type StreamSignature = z.infer<typeof streamSignatureSchema>;

/** Informational text about the origin of a stream. `""` if it was not reported. */
const originText = optional(verbatimText(1, 256)).transform((value) => value ?? "");
/** Only the first report of a stream includes the size. */
const pixels = optional(wholeNumber(0, 65_535));

/**
 * Input of `stream.report`: an event with the field names of the stream service. `usrargs`, the query string
 * of the push URL, is ignored because it authorizes publishing.
 */
export const reportStreamInput = streamSignatureSchema.extend({
  action: streamActionSchema,
  /** The name of the stream. */
  id: verbatimText(1, 256),
  /** The push domain. (The first segment of the stream's path is `appname`.) */
  app: verbatimText(1, 253),
  appname: verbatimText(1, 256),
  /** The time of the event, in seconds since 1970. */
  time: wholeNumber(0, 253_402_300_799),
  /** The IP address that published the stream, and the node of the service that received it. */
  ip: originText,
  node: originText,
  width: pixels,
  height: pixels,
});
export type ReportStreamInput = z.infer<typeof reportStreamInput>;

/** An event of a camera's stream, as the stream service reported it. Each event is stored once. */
export const streamEventSchema = z.object({
  /** Increases with every stored event. */
  id: z.int(),
  roomId: z.string(),
  userId: z.string(),
  camera: cameraSchema,
  action: streamActionSchema,
  /**
   * The time of the event by the stream service's clock, in whole seconds. Events may arrive late and out of
   * order.
   */
  eventTime: z.date(),
  /**
   * The IP address that published the stream, and the node of the service that received it. `""` if not
   * reported.
   */
  ip: z.string(),
  node: z.string(),
  /** The size of the picture in pixels, if it was reported. */
  width: z.int().optional(),
  height: z.int().optional(),
  /** The time at which the server received the event. */
  createdAt: z.date(),
});
export type StreamEvent = z.infer<typeof streamEventSchema>;

/** Input of `stream.listEvents`. `cursor` is the last event id of the previous page. */
export const listStreamEventsInput = z.object({
  roomId: idSchema,
  pageSize: pageSizeSchema(20),
  cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
});
export type ListStreamEventsInput = z.infer<typeof listStreamEventsInput>;

/** Output of `stream.listEvents`, in the order of arrival, newest first. */
export const streamEventPageSchema = z.object({
  events: z.array(streamEventSchema),
  /** Absent on the last page. */
  nextCursor: z.int().optional(),
});
export type StreamEventPage = z.infer<typeof streamEventPageSchema>;
