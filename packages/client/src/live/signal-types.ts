import type { SignalName, Signals, SignalType } from "../shapes.js";

/**
 * The numbers of the signals. The schemas would require zod, which a subscriber does not need because the
 * server has validated each message.
 */
export const signalTypes: { readonly [Name in SignalName]: Signals[Name]["type"] } = {
  streamStopped: 20_000,
  streamPublished: 20_001,
  startCall: 20_002,
  endCall: 20_003,
  callConnected: 20_004,
  callDisconnected: 20_005,
  startLiveBroadcast: 20_006,
  liveBroadcastStarted: 20_007,
  stopLiveBroadcast: 20_008,
  liveBroadcastStopped: 20_009,
  endRoom: 20_010,
  broadcastAudio: 20_011,
  audioBroadcastStarted: 20_012,
  stopAudioBroadcast: 20_013,
  audioBroadcastStopped: 20_014,
  reset: 20_015,
  enteredRoom: 20_016,
  publishSucceeded: 20_017,
  publishFailed: 20_018,
  cheatDetected: 20_019,
  endUser: 20_020,
  userEnded: 20_021,
};

const names = new Map<number, SignalName>(
  // Safe: the keys are the signal names.
  (Object.entries(signalTypes) as [SignalName, SignalType][]).map(([name, type]) => [type, name]),
);

/** The name of the signal with this number, or undefined if there is none. */
export const nameOfType = (type: number): SignalName | undefined => names.get(type);
