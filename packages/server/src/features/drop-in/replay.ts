import { type SignalName, signalName, signals } from "@invigil/schema";
import type { StoredMessage } from "../im/service.js";

// What a page that was away is told of the commands that it missed: how things are, not how they were.

/** Each state that commands begin and end. */
const STATES = [
  { start: "startCall", stop: "endCall" },
  { start: "startLiveBroadcast", stop: "stopLiveBroadcast" },
  { start: "broadcastAudio", stop: "stopAudioBroadcast" },
] as const satisfies readonly { start: SignalName; stop: SignalName }[];
/** The states that `reset` ends. It leaves a clip that plays alone. */
const ENDED_BY_RESET: ReadonlySet<SignalName> = new Set(["startCall", "startLiveBroadcast"]);
/**
 * How old the start of a clip may be, in milliseconds. The vendor's app repeats it for so long. It sends no stop when the clip
 * ends, and a page that hears of the start plays the clip from its beginning.
 */
const CLIP_START_MS = 15_000;

/** The numbers of the commands. */
export const COMMANDS: readonly number[] = Object.values(signals)
  .filter(({ kind }) => kind === "command")
  .map(({ type }) => type);
/** How many missed commands are considered: those before them are undone by them. */
export const MOST_COMMANDS = 200;

interface Command {
  readonly id: number;
  readonly name: SignalName;
  readonly sid: unknown;
  readonly fromServer: boolean;
  readonly sentAt: number;
}

/** What a command says of itself. Its schema was asked before it was kept. */
const saidBy = ({ data }: StoredMessage): { sid?: unknown; receiverIdList?: unknown } => {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? value : {};
};

/** Reads a command; undefined where its data names other logins. What was sent to some logins alone is read by those alone. */
const commandFor = (login: string, message: StoredMessage): Command | undefined => {
  const name = signalName(message.type);
  if (name === undefined) return undefined;
  // A list may name a full room: it is not read where nothing depends on it.
  const said = message.recipients && name !== "broadcastAudio" ? {} : saidBy(message);
  const { receiverIdList } = said;
  if (!message.recipients && Array.isArray(receiverIdList) && !receiverIdList.includes(login))
    return undefined;
  return {
    id: message.id,
    name,
    sid: said.sid,
    fromServer: message.senderRole === "server",
    sentAt: message.createdAt.getTime(),
  };
};

/**
 * The ids of the commands that a page which was away is told of, out of those that it missed:
 *
 * - the room's end, and then nothing else;
 * - the last command of each state (call, live broadcast, clip), unless that is a start which a later `reset` ended, or the start
 *   of a clip that is older than 15 seconds;
 * - the last `reset`;
 * - the last `endUser`, unless the server sent it: a page that may join is in the room again.
 *
 * A command that was repeated is told once.
 *
 * @param missed what was for everybody or for this login, oldest first
 */
export const stillTrue = (
  missed: readonly StoredMessage[],
  { login, now }: { readonly login: string; readonly now: Date },
): ReadonlySet<number> => {
  const commands = missed.flatMap((message) => commandFor(login, message) ?? []);
  const last = (...names: readonly SignalName[]) => commands.findLast(({ name }) => names.includes(name));
  const end = last("endRoom");
  if (end) return new Set([end.id]);

  const reset = last("reset");
  const isOver = (command: Command): boolean => {
    if (reset && reset.id > command.id && ENDED_BY_RESET.has(command.name)) return true;
    if (command.name !== "broadcastAudio") return false;
    const first = commands.find(({ name, sid }) => name === command.name && sid === command.sid) ?? command;
    return now.getTime() - first.sentAt > CLIP_START_MS;
  };
  const states = STATES.map(({ start, stop }) => last(start, stop)).filter(
    (command) => command && !isOver(command),
  );
  const sentAway = commands.findLast(({ name, fromServer }) => name === "endUser" && !fromServer);
  return new Set([...states, reset, sentAway].flatMap((command) => command?.id ?? []));
};
