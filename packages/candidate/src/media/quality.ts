import type { Picture } from "./devices.js";

/** How the picture is sent. Each level needs about half of what the one before needs. */
const LEVELS = [
  { scale: 1, rate: 1, frames: 1 },
  { scale: 1.5, rate: 0.5, frames: 0.8 },
  { scale: 2, rate: 0.25, frames: 0.5 },
  { scale: 4, rate: 0.1, frames: 0.34 },
] as const;
export const LOWEST_LEVEL = LEVELS.length - 1;

/** The figures of a connection since the last look. */
export interface Sample {
  /** The share of packets that did not arrive. */
  readonly lost: number;
  /** Whether the encoder gets less than it may send. */
  readonly isStarved: boolean;
}
export interface Quality {
  readonly level: number;
  /** How many samples in a row were bad, or good. */
  readonly bad: number;
  readonly good: number;
}
export const BEST: Quality = { level: 0, bad: 0, good: 0 };

const MAX_LOST = 0.08;
const BAD_IN_A_ROW = 2;
const GOOD_IN_A_ROW = 6;

export const isBad = ({ lost, isStarved }: Sample): boolean => lost > MAX_LOST || isStarved;

/** Lowers the picture soon, before it stops, and raises it late. */
export const nextQuality = ({ level, bad, good }: Quality, sample: Sample): Quality => {
  if (isBad(sample)) {
    if (bad + 1 < BAD_IN_A_ROW) return { level, bad: bad + 1, good: 0 };
    return { level: Math.min(LOWEST_LEVEL, level + 1), bad: 0, good: 0 };
  }
  if (good + 1 < GOOD_IN_A_ROW) return { level, bad: 0, good: good + 1 };
  return { level: Math.max(0, level - 1), bad: 0, good: 0 };
};

/** Sets how the picture is sent. */
export const applyLevel = async (
  connection: RTCPeerConnection,
  level: number,
  { maxBitrate, frameRate }: Picture,
): Promise<void> => {
  const sender = connection.getSenders().find(({ track }) => track?.kind === "video");
  const { scale, rate, frames } = LEVELS[level] ?? LEVELS[0];
  const parameters = sender?.getParameters();
  const [encoding] = parameters?.encodings ?? [];
  if (!(sender && parameters && encoding)) return;
  encoding.maxBitrate = Math.round(maxBitrate * 1000 * rate);
  encoding.scaleResolutionDownBy = scale;
  encoding.maxFramerate = Math.max(2, Math.round(frameRate * frames));
  await sender.setParameters(parameters);
};

/** The parts of a statistics report that are used here. Browsers leave out what they do not know. */
interface Entry {
  readonly id: string;
  readonly type: string;
  readonly kind?: string;
  readonly bytesSent?: number;
  readonly fractionLost?: number;
  readonly qualityLimitationReason?: string;
  readonly selectedCandidatePairId?: string;
  readonly localCandidateId?: string;
  readonly protocol?: string;
  readonly currentRoundTripTime?: number;
}
export const entriesOf = async (connection: RTCPeerConnection): Promise<readonly Entry[]> => {
  const found: Entry[] = [];
  // Safe: every entry has an id and a type, and the others are optional.
  (await connection.getStats()).forEach((entry) => {
    found.push(entry as Entry);
  });
  return found;
};

export const sampleOf = (entries: readonly Entry[]): Sample => {
  const video = ({ kind }: Entry) => kind === "video";
  const lost = entries.find((entry) => entry.type === "remote-inbound-rtp" && video(entry))?.fractionLost;
  const outbound = entries.find((entry) => entry.type === "outbound-rtp" && video(entry));
  return { lost: lost ?? 0, isStarved: outbound?.qualityLimitationReason === "bandwidth" };
};

/** The bytes of pictures and sound that were sent, and by which protocol. */
export const sentOf = (
  entries: readonly Entry[],
): { readonly bytes: number; readonly protocol: string | undefined } => {
  const pairId = entries.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const localId = entries.find(({ id }) => id === pairId)?.localCandidateId;
  return {
    bytes: entries.reduce(
      (sum, { type, bytesSent = 0 }) => sum + (type === "outbound-rtp" ? bytesSent : 0),
      0,
    ),
    protocol: entries.find(({ id }) => id === localId)?.protocol,
  };
};
