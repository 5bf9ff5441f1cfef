import { randomBytes } from "node:crypto";
import type {
  ListenGrant,
  ListTalksInput,
  PublishGrant,
  PublishStreamInput,
  ReportHeardInput,
  StreamAction,
  TalkPage,
  WatchGrants,
  WatchStreamsInput,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { SeatKey } from "../../domain/seats.js";
import type { Principal } from "../../identity/tokens.js";
import { tokenEnded } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, roomEnded } from "../../platform/errors.js";
import type { Meters } from "../../platform/meters.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import { streamName } from "../../providers/stream-name.js";
import type { MediaServer } from "../../providers/types.js";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import type { AccessService } from "../access/service.js";
import type { ParticipantService } from "../participant/service.js";
import { type MediaHolder, type MediaRight, type MediaTokens, TOKEN_SECONDS } from "./media-tokens.js";
import { assertMay } from "./rules.js";
import type { StreamService } from "./service.js";
import type { TalkStore } from "./talks-store.js";

/** How often it is checked whether those who publish and watch still may. */
const RECHECK_MS = 5_000;
const MINUTE_MS = 60_000;
/** How often one person may begin a media session for one room, and each may restart ICE, in a minute. */
const MAX_OFFERS = 10;
/** How many media sessions may watch one person. */
const MAX_WATCHERS = 20;
const CAMERAS = ["main", "pc"] as const;
/**
 * How many media sessions one person may have for one stream: they hear a talk at the device of each camera, and staff watch in several
 * windows. The earliest goes for another one.
 */
const mostOf = ({ role, camera }: MediaRight): number =>
  role === "publish" ? 1 : camera === "talk" ? CAMERAS.length : 4;

/** Players ask again after a second, so that a camera is seen soon after it publishes. In a room that has ended, none does. */
const notPublished = (stream: string, { status }: Pick<Opened<"room">, "status">): InvigilError =>
  new InvigilError("STREAM_NOT_FOUND", `The stream ${stream} is not published.`, {
    retryAfterSeconds: status === "ended" ? 30 : 1,
  });
/** Begin the names of the streams of talks and of tests. No id of an exam contains `~`, so no camera has such a name. */
const TALK = "talk~";
const TEST = "test~";
const isOfCamera = (name: string): boolean => !name.startsWith(TALK) && !name.startsWith(TEST);
const nameOf = (
  { examId, roomId, userId }: SeatKey,
  { camera, isTest }: Pick<MediaRight, "camera" | "isTest">,
): string =>
  camera === "talk"
    ? TALK + streamName({ examId, roomId, userId, camera: "main" })
    : (isTest ? TEST : "") + streamName({ examId, roomId, userId, camera });

/** A media session that has begun. */
interface MediaSession extends MediaHolder {
  readonly id: string;
  readonly examId: string;
  readonly stream: string;
  /** The first media session of the page, which comes again when it has lost its connection. */
  readonly first: string;
}

export type MediaService = ReturnType<typeof createMediaService>;

