import type { SignalName } from "../shapes.js";

/**
 * The names of the signals, in the order of their numbers. The schemas would require zod, which a subscriber does not need because the
 * server has validated each message.
 */
const names = [
  "streamStopped",
  "streamPublished",
  "startCall",
  "endCall",
  "callConnected",
  "callDisconnected",
  "startLiveBroadcast",
  "liveBroadcastStarted",
  "stopLiveBroadcast",
  "liveBroadcastStopped",
  "endRoom",
  "broadcastAudio",
  "audioBroadcastStarted",
  "stopAudioBroadcast",
  "audioBroadcastStopped",
  "reset",
  "enteredRoom",
  "publishSucceeded",
  "publishFailed",
  "cheatDetected",
  "endUser",
  "userEnded",
] as const satisfies readonly SignalName[];
const FIRST_TYPE = 20_000;

/** The number of a signal. A signal that is missing above does not compile where this is called. */
export const typeOfSignal = (name: (typeof names)[number]): number => FIRST_TYPE + names.indexOf(name);

/** The name of the signal with this number, or undefined if there is none. */
export const nameOfType = (type: number): SignalName | undefined => names[type - FIRST_TYPE];
