import type { InvigilClient } from "@invigil/client";
import type { Camera } from "../app/entry.js";
import type { Picture } from "./devices.js";
import { applyLevel, entriesOf, isBad, sampleOf, sentOf } from "./quality.js";

/** How long the rate is measured, and how long a connection may take to begin, in milliseconds. */
const MEASURE_MS = 2000;
const BEGIN_MS = 8000;

/** A way to the media server. */
export interface Way {
  readonly transport: "udp" | "tcp";
  /** The rate at which the picture was sent, which depends on the picture, too. Undefined: there is no connection this way. */
  readonly kbps: number | undefined;
  /** Whether packets were lost, or the picture had to be made smaller. */
  readonly isSlow: boolean;
}
export type ConnectionResult = { readonly [Transport in Way["transport"]]: Way };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes the camera by one transport for some seconds, and measures what is sent. */
const measure = async (
  client: InvigilClient,
  stream: MediaStream,
  {
    roomId,
    camera,
    picture,
  }: { readonly roomId: string; readonly camera: Camera; readonly picture: Picture },
  transport: Way["transport"],
): Promise<Way> => {
  const none = { transport, kbps: undefined, isSlow: false };
  const { publish } = await import("@invigil/client/media");
  let onEnd: () => void = () => undefined;
  let onLive: () => void = () => undefined;
  const isLive = new Promise<boolean>((resolve) => {
    onLive = () => resolve(true);
    onEnd = () => resolve(false);
  });
  const streaming = publish(client, stream, {
    roomId,
    camera,
    isTest: true,
    transport,
    onChange({ state }) {
      if (state === "live") onLive();
      if (state === "ended") onEnd();
    },
  });
  const timer = setTimeout(onEnd, BEGIN_MS);
  try {
    if (!(await isLive)) return none;
    const { connection } = streaming;
    if (!connection) return none;
    await applyLevel(connection, 0, picture);
    const before = sentOf(await entriesOf(connection));
    await pause(MEASURE_MS);
    const entries = await entriesOf(connection);
    const after = sentOf(entries);
    const isWay = after.protocol === undefined || after.protocol === transport;
    const kbps = Math.round(((after.bytes - before.bytes) * 8) / MEASURE_MS);
    return { transport, kbps: isWay && kbps > 0 ? kbps : undefined, isSlow: isBad(sampleOf(entries)) };
  } catch {
    return none;
  } finally {
    clearTimeout(timer);
    streaming.stop();
  }
};

/** Tests the connection to the media server by UDP and by TCP, one after the other. */
export const testConnection = async (
  ...of: [InvigilClient, MediaStream, Parameters<typeof measure>[2]]
): Promise<ConnectionResult> => {
  const udp = await measure(...of, "udp");
  return { udp, tcp: await measure(...of, "tcp") };
};

export const verdictOf = ({ udp, tcp }: ConnectionResult): "passed" | "slow" | "blocked" => {
  const ways = [udp, tcp].filter(({ kbps }) => kbps !== undefined);
  if (ways.length === 0) return "blocked";
  return ways.every(({ isSlow }) => isSlow) ? "slow" : "passed";
};