/** Lets browsers publish and watch by the media server, for as long as they may. */
export const createMediaService = ({
  media,
  tokens,
  access,
  participant,
  stream,
  talks,
  rates,
  publicUrl,
  clock,
  monotonic,
  meters,
  log,
}: {
  readonly media: MediaServer | undefined;
  readonly tokens: MediaTokens;
  readonly access: Pick<AccessService, "confirm" | "seatIn">;
  readonly participant: Pick<ParticipantService, "members">;
  readonly stream: Pick<StreamService, "record" | "stopAll">;
  readonly talks: TalkStore;
  readonly rates: Pick<RateLimits, "takeChange">;
  readonly publicUrl: () => string;
  readonly clock: () => Date;
  readonly monotonic: () => number;
  readonly meters?: Pick<Meters, "mediaFailures"> | undefined;
  readonly log: Pick<FastifyBaseLogger, "info" | "error">;
}) => {
  const sessions = new Map<string, MediaSession>();
  /** The streams that arrive now. */
  const publishing = new Set<string>();
  /** With whom a talk goes on, by its stream. */
  const talking = new Map<string, SeatKey>();
  /** When each person last began media sessions for a room, and each media session last restarted ICE. */
  const offers = new Map<string, number[]>();

  /** The media sessions that publish a stream. Until the media server has replaced one by another, there are two. */
  const publishersOf = (name: string): MediaSession[] =>
    [...sessions.values()].filter(({ stream: of, right }) => of === name && right.role === "publish");

  const configured = (): MediaServer => {
    if (!media)
      throw new InvigilError(
        "PROVIDER_NOT_CONFIGURED",
        "Browsers cannot publish here: another service carries the streams (INVIGIL_STREAM_SERVICE).",
      );
    return media;
  };

  /** @throws PARTICIPANT_NOT_FOUND, ROOM_ENDED unless the person sits the exam in the room */
  const assertListener = async (roomId: string, userId: string): Promise<void> => {
    const seat = await access.seatIn(roomId, userId);
    if (seat?.role !== "examinee")
      throw new InvigilError("PARTICIPANT_NOT_FOUND", `${userId} is no examinee of the room ${roomId}.`);
    if (seat.room.status === "ended") throw roomEnded(roomId);
  };
  /** @throws PARTICIPANT_CONFLICT if another member of the staff talks to the person */
  const assertAlone = (caller: Principal, name: string): void => {
    for (const { caller: talker, right } of publishersOf(name))
      if (talker.userId !== caller.userId)
        throw new InvigilError(
          "PARTICIPANT_CONFLICT",
          `${talker.userId} is talking to ${right.userId} already.`,
        );
  };
  /** Opens the room of a right again. @throws UNAUTHENTICATED, and what the rule of the room throws */
  const roomOf = async ({ caller, right: { roomId } }: MediaHolder): Promise<Opened<"room">> => {
    const rights = await access.confirm(caller, "room", { roomId });
    if (typeof rights === "string") throw tokenEnded(caller, rights);
    return rights.look(caller, "room", { roomId });
  };
  /** Checks a right again. @throws what `roomOf` throws, FORBIDDEN, PARTICIPANT_NOT_FOUND, ROOM_ENDED */
  const opened = async (holder: MediaHolder, found = roomOf(holder)): Promise<Opened<"room">> => {
    const { caller, right } = holder;
    const room = await found;
    assertMay(caller, right, room);
    if (right.camera === "talk" && right.role === "publish") await assertListener(room.id, right.userId);
    return room;
  };

  const record = (name: string, action: StreamAction): void => {
    stream.record({ stream: name, action, eventTime: clock() }).catch((error: unknown) => {
      log.error({ err: error, stream: name }, "the status of a stream could not be stored");
    });
  };
  let talkWrites: Promise<unknown> = Promise.resolve();
  /** Writes the beginnings and ends of talks in their order. */
  const writeTalk = (name: string, write: () => Promise<void>): void => {
    talkWrites = talkWrites.then(write).catch((error: unknown) => {
      log.error({ err: error, stream: name }, "a talk could not be stored");
    });
  };
  const setTalking = (name: string, isTalking: boolean): void => {
    const known = talking.get(name);
    const now = clock();
    if (!isTalking) {
      talking.delete(name);
      if (known) writeTalk(name, () => talks.end(known, now));
      return;
    }
    const [session] = publishersOf(name);
    if (!session) return;
    const { examId, caller, right } = session;
    const seat = { examId, roomId: right.roomId, userId: right.userId };
    talking.set(name, seat);
    writeTalk(name, () => talks.begin(seat, caller.userId, now));
  };
  const setPublishing = (name: string, isPublishing: boolean): void => {
    if (publishing.has(name) === isPublishing) return;
    if (isPublishing) publishing.add(name);
    else publishing.delete(name);
    if (name.startsWith(TALK)) setTalking(name, isPublishing);
    else if (isOfCamera(name)) record(name, isPublishing ? "publish" : "publish_done");
  };
  media?.listen({
    publishing: setPublishing,
    ended(id, reason) {
      const session = sessions.get(id);
      if (!session) return;
      sessions.delete(id);
      log.info({ mediaSession: id, stream: session.stream, reason }, "media session ended");
    },
    failed() {
      if (meters) meters.mediaFailures.value += 1;
      sessions.clear();
      for (const name of publishing) setPublishing(name, false);
    },
  });

  const end = async (id: string): Promise<void> => {
    if (!sessions.delete(id)) return;
    await media?.end(id);
  };
  /**
   * Returns the media sessions that go for another one of a person. One that comes again takes the place of its own earlier one, and not of
   * what another page of the person has begun since: otherwise, two pages would take it from each other for ever.
   * @throws PARTICIPANT_CONFLICT
   */
  const goingFor = ({ caller, right }: MediaHolder, name: string, after: string | undefined): string[] => {
    const own = [...sessions.values()].filter(
      (one) => one.stream === name && one.right.role === right.role && one.caller.userId === caller.userId,
    );
    const others = own.filter(({ first }) => first !== after);
    const tooMany = Math.max(0, others.length + 1 - mostOf(right));
    if (after !== undefined && tooMany > 0)
      throw new InvigilError("PARTICIPANT_CONFLICT", "Another page of yours has begun this stream since.");
    return [...own.filter(({ first }) => first === after), ...others.slice(0, tooMany)].map(({ id }) => id);
  };
  const recheck = createRepeatedWork({
    intervalMs: RECHECK_MS,
    waitsFirst: true,
    async run(isStopping) {
      /** Of one caller there, who may watch all people of a room. */
      const rooms = new Map<string, Promise<Opened<"room">>>();
      for (const session of sessions.values()) {
        if (isStopping()) return;
        const key = JSON.stringify([session.caller, session.right.roomId]);
        const room = rooms.get(key) ?? roomOf(session);
        rooms.set(key, room);
        try {
          await opened(session, room);
        } catch (error) {
          // While the database does not answer, what was allowed goes on.
          if (error instanceof DatabaseUnavailableError) break;
          log.info({ mediaSession: session.id, stream: session.stream, err: error }, "media session is over");
          sessions.delete(session.id);
        }
      }
      // It also ends what was to end earlier, and has not.
      await media?.keep([...sessions.keys()]);
      const since = monotonic() - MINUTE_MS;
      for (const [key, times] of offers) if (times.every((time) => time < since)) offers.delete(key);
    },
    onFailure: (error) => log.error({ err: error }, "media sessions could not be checked"),
  });

  /** @throws TOO_MANY_REQUESTS */
  const countOf = (key: string, what: string): void => {
    const now = monotonic();
    const times = (offers.get(key) ?? []).filter((time) => time > now - MINUTE_MS);
    if (times.length >= MAX_OFFERS)
      throw new InvigilError("TOO_MANY_REQUESTS", `At most ${MAX_OFFERS} ${what} in a minute.`, {
        retryAfterSeconds: Math.ceil(((times[0] ?? now) + MINUTE_MS - now) / 1000),
        limit: "media sessions",
      });
    offers.set(key, [...times, now]);
  };
  /** @throws TOO_MANY_REQUESTS */
  const countOffer = ({ caller, right: { roomId, role, userId, camera } }: MediaHolder): void => {
    const isTalk = camera === "talk";
    countOf(
      JSON.stringify([caller.userId, roomId, role, isTalk, (isTalk || role === "watch") && userId]),
      "media sessions may begin",
    );
    if (role !== "watch" || isTalk) return;
    const watchers = [...sessions.values()].filter(
      ({ right }) => right.role === "watch" && right.camera !== "talk" && right.userId === userId,
    );
    if (watchers.length >= MAX_WATCHERS * CAMERAS.length)
      throw new InvigilError("TOO_MANY_REQUESTS", `${userId} is watched by ${MAX_WATCHERS} people already.`, {
        retryAfterSeconds: 10,
        limit: "watchers",
      });
  };

  const urlOf = (protocol: "whip" | "whep", name: string, base = publicUrl()): string =>
    `${base}/media/${protocol}/${encodeURIComponent(name)}`;
  const grant = async (
    protocol: "whip" | "whep",
    seat: SeatKey,
    holder: MediaHolder,
    base: string | undefined,
  ): Promise<PublishGrant> => {
    const expiresAt = expiry();
    return {
      url: urlOf(protocol, nameOf(seat, holder.right), base),
      token: await tokens.sign(holder, expiresAt),
      iceServers: [],
      expiresAt,
    };
  };
  const expiry = (): Date => new Date((Math.floor(clock().getTime() / 1000) + TOKEN_SECONDS) * 1000);

  return {
    start: async (): Promise<void> => {
      if (!media) return;
      // A process that was killed has left some.
      await stream.stopAll();
      for (const seat of await talks.open()) await talks.end(seat, clock());
      recheck.start();
    },
    stop: async (): Promise<void> => {
      await recheck.stop();
      await media?.close();
      for (const name of talking.keys()) setTalking(name, false);
      await talkWrites;
      for (const name of publishing)
        if (isOfCamera(name))
          await stream.record({ stream: name, action: "publish_done", eventTime: clock() });
    },

    /**
     * Returns the right to publish one's own camera.
     * @param base see `Context.reachedAt`
     */
    async publish(
      caller: Principal,
      room: Opened<"room">,
      { camera, isTest }: PublishStreamInput,
      base?: string,
    ): Promise<PublishGrant> {
      configured();
      const { userId } = caller;
      const { examId, id: roomId } = room;
      const right: MediaRight = { role: "publish", roomId, userId, camera, isTest };
      assertMay(caller, right, room);
      return grant("whip", { examId, roomId, userId }, { caller, right }, base);
    },
    /** Returns the right to watch both cameras of people. */
    async watch(
      caller: Principal,
      room: Opened<"room">,
      { userIds }: WatchStreamsInput,
      base?: string,
    ): Promise<WatchGrants> {
      configured();
      const { examId, id: roomId } = room;
      const examinees = new Set(
        (await participant.members({ examId, roomId }, "examinee")).map(({ userId }) => userId),
      );
      const missing = userIds.find((userId) => !examinees.has(userId));
      if (missing !== undefined)
        throw new InvigilError("PARTICIPANT_NOT_FOUND", `${missing} is no examinee of the room ${roomId}.`);
      const expiresAt = expiry();
      const streams = userIds.flatMap((userId) =>
        CAMERAS.map(async (camera) => {
          const name = streamName({ examId, roomId, userId, camera });
          return {
            userId,
            camera,
            url: urlOf("whep", name, base),
            token: await tokens.sign({ caller, right: { role: "watch", roomId, userId, camera } }, expiresAt),
            isPublished: publishing.has(name),
          };
        }),
      );
      return { streams: await Promise.all(streams), iceServers: [], expiresAt };
    },

    /** Whether a camera of an exam is published by a media session. */
    isPublished: (examId: string): boolean =>
      [...sessions.values()].some((session) => session.examId === examId && session.right.role === "publish"),
    /** Returns the right to talk to an examinee of a room. */
    async talk(
      caller: Principal,
      room: Opened<"room">,
      userId: string,
      base?: string,
    ): Promise<PublishGrant> {
      configured();
      const { examId, id: roomId } = room;
      const right: MediaRight = { role: "publish", roomId, userId, camera: "talk" };
      assertMay(caller, right, room);
      await assertListener(roomId, userId);
      const seat = { examId, roomId, userId };
      assertAlone(caller, nameOf(seat, right));
      return grant("whip", seat, { caller, right }, base);
    },
    /** Returns the right to hear who talks to oneself. */
    async listen(caller: Principal, room: Opened<"room">, base?: string): Promise<ListenGrant> {
      configured();
      const { userId } = caller;
      const { examId, id: roomId } = room;
      const right: MediaRight = { role: "watch", roomId, userId, camera: "talk" };
      assertMay(caller, right, room);
      return grant("whep", { examId, roomId, userId }, { caller, right }, base);
    },
    /** Takes the report of an examinee's page whether it plays a talk with them. A talk that is over keeps what it was. */
    async reportHeard(
      caller: ActingCaller,
      room: Opened<"room">,
      { since, isHeard }: Omit<ReportHeardInput, "roomId">,
    ): Promise<true> {
      const { userId } = caller;
      const { examId, id: roomId } = room;
      assertMay(caller, { role: "watch", roomId, userId, camera: "talk" }, room);
      rates.takeChange({ caller, roomId, examId });
      await talks.hear({ examId, roomId, userId }, { since, isHeard }, { author: caller, now: clock() });
      return true;
    },
    listTalks: (
      { id: roomId, examId }: Opened<"room">,
      input: Omit<ListTalksInput, "roomId">,
    ): Promise<TalkPage> => talks.list({ examId, roomId }, input),

    /**
     * Begins a media session with the holder of a token.
     * @param of `after`: the first media session of the page, if it has had one
     * @throws UNAUTHENTICATED, FORBIDDEN, ROOM_ENDED, PARTICIPANT_CONFLICT, STREAM_NOT_FOUND, TOO_MANY_REQUESTS, INVALID_INPUT, PROVIDER_FAILED
     */
    async open(
      authorization: string | undefined,
      of: { readonly role: MediaRight["role"]; readonly stream: string; readonly after: string | undefined },
      readOffer: () => Promise<string>,
    ): Promise<{ readonly session: string; readonly answer: string }> {
      const server = configured();
      const holder = await tokens.verify(authorization);
      const room = await opened(holder);
      const { examId, id: roomId } = room;
      const { role, userId, camera } = holder.right;
      const name = nameOf({ examId, roomId, userId }, holder.right);
      if (role !== of.role || name !== of.stream)
        throw forbidden(
          `The token is not for ${of.role === "publish" ? "publishing" : "watching"} ${of.stream}.`,
        );
      // A player that waits for the camera asks again and again, and begins no media session.
      if (role === "watch" && publishersOf(name).length === 0) throw notPublished(name, room);
      if (camera === "talk" && role === "publish") assertAlone(holder.caller, name);
      countOffer(holder);
      const id = randomBytes(16).toString("hex");
      const offer = await readOffer();
      if (camera === "talk" && role === "publish") assertAlone(holder.caller, name);
      const going = goingFor(holder, name, of.after);
      sessions.set(id, { ...holder, id, examId, stream: name, first: of.after ?? id });
      try {
        // The media server itself ends what was published before.
        if (role === "watch") for (const earlier of going) await end(earlier);
        const answer = await server.open(id, role, name, offer);
        // The right may have ended while the offer waited. While the database does not answer, what was allowed goes on.
        await opened(holder).catch((error: unknown) => {
          if (!(error instanceof DatabaseUnavailableError)) throw error;
        });
        if (!sessions.has(id)) throw notPublished(name, room);
        return { session: id, answer };
      } catch (error) {
        sessions.delete(id);
        // If it cannot be ended now, the next check ends it.
        server.end(id).catch(() => undefined);
        throw error;
      }
    },
    /** Restarts ICE of a media session, whose peer has another network. */
    async restart(
      authorization: string | undefined,
      id: string,
      readFragment: () => Promise<string>,
    ): Promise<string> {
      const server = configured();
      const holder = await tokens.verify(authorization);
      assertOwn(holder, id);
      await opened(holder);
      countOf(id, "restarts of a media session may begin");
      return server.restart(id, await readFragment());
    },
    /** Ends a media session. */
    async end(authorization: string | undefined, id: string): Promise<void> {
      configured();
      assertOwn(await tokens.verify(authorization, { acceptsExpired: true }), id);
      await end(id);
    },
  };

  /** @throws STREAM_NOT_FOUND */
  function assertOwn({ caller, right }: MediaHolder, id: string): void {
    const session = sessions.get(id);
    const isOwn =
      session?.caller.userId === caller.userId && JSON.stringify(session.right) === JSON.stringify(right);
    if (!isOwn) throw new InvigilError("STREAM_NOT_FOUND", "There is no such media session of yours.");
  }
};
