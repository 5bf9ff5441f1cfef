import { type SignalName, signalName, signals } from "@invigil/schema";
import type { StoredMessage } from "../im/service.js";

// A page that returns receives only those of the missed commands that still apply.

/** The states that commands start and stop. */
const STATES = [
  { start: "startCall", stop: "endCall" },
  { start: "startLiveBroadcast", stop: "stopLiveBroadcast" },
  { start: "broadcastAudio", stop: "stopAudioBroadcast" },
] as const satisfies readonly { start: SignalName; stop: SignalName }[];
/** The states that `reset` stops. It does not stop a clip. */
const STOPPED_BY_RESET: ReadonlySet<SignalName> = new Set(["startCall", "startLiveBroadcast"]);
/**
 * The greatest age of a clip's start that is replayed, in milliseconds. The vendor's app repeats the start for this long. It sends no stop
 * when the clip ends, and a page that receives the start plays the clip from its beginning.
 */
const MAX_CLIP_AGE_MS = 15_000;

/** The types of all commands. */
export const COMMAND_TYPES: readonly number[] = Object.values(signals)
  .filter(({ kind }) => kind === "command")
  .map(({ type }) => type);
/** How many of the newest missed commands are considered. */
export const MAX_COMMANDS = 200;

interface Command {
  readonly id: number;
  readonly name: SignalName;
  readonly sid: unknown;
  readonly fromServer: boolean;
  readonly sentAt: number;
}

const dataOf = ({ data }: StoredMessage): { sid?: unknown; receiverIdList?: unknown } => {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? value : {};
};

/**
 * Reads a command. Returns undefined if its data names other logins. The data of a command with recipients is not checked, because only its
 * recipients read it.
 */
const commandFor = (login: string, message: StoredMessage): Command | undefined => {
  const name = signalName(message.type);
  if (name === undefined) return undefined;
  // The data may list all people of a full room, so it is parsed only where it is needed.
  const data = message.recipients && name !== "broadcastAudio" ? {} : dataOf(message);
  const { receiverIdList } = data;
  if (!message.recipients && Array.isArray(receiverIdList) && !receiverIdList.includes(login))
    return undefined;
  return {
    id: message.id,
    name,
    sid: data.sid,
    fromServer: message.senderRole === "server",
    sentAt: message.createdAt.getTime(),
  };
};

/**
 * Returns the ids of those missed commands that a returning page receives:
 *
 * - If the room has ended, the end of the room and nothing else.
 * - The last command of each state (call, live broadcast, clip), unless it is a start that a later `reset` stopped, or the start of a clip
 *   that is older than 15 seconds.
 * - The last `reset`.
 * - The last `endUser`, unless the server sent it: a page that may join is in the room again.
 *
 * A repeated command is received once.
 *
 * @param missed the messages for everybody and for this login, oldest first
 */
export const commandsToReplay = (
  missed: readonly StoredMessage[],
  { login, now }: { readonly login: string; readonly now: Date },
): ReadonlySet<number> => {
  const commands = missed.flatMap((message) => commandFor(login, message) ?? []);
  const last = (...names: readonly SignalName[]) => commands.findLast(({ name }) => names.includes(name));
  const end = last("endRoom");
  if (end) return new Set([end.id]);

  const reset = last("reset");
  const isOver = (command: Command): boolean => {
    if (reset && reset.id > command.id && STOPPED_BY_RESET.has(command.name)) return true;
    if (command.name !== "broadcastAudio") return false;
    const first = commands.find(({ name, sid }) => name === command.name && sid === command.sid) ?? command;
    return now.getTime() - first.sentAt > MAX_CLIP_AGE_MS;
  };
  const states = STATES.map(({ start, stop }) => last(start, stop)).filter(
    (command) => command && !isOver(command),
  );
  const endUser = commands.findLast(({ name, fromServer }) => name === "endUser" && !fromServer);
  return new Set([...states, reset, endUser].flatMap((command) => command?.id ?? []));
};
