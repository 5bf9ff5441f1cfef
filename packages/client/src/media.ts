import type { InvigilClient } from "./client.js";
import { isInvigilError } from "./errors.js";
import type { RouterOutputs } from "./router.js";

// Publishes and watches streams by WebRTC: WHIP (RFC 9725) and WHEP, with tokens that the server issues when they are needed.

/**
 * The state of a stream:
 * - `connecting`: it begins, or comes back after it was lost
 * - `live`: packets can travel
 * - `ended`: it was stopped, or it is not allowed any more
 */
export type StreamState = "connecting" | "live" | "ended";

/** A stream that is published or watched, until it is stopped. */
export interface MediaStreaming {
  readonly state: StreamState;
  /**
   * Why it ended, if the server does not allow it any more: `ROOM_ENDED`, `FORBIDDEN`, `UNAUTHENTICATED` and so on. `PARTICIPANT_CONFLICT`:
   * another page of the caller has begun the stream since.
   */
  readonly error: Error | undefined;
  /** The connection of now, for its statistics. */
  readonly connection: RTCPeerConnection | undefined;
  /** Ends it, and lets the server know. */
  readonly stop: () => void;
}

interface Options {
  /** Called when the state changes. */
  readonly onChange?: (streaming: MediaStreaming) => void;
  /** The only transport to use, for tests of a network. Default: the one that works. */
  readonly transport?: "udp" | "tcp";
}
export interface PublishOptions extends Options {
  readonly roomId: string;
  /** Default: `main`. */
  readonly camera?: "main" | "pc";
  /** Whether it only tests the connection: no caller can watch it, and its status is not recorded. Default: no. */
  readonly isTest?: boolean;
}
export interface WatchOptions extends Options {
  readonly roomId: string;
  readonly userId: string;
  /** Default: `main`. */
  readonly camera?: "main" | "pc";
  /** Whether to end at once if the camera does not publish. Default: no, it waits until the camera does. */
  readonly ifPublished?: boolean;
}

export interface ListenOptions extends Options {
  readonly roomId: string;
}

export interface TalkOptions extends Options {
  readonly roomId: string;
  /** The examinee to talk to. */
  readonly userId: string;
}

/** The client, as far as it is used here. */
type Client = Pick<InvigilClient, "stream">;

interface Grant {
  readonly url: string;
  readonly token: string;
  readonly iceServers: readonly { readonly urls: string[] }[];
}

/** An answer with the candidates of one transport alone: `a=candidate:1 1 udp 2130706431 …` */
const withOnly = (transport: "udp" | "tcp", sdp: string): string =>
  sdp
    .split("\n")
    .filter((line) => !line.startsWith("a=candidate:") || line.split(" ")[2]?.toLowerCase() === transport)
    .join("\n");

/** The longest pause between two attempts. */
const MAX_PAUSE_MS = 8_000;
/** How often it is looked whether anything arrives. After two looks without, ICE is restarted: browsers notice after seven seconds. */
const LOOK_MS = 1_000;
const FRAGMENT = "application/trickle-ice-sdpfrag";
/** How long a restart may take before everything begins again. */
const RESTART_MS = 5_000;
/** How long the server may take to answer an offer. */
const ANSWER_MS = 15_000;
/** How long a grant is used: its token is valid for a minute. */
const GRANT_MS = 50_000;
/** The most people whose streams a call may ask for. */
const MAX_WATCHED = 100;

/** Errors after which nothing is tried again. */
const FINAL = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "ROOM_ENDED",
  "ROOM_NOT_FOUND",
  "PARTICIPANT_NOT_FOUND",
  "PARTICIPANT_CONFLICT",
  "PROVIDER_NOT_CONFIGURED",
] as const;
const isFinal = (error: unknown): error is Error => FINAL.some((code) => isInvigilError(error, code));

/** The server refused an offer. */
class Refused extends Error {
  /** When to try again with the same grant, in seconds. 0: with another one. */
  readonly retryAfter: number;
  /** The envelope of the answer, whose `reason` is a code. */
  readonly data: unknown;
  constructor({ status, headers }: Response, data: unknown) {
    super(`The stream was refused with ${status}.`);
    this.retryAfter = Number(headers.get("retry-after"));
    this.data = data;
  }
}

