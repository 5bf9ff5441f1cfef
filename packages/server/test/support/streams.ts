import { createHash } from "node:crypto";
import { streamName } from "../../src/providers/stream-name.js";
import { kept } from "./secrets.js";

// Helpers for tests that call the stream service's callback only incidentally.

const KEY = kept("callback");
const PUSH_DOMAIN = "push.example";

/** Settings with which the server accepts reports. */
export const STREAM_CONFIG = {
  streams: {
    domains: {
      pushDomain: PUSH_DOMAIN,
      pushKey: "push-key",
      pullDomain: "pull.example",
      pullKey: "pull-key",
    },
    app: "exam",
    ttlSeconds: 604_800,
    transcodeSuffix: "_240p",
  },
  streamCallbackKey: KEY,
};

/** A signature with the time of the test apps' fixed clock. */
export const streamSignature = (at = new Date("2026-01-02T03:04:05Z")) => {
  const timestamp = String(at.getTime() / 1000);
  const signature = createHash("md5").update(`${PUSH_DOMAIN}|${timestamp}|${KEY}`).digest("hex");
  return { timestamp, signature };
};

/** The headers of a signed request. */
export const streamHeaders = (at?: Date): Record<string, string> => {
  const { timestamp, signature } = streamSignature(at);
  return { "ali-live-timestamp": timestamp, "ali-live-signature": signature };
};

/** A report about a person's phone camera, with the field names of the stream service. Those with a greater `n` are newer. */
export const streamReport = (room: { id: string; examId: string }, userId: string, n = 0) => ({
  action: "publish" as const,
  id: streamName({ examId: room.examId, roomId: room.id, userId, camera: "main" }),
  app: PUSH_DOMAIN,
  appname: "exam",
  time: 1_767_323_000 + n,
  ip: "203.0.113.7",
  node: "node1",
});
