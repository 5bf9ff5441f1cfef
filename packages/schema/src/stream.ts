import { z } from "zod";
import { idSchema, optional, pageSizeSchema, verbatimText, wholeNumber } from "./common.js";
import { cameraSchema } from "./participant.js";

/** What the stream service reports: a stream began, or it ended. */
export const streamActionSchema = z.enum(["publish", "publish_done"]);
export type StreamAction = z.infer<typeof streamActionSchema>;

/** With what the stream service shows that it is the one who calls: its headers. */
export const streamSignatureSchema = z.object({
  /** When it was made, in seconds since 1970. */
  timestamp: z.preprocess(
    (sent: string) => (typeof sent === "number" ? String(sent) : sent),
    z.string().regex(/^\d{1,12}$/, "must be seconds since 1970"),
  ),
  /** The MD5 of `<push domain>|<timestamp>|<callback key>`, in hexadecimal. */
  signature: z.string().regex(/^[0-9a-f]{32}$/i, "must be 32 hexadecimal digits"),
});
export type StreamSignature = z.infer<typeof streamSignatureSchema>;

/** A note for people about where something came from; `""` when it was not reported. */
const note = optional(verbatimText(1, 256)).transform((value) => value ?? "");
/** Reported the first time only. */
const pixels = optional(wholeNumber(0, 65_535));

/**
 * An event as the stream service names its parts. `usrargs`, the query of the push URL, is not read: it is a licence
 * to publish.
 */
export const reportStreamInput = streamSignatureSchema.extend({
  action: streamActionSchema,
  /** The stream's name. */
  id: verbatimText(1, 256),
  /** The push DOMAIN; the first segment of the stream's path is `appname`. */
  app: verbatimText(1, 253),
  appname: verbatimText(1, 256),
  /** When it happened, in seconds since 1970. */
  time: wholeNumber(0, 253_402_300_799),
  /** Where the stream was pushed from, and the service's node that took it. */
  ip: note,
  node: note,
  width: pixels,
  height: pixels,
});
export type ReportStreamInput = z.infer<typeof reportStreamInput>;

/** What the stream service reported about a camera: each event once. */
export const streamEventSchema = z.object({
  /** Grows with every event that comes. */
  id: z.int(),
  roomId: z.string(),
  userId: z.string(),
  camera: cameraSchema,
  action: streamActionSchema,
  /** When it happened, by the stream service's clock, to the second. Events may come late and out of order. */
  eventTime: z.date(),
  /** Where the stream was pushed from, and the service's node that took it; `""` where that was not reported. */
  ip: z.string(),
  node: z.string(),
  /** Of the picture, in pixels, where it was reported. */
  width: z.int().optional(),
  height: z.int().optional(),
  /** When it came. */
  createdAt: z.date(),
});
export type StreamEvent = z.infer<typeof streamEventSchema>;

/** `cursor` is the last id of the page before. */
export const listStreamEventsInput = z.object({
  roomId: idSchema,
  pageSize: pageSizeSchema(20),
  cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
});
export type ListStreamEventsInput = z.infer<typeof listStreamEventsInput>;

/** In the order in which they came, the last first. */
export const streamEventPageSchema = z.object({
  events: z.array(streamEventSchema),
  /** Absent when nothing older is left. */
  nextCursor: z.int().optional(),
});
export type StreamEventPage = z.infer<typeof streamEventPageSchema>;
