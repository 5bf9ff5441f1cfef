import { monitorEventLoopDelay } from "node:perf_hooks";
import { MediaStreamTrack, type RTCPeerConnection, type RtpPacket } from "werift";
import { type Budget, createBudget } from "./budget.js";
import type {
  Command,
  EndReason,
  Measures,
  MediaServerOptions,
  Message,
  Refusal,
  Reply,
} from "./messages.js";
import { InvalidOffer, type Kind, readFragment, readOffer, type VideoCodec } from "./offer.js";
import { guardRepeats } from "./rtcp-guard.js";
import { openSession, PortInUse, restart, type Session, type SessionOptions } from "./session.js";

// The streams that are published now, and those who watch them. Packets go from a publisher to its watchers as they are.

const SECOND_MS = 1000;
/** A stream of which nothing has arrived for so long is not published. */
const SILENT_MS = 4000;
/** The most that a publisher may send, and that a watcher is sent with what it asks for again: in bits a second, for this many seconds. */
const MAX_STREAM_BITS = 1_500_000;
const STREAM_SECONDS = 3;

/** A peer that watches. */
interface Watcher {
  readonly session: Session;
  readonly tracks: Readonly<Record<Kind, MediaStreamTrack>>;
  /** Bits that it may be sent. */
  readonly budget: Budget;
}
interface Stream {
  readonly name: string;
  publisher: Session;
  /** Undefined: it has no video. */
  codec: VideoCodec | undefined;
  readonly watchers: Map<string, Watcher>;
  /** Asks the publisher for a whole picture. */
  askPicture: () => void;
  askedAt: number;
  isAsked: boolean;
  lastPacketAt: number;
  isPublishing: boolean;
  /** Bits in each of the last seconds, the newest first. */
  received: number[];
  /** Kinds whose next packet is the first one of another publisher. */
  readonly changed: Set<Kind>;
}

/** An error that a command is answered with. */
class Refused extends Error {
  constructor(
    readonly refusal: Refusal,
    message: string,
  ) {
    super(message);
  }
}

