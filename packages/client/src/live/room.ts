import { type JsonValue, loginOf } from "@invigil/schema";
import type { Message, Presence, RoomEvent, RoomSnapshot, SentMessage } from "../procedures.js";
import type { RetryOptions } from "../retry.js";
import type { SignalData, SignalName } from "../shapes.js";
import type { CommandName, CommandOptions, CommandResult } from "./commands.js";
import { type StatusChange, setState } from "./core.js";
import { Feed } from "./feed.js";
import { loadImplementation } from "./link.js";
import type { Send } from "./send-message.js";
import type { Source } from "./subscription-loop.js";

/** The options of {@link Live.room}. */
export interface LiveRoomOptions {
  /** The page that subscribes and sends messages: `main`, or `pc` for the second camera. Default: `main`. */
  readonly camera?: "main" | "pc" | undefined;
  /** The state to begin with, such as that of `attempt.open`. Default: it is read first. */
  readonly snapshot?: RoomSnapshot | undefined;
}

/** The options of {@link LiveRoom.send}. */
export interface SendOptions {
  /** The logins of the receivers: a user id, or `pc_<id>` for the PC page. Default: everybody in the room. */
  readonly to?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The options of a broadcast. */
export interface BroadcastOptions extends CommandOptions {
  /** The logins of the receivers. Default: the whole room, of which all examinees should answer. */
  readonly to?: readonly string[] | undefined;
}

/** The listeners by event: event types, signal names, and `status`. */
export type LiveRoomListeners = {
  readonly [Event in RoomEvent as Event["type"]]: (event: Event) => void;
} & {
  readonly [Name in SignalName]: (data: SignalData<Name>, message: Message) => void;
} & { readonly status: (change: StatusChange) => void };

/** The calls that a live room makes. */
export interface RoomCalls extends Source<RoomSnapshot, RoomEvent> {
  readonly send: Send;
}

/** The login of the page that sent a message. */
const senderLogin = ({ sender: { userId, camera } }: Message): string => loginOf(userId, camera);

/** A snapshot as it arrives. A server of the version before does not know raised hands. */
type Found = Omit<RoomSnapshot, "hands"> & Partial<Pick<RoomSnapshot, "hands">>;
const isComplete = (snapshot: Found): snapshot is RoomSnapshot => snapshot.hands !== undefined;
const complete = (snapshot: Found): RoomSnapshot =>
  isComplete(snapshot) ? snapshot : { ...snapshot, hands: [] };

/** The live state, events and messages of a room. Created by `invigil.live.room(roomId)`. */
export class LiveRoom extends Feed<RoomSnapshot, RoomEvent, LiveRoomListeners> {
  readonly #send: Send;
  readonly #retry: RetryOptions | false;

  /** @internal */
  constructor(
    readonly roomId: string,
    { send, ...source }: RoomCalls,
    {
      reconnect,
      retry,
      snapshot: first,
    }: {
      readonly reconnect: RetryOptions;
      readonly retry: RetryOptions | false;
      readonly snapshot?: RoomSnapshot | undefined;
    },
  ) {
    super(({ keepSubscribed, applyRoomEvent, nameOfType }, core) =>
      keepSubscribed(
        core,
        { ...source, snapshot: async (how) => complete(await source.snapshot(how)) },
        {
          reduce: (state, event) => complete(applyRoomEvent(state, event)),
          gap: (snapshot, { id, time }) => ({ type: "gap" as const, id, roomId, time, snapshot }),
          notify(event) {
            core.listeners.emit(event.type, event);
            if (event.type !== "message") return;
            const { message } = event;
            const name = nameOfType(message.type);
            if (name) core.listeners.emit(name, message.data, message);
          },
        },
        reconnect,
      ),
    );
    if (first) setState(this.core, complete(first));
    this.#send = send;
    this.#retry = retry;
  }

  /** The connected pages of people. Empty until the first response. */
  get presence(): readonly Presence[] {
    return this.state?.presence ?? [];
  }

  /**
   * Sends a signal by its name, or a message of the application by its number, above 30000. If the connection
   * is lost, the message is sent again but delivered once.
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
    const { sendMessage, typeOfSignal } = await loadImplementation();
    const type = typeof what === "number" ? what : typeOfSignal(what);
    // Safe: the schema of every signal describes a JSON object.
    const message = { type, data: data as JsonValue, to: to && [...to] };
    return sendMessage(this.#send, message, { signal, retry: this.#retry });
  }

  /** Calls a person. Resolves when the call is connected or was not answered. */
  call(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#command("startCall", { ...options, to: [login] });
  }

  /** Ends the call with a person. */
  endCall(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#command("endCall", { ...options, to: [login] });
  }

  /** Starts speaking to the room. */
  broadcast(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#command("startLiveBroadcast", options);
  }

  /** Stops speaking to the room. */
  stopBroadcast(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#command("stopLiveBroadcast", options);
  }

  /** Plays an audio file in the room. */
  broadcastAudio(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#command("broadcastAudio", options);
  }

  /** Stops the audio file. */
  stopBroadcastAudio(options?: BroadcastOptions): Promise<CommandResult> {
    return this.#command("stopAudioBroadcast", options);
  }

  /** Ends the exam of a person. */
  endUser(login: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#command("endUser", { ...options, to: [login] });
  }

  async #command(name: CommandName, { to, ...options }: BroadcastOptions = {}): Promise<CommandResult> {
    const { sendCommand, randomId } = await loadImplementation();
    const examinees = async () => {
      const state = await this.ready();
      this.core.closing.signal.throwIfAborted();
      return (state?.members ?? []).flatMap(({ userId, role }) => (role === "examinee" ? [userId] : []));
    };
    return sendCommand(
      {
        closing: this.core.closing.signal,
        onAnswer: (answer, listener) =>
          this.on(answer, (data, message) => listener(senderLogin(message), data)),
        // Safe: the data of every command is an object with a sid.
        send: (data, receivers, signal) =>
          this.send(name, data as SignalData<typeof name>, { to: receivers, signal }),
      },
      name,
      {
        sid: randomId(),
        expected: to ?? (await examinees()),
        everybody: to === undefined,
      },
      options,
    );
  }
}