/** Resolves after a time, or when the signal is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });

const run = (
  { onChange, transport: only }: Options,
  /** Undefined: there is nothing to do. */
  grantOf: () => Promise<Grant | undefined>,
  prepare: (connection: RTCPeerConnection) => void,
): MediaStreaming => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const streaming = {
    state: "connecting" as StreamState,
    error: undefined as Error | undefined,
    connection: undefined as RTCPeerConnection | undefined,
    stop: () => {
      stopping.abort();
      set("ended");
    },
  };
  const set = (state: StreamState): void => {
    if (streaming.state === state || streaming.state === "ended") return;
    streaming.state = state;
    onChange?.(streaming);
  };
  /** The id of the first media session. */
  let first: string | undefined;
  let kept: { readonly grant: Grant; readonly until: number } | undefined;
  const granted = async (): Promise<Grant | undefined> => {
    const now = performance.now();
    if (kept && now < kept.until) return kept.grant;
    const grant = await grantOf();
    kept = grant && { grant, until: now + GRANT_MS };
    return grant;
  };
  /** Takes an answer. Its candidates are the addresses of the media server. */
  const accept = async (connection: RTCPeerConnection, answer: Response): Promise<void> => {
    const sdp = await answer.text();
    await connection.setRemoteDescription({
      type: "answer",
      sdp: only ? withOnly(only, sdp) : sdp,
    });
  };
  const send = (method: string, url: string, grant: Grant, type?: string, body?: string) =>
    fetch(url, {
      method,
      headers: { authorization: `Bearer ${grant.token}`, ...(type && { "content-type": type }) },
      ...(body !== undefined && { body }),
      // The page may be about to close.
      keepalive: method === "DELETE",
      // A stop does not cancel an offer: without the answer, its media session could not be ended.
      signal: AbortSignal.timeout(ANSWER_MS),
    });

  /** Connects, and resolves when the connection is lost for good. Returns whether packets could travel. */
  const once = async (): Promise<boolean> => {
    const grant = await granted();
    if (!grant) stopping.abort();
    if (!grant || signal.aborted) return false;
    const connection = new RTCPeerConnection({ iceServers: [...grant.iceServers] });
    streaming.connection = connection;
    const closing = new AbortController();
    const listening = { signal: closing.signal };
    let lose = (): void => undefined;
    const lost = new Promise<void>((resolve) => {
      lose = resolve;
    });
    let session: string | undefined;
    let late: ReturnType<typeof setTimeout> | undefined;
    let wasLive = false;
    let isRestarting = false;
    const restart = async (): Promise<void> => {
      if (isRestarting) return;
      isRestarting = true;
      set("connecting");
      late = setTimeout(lose, RESTART_MS);
      try {
        const fresh = await granted();
        if (!fresh || session === undefined) return lose();
        connection.restartIce();
        await connection.setLocalDescription();
        const answer = await send("PATCH", session, fresh, FRAGMENT, connection.localDescription?.sdp);
        if (!answer.ok) return lose();
        await accept(connection, answer);
      } catch {
        lose();
      }
    };
    const live = (): void => {
      clearTimeout(late);
      isRestarting = false;
      wasLive = true;
      set("live");
    };
    let received = 0;
    let silentLooks = 0;
    const looking = setInterval(async () => {
      const before = received;
      // Safe: statistics of this type have these members.
      for (const one of (await connection.getStats()).values() as Iterable<RTCTransportStats>)
        if (one.type === "transport") received = one.bytesReceived ?? 0;
      silentLooks = received === before ? silentLooks + 1 : 0;
      if (received > before && isRestarting) live();
      else if (received > 0 && silentLooks > 1) void restart();
    }, LOOK_MS);
    try {
      prepare(connection);
      signal.addEventListener(
        "abort",
        () => {
          connection.close();
          lose();
        },
        listening,
      );
      connection.addEventListener(
        "connectionstatechange",
        () => {
          const state = connection.connectionState;
          if (state === "connected") live();
          else if (state === "failed" && isRestarting) lose();
          else if (state === "failed" || state === "disconnected") void restart();
        },
        listening,
      );
      await connection.setLocalDescription();
      const transport = connection.getSenders()[0]?.transport;
      // The server closed it.
      transport?.addEventListener("statechange", () => transport.state === "closed" && lose(), listening);
      const response = await send(
        "POST",
        // So that a newer page of the same person keeps the stream.
        first === undefined ? grant.url : `${grant.url}?after=${first}`,
        grant,
        "application/sdp",
        connection.localDescription?.sdp,
      );
      // A conflict is final. Other refusals may be those of a grant that is too old.
      if (!response.ok)
        throw new Refused(response, response.status === 409 ? await response.json() : undefined);
      session = new URL(response.headers.get("location") ?? "", response.url).href;
      first ??= session.slice(session.lastIndexOf("/") + 1);
      await accept(connection, response);
      await lost;
    } finally {
      clearTimeout(late);
      clearInterval(looking);
      closing.abort();
      connection.close();
      streaming.connection = undefined;
      if (session !== undefined) send("DELETE", session, grant).catch(() => undefined);
    }
    return wasLive;
  };

  const keep = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      let wait = 0;
      try {
        failures = (await once()) ? 0 : failures + 1;
      } catch (error) {
        if (isFinal(error)) {
          streaming.error = error;
          break;
        }
        if (error instanceof Refused) wait = error.retryAfter * 1000;
        failures += 1;
      }
      // What has failed may need another right, or none may be given any more.
      if (wait === 0) kept = undefined;
      if (signal.aborted) break;
      set("connecting");
      await pause(wait || Math.min(MAX_PAUSE_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
    }
    set("ended");
  };
  void keep();
  return streaming;
};

