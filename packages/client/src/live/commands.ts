import type { JsonObject } from "@invigil/schema";
import type { SignalName } from "../shapes.js";
import { delay, isPermanent } from "./delay.js";

/** The signal that answers each command. */
const answerTo = {
  startCall: "callConnected",
  endCall: "callDisconnected",
  startLiveBroadcast: "liveBroadcastStarted",
  stopLiveBroadcast: "liveBroadcastStopped",
  broadcastAudio: "audioBroadcastStarted",
  stopAudioBroadcast: "audioBroadcastStopped",
  endUser: "userEnded",
} as const satisfies Partial<Record<SignalName, SignalName>>;

/** A signal that expects an answer. */
export type CommandName = keyof typeof answerTo;

/** The options of a command. */
export interface CommandOptions {
  /** Additional data of the command, e.g. the URL of an audio file. */
  readonly data?: Readonly<JsonObject> | undefined;
  /** Aborts the command, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for answers before the command is repeated, in milliseconds. Default: 3000. */
  readonly everyMs?: number | undefined;
  /** The maximum number of repetitions for receivers who have not answered. Default: 5. */
  readonly times?: number | undefined;
}

/**
 * The receivers who answered a command and those who did not, as logins: a user id, or `pc_<id>` for the PC
 * page.
 */
export interface CommandResult {
  /** The id of the command, which its answers contain. */
  readonly sid: string;
  /** In the order of the answers. */
  readonly answered: readonly string[];
  readonly silent: readonly string[];
}

/** The operations of a room that a command needs. */
export interface CommandRoom {
  readonly closing: AbortSignal;
  /** Calls the listener with the login and the data of each answer. */
  readonly onAnswer: (
    answer: (typeof answerTo)[CommandName],
    listener: (login: string, data: { readonly sid?: unknown }) => void,
  ) => () => void;
  readonly send: (
    data: JsonObject,
    to: readonly string[] | undefined,
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** The maximum number of receivers of a message. */
const MAX_RECEIVERS = 1000;

/**
 * Sends a command and waits for the answers. It repeats the command for receivers who have not answered.
 *
 * @param name - the signal
 * @param expected - the logins that should answer
 * @param everybody - whether the first message is for the whole room
 */
export const sendCommand = async (
  { closing, onAnswer, send }: CommandRoom,
  name: CommandName,
  { sid, expected, everybody }: { sid: string; expected: readonly string[]; everybody: boolean },
  { data, signal, everyMs = 3000, times = 5 }: CommandOptions,
): Promise<CommandResult> => {
  const missing = new Set(expected);
  const answered: string[] = [];
  const result = () => ({ sid, answered, silent: [...missing] });
  if (missing.size === 0 && !everybody) return result();

  const aborting = new AbortController();
  /** Ends the current delay, because everybody answered or the command was aborted. */
  const waking = new AbortController();
  const signals = signal ? [closing, signal] : [closing];
  const stop = () => {
    aborting.abort(signals.find(({ aborted }) => aborted)?.reason);
    waking.abort();
  };
  for (const one of signals) one.addEventListener("abort", stop);
  if (signals.some(({ aborted }) => aborted)) stop();
  const off = onAnswer(answerTo[name], (login, answer) => {
    if (answer.sid !== sid || !missing.delete(login)) return;
    answered.push(login);
    if (missing.size === 0) waking.abort();
  });
  try {
    let wasSent = false;
    let failure: unknown;
    for (let round = 0; round <= times; round += 1) {
      aborting.signal.throwIfAborted();
      const toAll = missing.size > MAX_RECEIVERS || (everybody && round === 0);
      const to = toAll ? undefined : [...missing];
      try {
        await send({ ...data, sid, ...(to && { receiverIdList: to }) }, to, aborting.signal);
        wasSent = true;
      } catch (error) {
        if (aborting.signal.aborted || isPermanent(error)) throw error;
        failure = error;
      }
      if (missing.size > 0) await delay(everyMs, waking.signal);
      if (missing.size === 0) break;
    }
    aborting.signal.throwIfAborted();
    if (!wasSent) throw failure;
    return result();
  } finally {
    off();
    for (const one of signals) one.removeEventListener("abort", stop);
  }
};
