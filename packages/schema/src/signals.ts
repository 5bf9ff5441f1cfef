import { z } from "zod";
import type { Role } from "./auth.js";
import { idSchema, optional } from "./common-parts.js";
import type { JsonObject } from "./json.js";
import { type SignalName, signalName, signalTypes } from "./signal-types.js";

// The messages that the vendor's apps exchange in a room's group, with the vendor's numbers and payloads.
// Payloads may have additional fields, which are kept.

const sid = z.string().max(128);
const receiverIdList = optional(z.array(idSchema)).describe(
  "The logins that should receive the message. Absent: everybody in the group.",
);

const userData = z.looseObject({ userId: idSchema.describe("The user id of the person.") });
const commandData = z.looseObject({
  sid: sid.min(1).describe("Matches the command with its answers. A repeated command has the same id."),
  receiverIdList,
});
const answerData = z.looseObject({
  sid: optional(sid).describe(
    "The id of the command that this answers. Absent or empty if there was none, for example when a page joins during a broadcast.",
  ),
  receiverIdList,
});

/**
 * The kind of a signal. A `command` asks for an action, an `answer` reports the outcome, a
 * `report` is sent without a command, and `news` comes from the server.
 */
export type SignalKind = "command" | "answer" | "report" | "news";

/** An example of the data of each kind of signal. */
export const signalExamples = {
  command: { sid: "c7", receiverIdList: ["e1", "pc_e1"] },
  answer: { sid: "c7" },
  report: { sid: "c7" },
  news: { userId: "e1" },
} as const satisfies Record<SignalKind, JsonObject>;

/** @param data - its description is the meaning of the signal */
const signal = <
  Type extends number,
  Sender extends "server" | "client" | "either",
  Kind extends SignalKind,
  Data extends z.ZodType,
>(
  type: Type,
  sender: Sender,
  kind: Kind,
  data: Data,
) => ({ type, sender, kind, data });

/**
 * All signals by name. Each has a number, a sender (`server`, `client` for one of the apps, or `either`), a
 * kind, and the schema of its `data`, which is JSON text on the wire and says what the signal means. Apps may use numbers above 30000 for messages of their own.
 * Source: the message types of the vendor's remote invigilation apps.
 */
