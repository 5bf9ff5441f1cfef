// Reports of the stream service about cameras, signed as the vendor signs them.
import { createHash } from "node:crypto";

const PUSH_DOMAIN = "push.example";
const KEY = "the callback key of the benchmark";

export const streamSettings = {
  INVIGIL_STREAM_PUSH_DOMAIN: PUSH_DOMAIN,
  INVIGIL_STREAM_PUSH_KEY: "the push key of the benchmark",
  INVIGIL_STREAM_PULL_DOMAIN: "pull.example",
  INVIGIL_STREAM_PULL_KEY: "the pull key of the benchmark",
  INVIGIL_STREAM_CALLBACK_KEY: KEY,
};

/** The request that reports what happened to a stream. @param {{ action: "publish" | "publish_done", time: number }} what `time` in seconds */
export const streamReport = (id, { action, time }) => {
  const now = Math.floor(Date.now() / 1000);
  const signature = createHash("md5").update(`${PUSH_DOMAIN}|${now}|${KEY}`).digest("hex");
  const query = { action, ip: "203.0.113.7", id, app: PUSH_DOMAIN, appname: "exam", time, node: "node1" };
  return {
    method: "GET",
    path: `/exam/userAct?${new URLSearchParams(query)}`,
    headers: { "ALI-LIVE-TIMESTAMP": String(now), "ALI-LIVE-SIGNATURE": signature },
  };
};
