import { z } from "zod";
import type { Role } from "./auth.js";
import { idSchema, optional } from "./common.js";

// The messages that the vendor's apps exchange in a room's group, as they number and read them. Their payloads may
// hold more than is known here: it is kept.

/** Pairs a command with its answers: a repeated command has the same id. */
const sid = z.string().max(128);
/** The logins that it is for; everybody in the group when absent. */
const receiverIdList = optional(z.array(idSchema));

const aboutUser = z.looseObject({ userId: idSchema });
const command = z.looseObject({ sid: sid.min(1), receiverIdList });
/**
 * An answer names its command. The vendor's app sends an empty id where it answers no command: a page that arrives during a
 * broadcast answers by itself.
 */
const answer = z.looseObject({ sid: optional(sid), receiverIdList });

/** What a signal is: somebody is told to do something, says what became of that, tells by itself; or the server tells. */
export type SignalKind = "command" | "answer" | "report" | "news";

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
 * Every signal by its name: its number, who sends it (the `server`, a `client`, which is one of the apps, or `either`),
 * of which kind it is, and the schema of its `data`, which is a JSON text on the wire. Numbers above 30000 are free for
 * apps of one's own.
 */
export const signals = {
  streamStopped: signal(20_000, "server", "news", aboutUser),
  streamPublished: signal(20_001, "server", "news", aboutUser),
  startCall: signal(20_002, "client", "command", command),
  endCall: signal(20_003, "client", "command", command),
  callConnected: signal(20_004, "client", "answer", answer),
  callDisconnected: signal(20_005, "client", "answer", answer),
  startLiveBroadcast: signal(20_006, "client", "command", command),
  liveBroadcastStarted: signal(20_007, "client", "answer", answer),
  stopLiveBroadcast: signal(20_008, "client", "command", command),
  liveBroadcastStopped: signal(20_009, "client", "answer", answer),
  endRoom: signal(20_010, "either", "command", command),
  broadcastAudio: signal(20_011, "client", "command", command),
  audioBroadcastStarted: signal(20_012, "client", "answer", answer),
  stopAudioBroadcast: signal(20_013, "client", "command", command),
  audioBroadcastStopped: signal(20_014, "client", "answer", answer),
  reset: signal(20_015, "client", "command", command),
  enteredRoom: signal(20_016, "client", "report", answer),
  publishSucceeded: signal(20_017, "client", "report", answer),
  publishFailed: signal(20_018, "client", "report", answer),
  cheatDetected: signal(20_019, "client", "report", answer),
  endUser: signal(20_020, "either", "command", command),
  userEnded: signal(20_021, "client", "answer", answer),
} as const;

export type SignalName = keyof typeof signals;
/** The number that travels as a message's `type`. */
export type SignalType = (typeof signals)[SignalName]["type"];
/** What a signal's `data` holds. */
export type SignalData<Name extends SignalName> = z.output<(typeof signals)[Name]["data"]>;
/** A signal that was read. */
export type Signal = {
  [Name in SignalName]: { readonly name: Name; readonly data: SignalData<Name> };
}[SignalName];

/** The name of the signal with a number; undefined where no signal has it. */
export const signalName = (type: number): SignalName | undefined =>
  // Safe: the keys of the list are the names.
  (Object.keys(signals) as SignalName[]).find((name) => signals[name].type === type);

const SENDERS: Readonly<Record<SignalKind | "own", readonly Role[]>> = {
  command: ["admin", "teacher"],
  answer: ["admin", "teacher", "examinee"],
  report: ["admin", "teacher", "examinee"],
  news: [],
  own: ["admin", "teacher", "inspector", "examinee"],
};

/** The roles that may send a message with this number through the built-in service: a signal's, or one of an app's own. */
export const sendersOf = (type: number): readonly Role[] => {
  const name = signalName(type);
  return SENDERS[name ? signals[name].kind : "own"];
};

/**
 * Reads a message: its number, and its data as a JSON value.
 * @returns undefined when no signal has the number, or the data is not its payload
 */
export const readSignal = (type: number, data: unknown): Signal | undefined => {
  const name = signalName(type);
  if (name === undefined) return undefined;
  const parsed = signals[name].data.safeParse(data);
  // Safe: the data was read with the schema of the name beside it.
  return parsed.success ? ({ name, data: parsed.data } as Signal) : undefined;
};

/**
 * Reads a message as it came from a vendor's service: its number and its JSON text.
 * @returns undefined when no signal has the number, or the text is not its payload
 */
export const parseSignal = (type: number, data: string): Signal | undefined => {
  try {
    return readSignal(type, JSON.parse(data));
  } catch {
    return undefined;
  }
};