const sendAll =
  (source: MediaStream) =>
  (connection: RTCPeerConnection): void => {
    for (const track of source.getTracks())
      connection.addTransceiver(track, { direction: "sendonly", streams: [source] });
  };

/**
 * Publishes the caller's camera, and publishes it again whenever the connection is lost, until it is stopped or not allowed any more.
 *
 * @example
 * const camera = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
 * const publishing = publish(client, camera, { roomId });
 */
export const publish = (
  client: Client,
  source: MediaStream,
  { roomId, camera = "main", isTest = false, ...options }: PublishOptions,
): MediaStreaming =>
  run(options, () => client.stream.publish.mutate({ roomId, camera, isTest }), sendAll(source));

/**
 * Lets a teacher or administrator talk to an examinee, whom alone they are heard by, until it is stopped or not allowed any more. While another
 * member of staff talks to the person, it ends with the error `PARTICIPANT_CONFLICT`.
 *
 * @param source the microphone
 */
export const talk = (
  client: Client,
  source: MediaStream,
  { roomId, userId, ...options }: TalkOptions,
): MediaStreaming => run(options, () => client.stream.talk.mutate({ roomId, userId }), sendAll(source));

const receive =
  (target: MediaStream, kinds: readonly ("video" | "audio")[]) =>
  (connection: RTCPeerConnection): void => {
    for (const track of target.getTracks()) target.removeTrack(track);
    connection.addEventListener("track", ({ track }) => target.addTrack(track));
    for (const kind of kinds) connection.addTransceiver(kind, { direction: "recvonly" });
  };

type WatchGrants = RouterOutputs["stream"]["watch"];
interface Batch {
  readonly userIds: Set<string>;
  readonly grants: Promise<WatchGrants>;
}
/** Calls of `stream.watch` that are about to be made, by room. */
const batches = new WeakMap<Client, Map<string, Batch>>();

/** Asks for the streams of a person. What is asked for at the same time travels in one call. */
const grantsOf = (client: Client, roomId: string, userId: string): Promise<WatchGrants> => {
  const rooms = batches.get(client) ?? new Map<string, Batch>();
  batches.set(client, rooms);
  const begin = (): Batch => {
    const userIds = new Set<string>();
    const grants = new Promise((resolve) => setTimeout(resolve)).then(() => {
      if (rooms.get(roomId)?.userIds === userIds) rooms.delete(roomId);
      return client.stream.watch.mutate({ roomId, userIds: [...userIds] });
    });
    const batch = { userIds, grants };
    rooms.set(roomId, batch);
    return batch;
  };
  const open = rooms.get(roomId);
  const { userIds, grants } = open && open.userIds.size < MAX_WATCHED ? open : begin();
  userIds.add(userId);
  return grants.catch((error: unknown) => {
    // One who is not in the room any more is no reason to see none of the others.
    if (userIds.size > 1 && isInvigilError(error, "PARTICIPANT_NOT_FOUND"))
      return client.stream.watch.mutate({ roomId, userIds: [userId] });
    throw error;
  });
};

/**
 * Watches a person's camera, and goes on whenever it is published again, until it is stopped or not allowed any more. Cameras of a room
 * that are watched from the same moment on share a call.
 *
 * @param target receives the tracks; set it as the `srcObject` of a video element
 */
export const watch = (
  client: Client,
  target: MediaStream,
  { roomId, userId, camera = "main", ifPublished = false, ...options }: WatchOptions,
): MediaStreaming =>
  run(
    options,
    async () => {
      const { streams, iceServers } = await grantsOf(client, roomId, userId);
      const stream = streams.find((one) => one.userId === userId && one.camera === camera);
      return stream && (stream.isPublished || !ifPublished) ? { ...stream, iceServers } : undefined;
    },
    receive(target, ["video", "audio"]),
  );

/**
 * Hears the member of staff who talks to the caller, an examinee, until it is stopped or not allowed any more. `talks` of the live room says
 * when there is one. Tell the server by `stream.reportHeard` whether the audio element plays: until it does, staff see that they are not heard.
 *
 * @param target receives the track. Set it as the `srcObject` of an audio element each time that the state is `live`: Chromium plays no track
 * that is added to a stream without one
 */
export const listen = (
  client: Client,
  target: MediaStream,
  { roomId, ...options }: ListenOptions,
): MediaStreaming => run(options, () => client.stream.listen.mutate({ roomId }), receive(target, ["audio"]));