export const signals = {
  streamStopped: signal(
    signalTypes.streamStopped,
    "server",
    "news",
    userData.describe("A camera of the person stopped sending its stream."),
  ),
  streamPublished: signal(
    signalTypes.streamPublished,
    "server",
    "news",
    userData.describe("A camera of the person started sending its stream."),
  ),
  startCall: signal(
    signalTypes.startCall,
    "client",
    "command",
    commandData.describe("Asks an examinee to talk with the sender."),
  ),
  endCall: signal(
    signalTypes.endCall,
    "client",
    "command",
    commandData.describe("Asks an examinee to end the call."),
  ),
  callConnected: signal(
    signalTypes.callConnected,
    "client",
    "answer",
    answerData.describe("Answers `startCall`: the call is connected."),
  ),
  callDisconnected: signal(
    signalTypes.callDisconnected,
    "client",
    "answer",
    answerData.describe("Answers `endCall`: the call is over."),
  ),
  startLiveBroadcast: signal(
    signalTypes.startLiveBroadcast,
    "client",
    "command",
    commandData.describe("Asks pages to play the teacher's live audio."),
  ),
  liveBroadcastStarted: signal(
    signalTypes.liveBroadcastStarted,
    "client",
    "answer",
    answerData.describe("Answers `startLiveBroadcast`: the page plays it."),
  ),
  stopLiveBroadcast: signal(
    signalTypes.stopLiveBroadcast,
    "client",
    "command",
    commandData.describe("Asks pages to stop the teacher's live audio."),
  ),
  liveBroadcastStopped: signal(
    signalTypes.liveBroadcastStopped,
    "client",
    "answer",
    answerData.describe("Answers `stopLiveBroadcast`: the page no longer plays it."),
  ),
  endRoom: signal(
    signalTypes.endRoom,
    "either",
    "command",
    commandData.describe(
      "Tells all pages that the room has ended. The server sends it when `room.end` ends the room.",
    ),
  ),
  broadcastAudio: signal(
    signalTypes.broadcastAudio,
    "client",
    "command",
    commandData.describe("Asks pages to play a clip."),
  ),
  audioBroadcastStarted: signal(
    signalTypes.audioBroadcastStarted,
    "client",
    "answer",
    answerData.describe("Answers `broadcastAudio`: the page plays the clip."),
  ),
  stopAudioBroadcast: signal(
    signalTypes.stopAudioBroadcast,
    "client",
    "command",
    commandData.describe("Asks pages to stop the clip."),
  ),
  audioBroadcastStopped: signal(
    signalTypes.audioBroadcastStopped,
    "client",
    "answer",
    answerData.describe("Answers `stopAudioBroadcast`: the page no longer plays the clip."),
  ),
  reset: signal(
    signalTypes.reset,
    "client",
    "command",
    commandData.describe("Asks pages to end calls and live broadcasts."),
  ),
  enteredRoom: signal(
    signalTypes.enteredRoom,
    "client",
    "report",
    answerData.describe("Reports that a page has entered the room."),
  ),
  publishSucceeded: signal(
    signalTypes.publishSucceeded,
    "client",
    "report",
    answerData.describe("Reports that a page sends its stream."),
  ),
  publishFailed: signal(
    signalTypes.publishFailed,
    "client",
    "report",
    answerData.describe("Reports that a page could not send its stream."),
  ),
  cheatDetected: signal(
    signalTypes.cheatDetected,
    "client",
    "report",
    answerData.describe("Reports that a detector saw something."),
  ),
  endUser: signal(
    signalTypes.endUser,
    "either",
    "command",
    commandData.describe(
      "Asks the pages of a person to end the exam. The server sends it to examinees who were removed from the room.",
    ),
  ),
  userEnded: signal(
    signalTypes.userEnded,
    "client",
    "answer",
    answerData.describe("Answers `endUser`: the page has ended the exam."),
  ),
} as const;

/** The number that a message carries as `type`. */
export type SignalType = (typeof signals)[SignalName]["type"];
/** The payload of a signal. */
export type SignalData<Name extends SignalName> = z.output<(typeof signals)[Name]["data"]>;
/** A parsed signal. */
export type Signal = {
  [Name in SignalName]: { readonly name: Name; readonly data: SignalData<Name> };
}[SignalName];

const SENDERS: Readonly<Record<SignalKind | "own", readonly Role[]>> = {
  command: ["admin", "teacher"],
  answer: ["admin", "teacher", "examinee"],
  report: ["admin", "teacher", "examinee"],
  news: [],
  own: ["admin", "teacher", "inspector", "examinee"],
};

/** The roles that may send a message of this type through the built-in message service. */
export const sendersOf = (type: number): readonly Role[] => {
  const name = signalName(type);
  return SENDERS[name ? signals[name].kind : "own"];
};

/**
 * Parses a message from its number and its data as a JSON value.
 * @returns the signal, or undefined if no signal has this number or the data does not match its schema
 */
export const readSignal = (type: number, data: unknown): Signal | undefined => {
  const name = signalName(type);
  if (name === undefined) return undefined;
  const parsed = signals[name].data.safeParse(data);
  // Safe: the schema of this name produced the data.
  return parsed.success ? ({ name, data: parsed.data } as Signal) : undefined;
};

/**
 * Parses a message of a vendor's service from its number and its JSON text.
 * @returns the signal, or undefined if no signal has this number or the text does not match its schema
 */
export const parseSignal = (type: number, data: string): Signal | undefined => {
  try {
    return readSignal(type, JSON.parse(data));
  } catch {
    return undefined;
  }
};