/** Creates the media server of a process. `send` tells the server that runs it what happens. */
export const createStreams = (settings: MediaServerOptions, send: (message: Message) => void) => {
  const streams = new Map<string, Stream>();
  /** Media sessions by their ids, with the stream of each. */
  const sessions = new Map<
    string,
    {
      readonly session: Session;
      readonly stream: string;
      readonly isPublisher: boolean;
      /** Resolves when its port is free. */
      readonly released: Promise<void>;
    }
  >();
  const total = { receivedPackets: 0, receivedBytes: 0, sentPackets: 0, sentBytes: 0 };
  const [firstPort, lastPort] = settings.ports;
  /** The one that has been free for longest comes first. */
  const freePorts = Array.from({ length: lastPort - firstPort + 1 }, (_, index) => firstPort + index);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let sentBitsNow = 0;
  let sentBitsBefore = 0;

  const setPublishing = (stream: Stream, isPublishing: boolean): void => {
    if (stream.isPublishing === isPublishing) return;
    stream.isPublishing = isPublishing;
    send({ stream: stream.name, isPublishing });
  };
  /** At most once a second: what is asked for before is asked for then. */
  const askPicture = (stream: Stream): void => {
    const wait = stream.askedAt + SECOND_MS - performance.now();
    if (wait > 0) {
      stream.isAsked = true;
      return;
    }
    stream.askedAt = performance.now();
    stream.isAsked = false;
    stream.askPicture();
  };

  const countSent = (bytes: number): void => {
    total.sentPackets += 1;
    total.sentBytes += bytes;
    sentBitsNow += bytes * 8;
  };
  const forward = (stream: Stream, kind: Kind, packet: RtpPacket): void => {
    stream.lastPacketAt = performance.now();
    total.receivedPackets += 1;
    // Extensions are numbered differently for each peer.
    packet.header.extensions = [];
    const bytes = packet.serialize();
    total.receivedBytes += bytes.length;
    stream.received[0] = (stream.received[0] ?? 0) + bytes.length * 8;
    setPublishing(stream, true);
    const isChanged = stream.changed.delete(kind);
    for (const { tracks, budget } of stream.watchers.values()) {
      const track = tracks[kind];
      if (isChanged) track.onSourceChanged.execute(packet.header);
      // As bytes, because each watcher writes its own numbers into the header.
      track.writeRtp(bytes);
      budget.spend(bytes.length * 8);
      countSent(bytes.length);
    }
  };

  const endStream = (name: string): void => {
    const stream = streams.get(name);
    if (!stream) return;
    streams.delete(name);
    setPublishing(stream, false);
    for (const { session } of stream.watchers.values()) session.close("unpublished");
  };
  const ended = (id: string, reason: EndReason): void => {
    const known = sessions.get(id);
    if (!known) return;
    sessions.delete(id);
    if (!known.isPublisher) streams.get(known.stream)?.watchers.delete(id);
    // Those who watch wait for the next publisher.
    else if (reason !== "replaced") endStream(known.stream);
    send({ ended: id, reason });
  };

  const open = async (
    id: string,
    stream: string,
    options: Pick<SessionOptions, "offer" | "codec" | "prepare" | "connected"> & {
      readonly isPublisher: boolean;
    },
  ): Promise<string> => {
    for (let tries = freePorts.length; tries > 0; tries -= 1) {
      const port = freePorts.shift();
      if (port === undefined) break;
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        release = () => {
          freePorts.push(port);
          resolve();
        };
      });
      try {
        const session = await openSession({ ...options, id, settings, port, ended, released: release });
        sessions.set(id, { session, stream, isPublisher: options.isPublisher, released });
        return session.answer;
      } catch (error) {
        if (!(error instanceof PortInUse)) throw error;
      }
    }
    throw new Refused("full", "all ports of the media server are in use");
  };

  /** Receives the tracks of a publisher. An earlier one goes first, so that what is published takes one port, however often it is offered. */
  const publish = async (id: string, name: string, text: string): Promise<string> => {
    const offer = readOffer(text, "publish");
    const codec = offer.video?.[0];
    if (offer.video && !codec) throw new Refused("unsupported", "m=video must offer VP8 or H264");
    const replaced = [...sessions.values()].filter((known) => known.isPublisher && known.stream === name);
    for (const { session } of replaced) session.close("replaced");
    if (freePorts.length === 0 && replaced.length > 0) {
      // The offers of others wait meanwhile, so not for long.
      const late = new Promise((resolve) => setTimeout(resolve, SECOND_MS));
      await Promise.race([...replaced.map(({ released }) => released), late]);
    }
    let stream: Stream | undefined;
    const answer = open(id, name, {
      isPublisher: true,
      offer,
      codec,
      prepare: (connection) => {
        connection.onTrack.subscribe((track) => {
          const { kind } = track;
          if (kind !== "audio" && kind !== "video") return;
          track.onReceiveRtp.subscribe((packet) => {
            if (stream?.publisher.id === id) forward(stream, kind, packet);
          });
        });
      },
      connected: (publisher) => {
        if (stream) return;
        stream = take(name, publisher);
        if (stream.watchers.size > 0) askPicture(stream);
      },
    });
    answer.catch(() => endStream(name));
    return answer;
  };
  const pictureOf = (connection: RTCPeerConnection) => (): void => {
    for (const { kind, receiver } of connection.getTransceivers())
      if (kind === "video" && receiver.track.ssrc !== undefined)
        void receiver.sendRtcpPLI(receiver.track.ssrc);
  };
  const take = (name: string, publisher: Session): Stream => {
    const { codec, connection } = publisher;
    const before = streams.get(name);
    if (before) {
      before.publisher = publisher;
      before.askPicture = pictureOf(connection);
      before.askedAt = 0;
      before.changed.add("audio").add("video");
      if (before.codec !== codec)
        for (const { session } of before.watchers.values()) session.close("unpublished");
      before.codec = codec;
      return before;
    }
    const stream: Stream = {
      name,
      publisher,
      codec,
      watchers: new Map(),
      askPicture: pictureOf(connection),
      askedAt: 0,
      isAsked: false,
      lastPacketAt: performance.now(),
      isPublishing: false,
      received: [],
      changed: new Set(),
    };
    streams.set(name, stream);
    return stream;
  };

  const watch = async (id: string, name: string, text: string): Promise<string> => {
    const offer = readOffer(text, "watch");
    const stream = streams.get(name);
    if (!stream) throw new Refused("notPublished", `the stream ${name} is not published`);
    const { codec } = stream;
    // Who asks for video of a stream without gets the sound, and a track on which nothing arrives.
    const answered = codec ?? offer.video?.[0];
    if (offer.video && !(answered && offer.video.includes(answered)))
      throw new Refused("unsupported", `the stream ${name} is sent as ${codec ?? "VP8 or H264"}`);
    if (Math.max(sentBitsNow, sentBitsBefore) > settings.maxSentBits)
      throw new Refused("full", "the media server sends as much as it may");
    const tracks = {
      audio: new MediaStreamTrack({ kind: "audio" }),
      video: new MediaStreamTrack({ kind: "video" }),
    };
    const budget = createBudget(MAX_STREAM_BITS, STREAM_SECONDS);
    const maySendAgain = (bytes: number): boolean => {
      if (!budget.take(bytes * 8)) return false;
      countSent(bytes);
      return true;
    };
    return open(id, name, {
      isPublisher: false,
      offer,
      codec: answered,
      prepare: (connection) => {
        for (const { kind } of offer.media) {
          const { sender } = connection.addTransceiver(tracks[kind], { direction: "sendonly" });
          guardRepeats(sender, maySendAgain);
          if (kind === "video")
            sender.onPictureLossIndication.subscribe(() => {
              const now = streams.get(name);
              if (now) askPicture(now);
            });
        }
      },
      connected: (watcher) => {
        const now = streams.get(name);
        if (!now || now.codec !== codec) return watcher.close("unpublished");
        if (now.watchers.has(id)) return;
        now.watchers.set(id, { session: watcher, tracks, budget });
        askPicture(now);
      },
    });
  };

  const measure = (): Measures => {
    const { user, system } = process.cpuUsage();
    const longestDelayMs = delay.max / 1e6;
    delay.reset();
    const publishers = [...sessions.values()].filter(({ isPublisher }) => isPublisher).length;
    return {
      publishers,
      watchers: sessions.size - publishers,
      ...total,
      handles: process.getActiveResourcesInfo().length,
      memoryBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      longestDelayMs,
    };
  };

  // One after the other: each takes some milliseconds, in which nothing is forwarded.
  let opening: Promise<unknown> = Promise.resolve();
  const run = async (command: Command): Promise<Reply> => {
    switch (command.do) {
      case "open": {
        const { session, stream, role, offer } = command;
        const answer = opening.then(() => (role === "publish" ? publish : watch)(session, stream, offer));
        opening = answer.catch(() => undefined);
        return { answer: await answer };
      }
      case "restart": {
        const known = sessions.get(command.session);
        if (!known) throw new Refused("unknown", "there is no such media session");
        return { answer: await restart(known.session, readFragment(command.fragment), settings.host) };
      }
      case "close":
        sessions.get(command.session)?.session.close("closed");
        return { done: true };
      case "keep": {
        const kept = new Set(command.sessions);
        for (const [id, { session }] of sessions) if (!kept.has(id)) session.close("closed");
        return { done: true };
      }
      case "measure":
        return { measures: measure() };
    }
  };

  setInterval(() => {
    sentBitsBefore = sentBitsNow;
    sentBitsNow = 0;
    for (const stream of streams.values()) {
      if (performance.now() - stream.lastPacketAt > SILENT_MS) setPublishing(stream, false);
      if (stream.isAsked) askPicture(stream);
      const sum = stream.received.reduce((one, other) => one + other, 0);
      if (sum > MAX_STREAM_BITS * STREAM_SECONDS) stream.publisher.close("tooMuch");
      stream.received = [0, ...stream.received.slice(0, STREAM_SECONDS - 1)];
    }
  }, SECOND_MS);

  return async (command: Command): Promise<void> => {
    let reply: Reply;
    try {
      reply = await run(command);
    } catch (error) {
      if (error instanceof Refused) reply = { refused: error.refusal, why: error.message };
      else if (error instanceof InvalidOffer) reply = { refused: "invalid", why: error.message };
      // The library's own errors: an offer that it does not take.
      else reply = { refused: "full", why: error instanceof Error ? error.message : String(error) };
    }
    send({ number: command.number, reply });
  };
};
