import type { JsonValue } from "@invigil/schema";
import type { RetryOptions } from "../retry.js";
import type {
  Message,
  Presence,
  RoomEvent,
  RoomSnapshot,
  SentMessage,
  SignalData,
  SignalName,
} from "../shapes.js";
import type { CommandName, CommandOptions, CommandResult } from "./commands.js";
import type { StatusChange } from "./core.js";
import { Feed } from "./feed.js";
import type { Engine } from "./link.js";
import type { Source } from "./listening.js";
import type { Send } from "./sending.js";

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
export interface RoomCalls extends Source<RoomSnapshot, RoomEvent> {
  readonly send: Send;
}

/** The login of the page that sent a message. */
const loginOf = ({ sender: { userId, camera } }: Message): string =>
  camera === "pc" ? `pc_${userId}` : userId;

/** A room, live: what happens in it, how it is, and messages. Made by `invigil.live.room(roomId)`. */
export class LiveRoom extends Feed<RoomSnapshot, RoomEvent> {
  readonly #engine: () => Promise<Engine>;
  readonly #send: Send;
  readonly #retry: RetryOptions | false;

  /** @internal */
  constructor(
    /** The room's id. */
    readonly roomId: string,
    { send, ...source }: RoomCalls,
    {
      engine,
      reconnect,
      retry,
    }: { engine: () => Promise<Engine>; reconnect: RetryOptions; retry: RetryOptions | false },
  ) {
    super(engine, ({ listen, roomAfter, nameOfType }, core) =>
      listen(
        core,
        source,
        {
          apply: roomAfter,
          gap: (snapshot, { id, time }) => ({ type: "gap" as const, id, roomId, time, snapshot }),
          tell(event) {
            core.listeners.tell(event.type, event);
            if (event.type !== "message") return;
            const { message } = event;
            const name = nameOfType(message.type);
            if (name) core.listeners.tell(name, message.data, message);
          },
        },
        reconnect,
      ),
    );
    this.#engine = engine;
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
    return this.core.listeners.on(type, listener);
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
  async send(
    what: SignalName | number,
    data: unknown,
    { to, signal = this.core.closing.signal }: SendOptions = {},
  ): Promise<SentMessage> {
    const { sendMessage, signalTypes } = await this.#engine();
    const type = typeof what === "number" ? what : signalTypes[what];
    // Safe: each signal's data is a JSON object, as its schema says.
    const message = { type, data: data as JsonValue, to: to && [...to] };
    return sendMessage(this.#send, message, { signal, retry: this.#retry });
  }

  /** Calls somebody: resolves when the call is connected, or when it was not answered. */
  call(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#give("startCall", { ...options, to: [login] });
  }

  /** Ends the call with somebody. */
  endCall(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#give("endCall", { ...options, to: [login] });
  }

  /** Begins to speak to the room. */
  broadcast(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#give("startLiveBroadcast", options);
  }

  /** Ends speaking to the room. */
  stopBroadcast(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#give("stopLiveBroadcast", options);
  }

  /** Has an audio file played. */
  broadcastAudio(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#give("broadcastAudio", options);
  }

  /** Ends playing the audio file. */
  stopBroadcastAudio(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#give("stopAudioBroadcast", options);
  }

  /** Ends the exam of somebody. */
  endUser(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#give("endUser", { ...options, to: [login] });
  }

  async #give(name: CommandName, { to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    const { giveCommand, randomId, answerTo } = await this.#engine();
    const examinees = async () =>
      (to ? [] : (await this.ready()).members).filter(({ role }) => role === "examinee");
    return giveCommand(
      {
        closing: this.core.closing.signal,
        onAnswer: (listener) => this.on(answerTo[name], (data, message) => listener(loginOf(message), data)),
        // Safe: each command's data is an object with a sid, and whatever else.
        send: (data, receivers, signal) =>
          this.send(name, data as SignalData<typeof name>, { to: receivers, signal }),
      },
      {
        sid: randomId(),
        expected: to ?? (await examinees()).map(({ userId }) => userId),
        everybody: to === undefined,
      },
      options,
    );
  }
}
