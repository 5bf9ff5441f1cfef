import type {
  JsonObject,
  JsonValue,
  Message,
  Presence,
  RoomEvent,
  RoomSnapshot,
  SentMessage,
  SignalData,
  SignalName,
} from "@invigil/schema";
import { isInvigilError, isNetworkError } from "../errors.js";
import { backoffMs, type RetryOptions } from "../retry.js";
import { answerTo, type CommandName, type CommandOptions, type CommandResult, giveCommand } from "./commands.js";
import { Feed, isFinal, pause, type Source, type StatusChange } from "./feed.js";
import { nameOfType, signalTypes } from "./signal-types.js";
import { roomAfter } from "./state.js";

/** How a room is listened to. */
export interface LiveRoomOptions {
  /** The page that listens and sends: `main`, or `pc` for the second camera's. Default: `main`. */
  readonly camera?: "main" | "pc" | undefined;
}

/** Whom a message is for, and until when it is tried to send it. */
export interface SendOptions {
  /** The logins that it is for: a user's id, of the PC's page `pc_<id>`. Default: everybody in the room. */
  readonly to?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whose answers a broadcast waits for. */
export interface BroadcastOptions extends CommandOptions {
  /** The logins that it is for. Default: the whole room, and all of its examinees are to answer. */
  readonly to?: readonly string[] | undefined;
}

/** What can be listened to: events by their type, signals by their name, and `status`. */
export type LiveRoomListeners = {
  readonly [Event in RoomEvent as Event["type"]]: (event: Event) => void;
} & {
  readonly [Name in SignalName]: (data: SignalData<Name>, message: Message) => void;
} & { readonly status: (change: StatusChange) => void };

/** What a room needs of the server. */
export interface RoomCalls extends Pick<Source<RoomSnapshot, RoomEvent>, "snapshot" | "subscribe"> {
  readonly send: (
    message: { type: number; data: JsonValue; to?: string[] | undefined; key: string },
    options: { readonly signal: AbortSignal },
  ) => Promise<SentMessage>;
}

const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The login of the page that sent a message. */
const loginOf = ({ sender: { userId, camera } }: Message): string =>
  camera === "pc" ? `pc_${userId}` : userId;

/** A room, live: what happens in it, how it is, and messages. Made by `invigil.live.room(roomId)`. */
export class LiveRoom extends Feed<RoomSnapshot, RoomEvent> {
  readonly #send: RoomCalls["send"];
  readonly #retry: RetryOptions | false;

  /** @param retry - how messages are sent again, and how often */
  constructor(
    /** The room's id. */
    readonly roomId: string,
    { send, ...calls }: RoomCalls,
    { reconnect, retry }: { reconnect: RetryOptions; retry: RetryOptions | false },
  ) {
    const gap: Source<RoomSnapshot, RoomEvent>["gap"] = (snapshot, { id, time }) => ({
      type: "gap",
      id,
      roomId,
      time,
      snapshot,
    });
    super({ ...calls, apply: roomAfter, gap }, reconnect);
    this.#send = send;
    this.#retry = retry;
  }

  /** Who is connected, on which page, since when; empty until the first answer. */
  get presence(): readonly Presence[] {
    return this.state?.presence ?? [];
  }

  /**
   * Listens to events by their type, to signals by their name (with the message that brought them), or to `status`. Each
   * is told once, in order, after `state` has changed.
   * @returns what stops listening
   */
  on<Type extends keyof LiveRoomListeners>(type: Type, listener: LiveRoomListeners[Type]): () => void {
    return this.listeners.on(type, listener);
  }

  /**
   * Sends a signal by its name, or a message of one's own by its number, above 30000. When the connection is lost it is
   * sent again, and arrives once.
   */
  send<Name extends SignalName>(
    signal: Name,
    data: SignalData<Name>,
    options?: SendOptions,
  ): Promise<SentMessage>;
  send(type: number, data: JsonValue, options?: SendOptions): Promise<SentMessage>;
  async send(what: SignalName | number, data: unknown, { to, signal }: SendOptions = {}): Promise<SentMessage> {
    const { attempts = 3, ...backoff } = this.#retry || { attempts: 1 };
    const closing = new AbortController();
    // Safe: each signal's data is a JSON object, as its schema says.
    const message = {
      type: typeof what === "number" ? what : signalTypes[what],
      data: data as JsonValue,
      to: to && [...to],
      key: randomId(),
    };
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#send(message, { signal: signal ?? closing.signal });
      } catch (error) {
        if (!isNetworkError(error) || failures >= attempts) throw error;
        await pause(backoffMs(failures, backoff, Math.random), signal ?? closing.signal);
      }
    }
  }

  /** Gives a command that wants an answer to some logins, or to the whole room. */
  #give(name: CommandName, to: readonly string[] | undefined, options: CommandOptions): Promise<CommandResult> {
    const examinees = () =>
      (this.state?.members ?? []).flatMap(({ role, userId }) => (role === "examinee" ? [userId] : []));
    return giveCommand(
      {
        closing: this.closing,
        onAnswer: (listener) => this.on(answerTo[name], (data, message) => listener(loginOf(message), data)),
        send: (data, receivers, signal) =>
          this.send(signalTypes[name], data, { to: receivers, signal }),
        isPassing: (error) => !isFinal(error),
      },
      { sid: randomId(), expected: to ?? examinees(), everybody: to === undefined },
      options,
    );
  }

  /** Calls somebody: resolves when the call is connected, or when it was not answered. */
  call(login: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#give("startCall", [login], options);
  }

  /** Ends the call with somebody. */
  endCall(login: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#give("endCall", [login], options);
  }

  /** Begins to speak to the room. */
  broadcast({ to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    return this.#give("startLiveBroadcast", to, options);
  }

  /** Ends speaking to the room. */
  stopBroadcast({ to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    return this.#give("stopLiveBroadcast", to, options);
  }

  /** Has an audio file played. */
  broadcastAudio({ to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    return this.#give("broadcastAudio", to, options);
  }

  /** Ends playing the audio file. */
  stopBroadcastAudio({ to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    return this.#give("stopAudioBroadcast", to, options);
  }

  /** Ends the exam of somebody. */
  endUser(login: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#give("endUser", [login], options);
  }

  /** @internal */
  protected override hear(event: RoomEvent): void {
    super.hear(event);
    if (event.type !== "message") return;
    const name = nameOfType(event.message.type);
    if (name) this.listeners.tell(name, event.message.data, event.message);
  }
}
