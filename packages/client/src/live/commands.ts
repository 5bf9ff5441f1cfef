import type { JsonObject } from "@invigil/schema";
import type { SignalName } from "../shapes.js";
import { isFinal, pause } from "./waiting.js";

/** Which signal answers which command. */
export const answerTo = {
  startCall: "callConnected",
  endCall: "callDisconnected",
  startLiveBroadcast: "liveBroadcastStarted",
  stopLiveBroadcast: "liveBroadcastStopped",
  broadcastAudio: "audioBroadcastStarted",
  stopAudioBroadcast: "audioBroadcastStopped",
  endUser: "userEnded",
} as const satisfies Partial<Record<SignalName, SignalName>>;

/** A signal that wants an answer. */
export type CommandName = keyof typeof answerTo;

/** How a command is given. */
export interface CommandOptions {
  /** More that the command says, e.g. the URL that is to be played. */
  readonly data?: Readonly<JsonObject> | undefined;
  /** Gives up; the command rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long answers are waited for before the command is repeated, in milliseconds. Default: 3000. */
  readonly everyMs?: number | undefined;
  /** How often it is repeated at most, for those who have not answered. Default: 5. */
  readonly times?: number | undefined;
}

/** Who answered a command and who did not, as logins: a user's id, of the PC's page `pc_<id>`. */
export interface CommandResult {
  /** The id of the command, which its answers name. */
  readonly sid: string;
  /** In the order in which they answered. */
  readonly answered: readonly string[];
  readonly silent: readonly string[];
}

/** What a command needs of its room. */
export interface CommandRoom {
  readonly closing: AbortSignal;
  /** Tells each answer: the login that it came from, and its data. */
  readonly onAnswer: (listener: (login: string, data: { readonly sid?: unknown }) => void) => () => void;
  readonly send: (
    data: JsonObject,
    to: readonly string[] | undefined,
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** The most receivers that a message names. */
const MOST_RECEIVERS = 1000;

/**
 * Gives a command and waits for its answers, repeating it for those who have not answered.
 *
 * @param expected - the logins whose answers are waited for
 * @param everybody - whether the first time it is for the whole room
 */
export const giveCommand = async (
  { closing, onAnswer, send }: CommandRoom,
  { sid, expected, everybody }: { sid: string; expected: readonly string[]; everybody: boolean },
  { data, signal, everyMs = 3000, times = 5 }: CommandOptions,
): Promise<CommandResult> => {
  const missing = new Set(expected);
  const answered: string[] = [];
  const result = () => ({ sid, answered, silent: [...missing] });
  if (missing.size === 0 && !everybody) return result();

  const giving = new AbortController();
  /** Ends a pause: by the last answer, or because nobody waits any more. */
  const waking = new AbortController();
  const signals = signal ? [closing, signal] : [closing];
  const stop = () => {
    giving.abort(signals.find(({ aborted }) => aborted)?.reason);
    waking.abort();
  };
  for (const one of signals) one.addEventListener("abort", stop);
  if (signals.some(({ aborted }) => aborted)) stop();
  const off = onAnswer((login, answer) => {
    if (answer.sid !== sid || !missing.delete(login)) return;
    answered.push(login);
    if (missing.size === 0) waking.abort();
  });
  try {
    let wasSent = false;
    let failure: unknown;
    for (let round = 0; round <= times; round += 1) {
      giving.signal.throwIfAborted();
      const toAll = missing.size > MOST_RECEIVERS || (everybody && round === 0);
      const to = toAll ? undefined : [...missing];
      try {
        await send({ ...data, sid, ...(to && { receiverIdList: to }) }, to, giving.signal);
        wasSent = true;
      } catch (error) {
        if (giving.signal.aborted || isFinal(error)) throw error;
        failure = error;
      }
      if (missing.size > 0) await pause(everyMs, waking.signal);
      if (missing.size === 0) break;
    }
    giving.signal.throwIfAborted();
    if (!wasSent) throw failure;
    return result();
  } finally {
    off();
    for (const one of signals) one.removeEventListener("abort", stop);
  }
};
