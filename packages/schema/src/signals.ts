import { z } from "zod";
import { idSchema } from "./common.js";

// The messages that the vendor's apps exchange in a room's group, as they number and read them.

const aboutUser = z.object({ userId: idSchema });
const command = z.object({
  /** Pairs a command with its answers: whoever repeats a command repeats its id. */
  sid: z.string().min(1).max(128),
  /** Whom it is for; everybody in the group when absent. */
  receiverIdList: z.array(idSchema).optional(),
});

const signal = <Type extends number, Data extends z.ZodType>(
  type: Type,
  sender: "server" | "client",
  data: Data,
) => ({
  type,
  sender,
  data,
});

/**
 * Every signal by its name: its number, who sends it, and what its `data` (a JSON text on the wire) holds.
 * Numbers above 30000 are free for apps of one's own.
 */
export const signals = {
  streamStopped: signal(20_000, "server", aboutUser),
  streamPublished: signal(20_001, "server", aboutUser),
  startCall: signal(20_002, "client", command),
  endCall: signal(20_003, "client", command),
  callConnected: signal(20_004, "client", command),
  callDisconnected: signal(20_005, "client", command),
  startLiveBroadcast: signal(20_006, "client", command),
  liveBroadcastStarted: signal(20_007, "client", command),
  stopLiveBroadcast: signal(20_008, "client", command),
  liveBroadcastStopped: signal(20_009, "client", command),
  endRoom: signal(20_010, "client", command),
  broadcastAudio: signal(20_011, "client", command),
  audioBroadcastStarted: signal(20_012, "client", command),
  stopAudioBroadcast: signal(20_013, "client", command),
  audioBroadcastStopped: signal(20_014, "client", command),
  reset: signal(20_015, "client", command),
  enteredRoom: signal(20_016, "client", command),
  publishSucceeded: signal(20_017, "client", command),
  publishFailed: signal(20_018, "client", command),
  cheatDetected: signal(20_019, "client", command),
  endUser: signal(20_020, "client", command),
  userEnded: signal(20_021, "client", command),
} as const;
