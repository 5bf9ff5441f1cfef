// The numbers of messages, without zod: a page that only compares them does not load the schemas of signals.

/** The numbers of the signals, which are the vendor's. */
export const signalTypes = {
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
} as const;

/** Types above this number are free for messages of applications. */
export const LAST_RESERVED_TYPE = 30_000;

export type SignalName = keyof typeof signalTypes;

/** The name of the signal with this number, or undefined if there is none. */
export const signalName = (type: number): SignalName | undefined =>
  // Safe: the keys of the object are the signal names.
  (Object.keys(signalTypes) as SignalName[]).find((name) => signalTypes[name] === type);
