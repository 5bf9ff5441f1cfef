import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it, vi } from "vitest";
import { ADDRESS, newPublisher, newViewer } from "../src/peers.js";
import { answerOf, publish, sending, startMediaServer, watch } from "./media-server.js";

const STREAM = "e1-main";
const WAIT = { timeout: 60_000, interval: 50 };

it.each([{ h264: false }, { h264: true }, { tcp: true }])(
  "forwards a stream to everyone who watches it, and says when it arrives: %j",
  async (options) => {
    await using server = await startMediaServer();
    await using publisher = await publish(server, "p1", STREAM, options);
    await using one = await watch(server, "w1", STREAM, options);
    await using other = await watch(server, "w2", STREAM, options);
    await sending(publisher, () => {
      for (const { received } of [one, other])
        expect(new Set(received.map(({ kind }) => kind))).toEqual(new Set(["video", "audio"]));
    });
    await server.heard({ stream: STREAM, isPublishing: true });
    expect(await server.measures()).toMatchObject({ publishers: 1, watchers: 2 });
  },
);

it("forwards a stream of sound alone, also to those who ask for video, and the sound alone of one with both", async () => {
  await using server = await startMediaServer();
  const kinds = ["audio"] as const;
  await using voice = await publish(server, "p1", "voice", { kinds });
  await using camera = await publish(server, "p2", STREAM);
  await using listener = await watch(server, "w1", "voice", { kinds });
  await using viewer = await watch(server, "w2", "voice");
  await using ofCamera = await watch(server, "w3", STREAM, { kinds });
  await vi.waitFor(() => {
    voice.send("audio");
    camera.send("audio");
    camera.send("video");
    for (const { received } of [listener, viewer, ofCamera]) expect(received.length).toBeGreaterThan(3);
  }, WAIT);
  for (const { received } of [listener, viewer, ofCamera])
    expect(new Set(received.map(({ kind }) => kind))).toEqual(new Set(["audio"]));
});

it("refuses to show a stream that is not published, or that the viewer cannot decode", async () => {
  await using server = await startMediaServer();
  await using viewer = await newViewer();
  expect(await server.open("watch", "w1", STREAM, viewer.offer)).toMatchObject({ refused: "notPublished" });
  await using _ = await publish(server, "p1", STREAM, { h264: true });
  await vi.waitFor(
    async () =>
      expect(await server.open("watch", "w1", STREAM, viewer.offer)).toMatchObject({
        refused: "unsupported",
      }),
    WAIT,
  );
});

it("ends media sessions when it is told to, and those that watch what has ended", async () => {
  await using server = await startMediaServer();
  const before = await server.measures();
  await using publisher = await publish(server, "p1", STREAM);
  expect((await server.measures()).handles).toBeGreaterThan(before.handles);
  await using viewer = await watch(server, "w1", STREAM);
  await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(0));
  await server.command({ do: "close", session: "p1" });
  await server.heard({ ended: "p1", reason: "closed" });
  await server.heard({ ended: "w1", reason: "unpublished" });
  await server.heard({ stream: STREAM, isPublishing: false });
  const { receivedPackets, sentPackets } = await server.measures();
  for (let packet = 0; packet < 20; packet += 1) publisher.send();
  expect(await server.measures()).toMatchObject({ receivedPackets, sentPackets, publishers: 0, watchers: 0 });
  await server.command({ do: "close", session: "nothing" });
});

it("puts a publisher in the place of an earlier one, and goes on to show the stream", async () => {
  await using server = await startMediaServer();
  await using first = await publish(server, "p1", STREAM);
  await using viewer = await watch(server, "w1", STREAM);
  await sending(first, () => expect(viewer.received.length).toBeGreaterThan(0));
  await using second = await publish(server, "p2", STREAM);
  await server.heard({ ended: "p1", reason: "replaced" });
  const before = viewer.received.length;
  await sending(second, () => expect(viewer.received.length).toBeGreaterThan(before + 5));
  // The numbers go on, so that a decoder does not take the packets for old ones.
  const numbers = viewer.received
    .filter(({ kind }) => kind === "video")
    .map(({ sequenceNumber }) => sequenceNumber);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  expect(server.messages).not.toContainEqual({ stream: STREAM, isPublishing: false });
  expect(server.messages).not.toContainEqual(expect.objectContaining({ ended: "w1" }));
});

it("says that a stream has stopped when nothing of it arrives, and that it is back", async () => {
  await using server = await startMediaServer();
  await using publisher = await publish(server, "p1", STREAM);
  publisher.send();
  await server.heard({ stream: STREAM, isPublishing: true });
  await server.heard({ stream: STREAM, isPublishing: false });
  await sending(publisher, () =>
    expect(server.messages.filter((message) => "stream" in message)).toEqual([
      { stream: STREAM, isPublishing: true },
      { stream: STREAM, isPublishing: false },
      { stream: STREAM, isPublishing: true },
    ]),
  );
});

it("restarts ICE with new credentials of both sides", async () => {
  await using server = await startMediaServer();
  await using publisher = await newPublisher();
  const first = answerOf(await server.open("publish", "p1", STREAM, publisher.offer));
  const credentials = /a=ice-(?:ufrag|pwd):\S+/g;
  const fragment = "a=ice-ufrag:another\r\na=ice-pwd:anotherPasswordOfThePeer\r\n";
  const second = answerOf(await server.command({ do: "restart", session: "p1", fragment }));
  expect(second.match(credentials)).not.toEqual(first.match(credentials));
  expect(second).toContain("a=candidate:");
  for (const [session, broken, refused] of [
    ["p1", "a=ice-ufrag:x", "invalid"],
    ["nothing", fragment, "unknown"],
  ] as const)
    expect(await server.command({ do: "restart", session, fragment: broken })).toMatchObject({ refused });
});

it("closes a publisher that sends more than is allowed", async () => {
  await using server = await startMediaServer();
  await using publisher = await publish(server, "p1", STREAM);
  await vi.waitFor(
    () => {
      for (let packet = 0; packet < 40; packet += 1) publisher.send("video", Buffer.alloc(1100));
      expect(server.messages).toContainEqual({ ended: "p1", reason: "tooMuch" });
    },
    { timeout: 60_000, interval: 50 },
  );
});

it("refuses who comes to watch while it sends as much as it may", async () => {
  await using server = await startMediaServer({ maxSentBits: 10_000 });
  await using publisher = await publish(server, "p1", STREAM);
  await using first = await watch(server, "w1", STREAM);
  await using second = await newViewer();
  await sending(publisher, async () => {
    expect(first.received.length).toBeGreaterThan(5);
    expect(await server.open("watch", "w2", STREAM, second.offer)).toMatchObject({ refused: "full" });
  });
});

it("takes the next port if another program uses one", async () => {
  await using server = await startMediaServer({ ports: [17_500, 17_503] });
  const others = [17_500, 17_502].map((port) => createSocket("udp4").bind(port, ADDRESS));
  try {
    await Promise.all(others.map((socket) => once(socket, "listening")));
    await using publisher = await publish(server, "p1", STREAM);
    await using viewer = await watch(server, "w1", STREAM);
    await sending(publisher, () => expect(viewer.received).not.toEqual([]));
    await using third = await newPublisher();
    expect(await server.open("publish", "p2", "e2-main", third.offer)).toMatchObject({ refused: "full" });
  } finally {
    for (const socket of others) socket.close();
  }
});

it("gives up a peer that does not connect, with all that it took for it", async () => {
  await using server = await startMediaServer({ connectMs: 500 });
  const before = await server.measures();
  await using publisher = await newPublisher();
  expect(await server.open("publish", "p1", STREAM, publisher.offer)).toHaveProperty("answer");
  await server.heard({ ended: "p1", reason: "notConnected" });
  await vi.waitFor(
    async () => expect((await server.measures()).handles).toBeLessThanOrEqual(before.handles),
    WAIT,
  );
});

/** The port of an answer for UDP. */
const portOf = (sdp: string): number => Number(/ udp \d+ \S+ (\d+) typ host/i.exec(sdp)?.[1]);

it("answers nothing to strangers", async () => {
  await using server = await startMediaServer();
  await using publisher = await newPublisher();
  const reply = await server.open("publish", "p1", STREAM, publisher.offer);
  const answer = answerOf(reply);
  const port = portOf(answer);
  const ufrag = /a=ice-ufrag:(\S+)/.exec(answer)?.[1] ?? "";
  const socket = createSocket("udp4");
  let heard = 0;
  socket.on("message", () => (heard += 1));
  const binding = (...attributes: Buffer[]): Buffer => {
    const body = Buffer.concat(attributes);
    const head = Buffer.alloc(20, 7);
    head.writeUInt16BE(1, 0);
    head.writeUInt16BE(body.length, 2);
    head.writeUInt32BE(0x21_12_a4_42, 4);
    return Buffer.concat([head, body]);
  };
  const attribute = (type: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  };
  const USERNAME = 6;
  const INTEGRITY = 8;
  const strange = [
    binding(),
    binding(attribute(USERNAME, Buffer.from(`${ufrag}:peer`))),
    binding(attribute(USERNAME, Buffer.from(`${ufrag}:peer`)), attribute(INTEGRITY, Buffer.alloc(20, 1))),
    binding(attribute(USERNAME, Buffer.from("__proto__:peer")), attribute(INTEGRITY, Buffer.alloc(20, 1))),
    // A handshake of DTLS, and noise.
    Buffer.concat([Buffer.from([22, 254, 253]), Buffer.alloc(60)]),
    Buffer.alloc(1200, 0x80),
  ];
  for (const packet of strange) await new Promise((sent) => socket.send(packet, port, ADDRESS, sent));
  // The peer is answered: what strangers sent before was read by then.
  await publisher.accept(answerOf(reply));
  await publisher.connected();
  expect(heard).toBe(0);
  socket.close();
});

/** Numbers from 0 to 1. The same seed gives the same numbers. */
const seededRandom = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};

it("answers others between a thousand broken offers, and keeps nothing of them", async () => {
  await using server = await startMediaServer();
  const before = await server.measures();
  await using publisher = await newPublisher();
  const random = seededRandom(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const broken = (): string => {
    const lines = publisher.offer.split("\r\n");
    for (let change = 0; change <= below(4); change += 1) {
      const index = below(lines.length);
      const line = lines[index] ?? "";
      const at = below(line.length);
      const changes = [
        () => lines.splice(index, 1),
        () => lines.splice(index, 0, ...Array.from({ length: below(1200) }, () => line)),
        () =>
          lines.splice(index, 1, line.slice(0, at) + String.fromCharCode(below(256)) + line.slice(at + 1)),
        () => lines.splice(index, 1, line.repeat(below(200))),
        () => lines.splice(index, 1, line.replace(/\d+/, String(below(2 ** 31)))),
        () => lines.splice(index, 0, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"),
        () => lines.splice(index, 0, "a=candidate:1 1 udp 1 127.0.0.1 53 typ host"),
      ];
      changes[below(changes.length)]?.();
    }
    return lines.join("\r\n");
  };
  let answered = 0;
  const opening = Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const reply = await server.open("publish", `p${index}`, `s${index}`, broken());
      answered += 1;
      return reply;
    }),
  );
  await server.measures();
  expect(answered).toBeLessThan(1000);
  const replies = await opening;
  const refusals = replies.map((reply) => ("refused" in reply ? reply.refused : "answered"));
  expect(new Set(refusals)).toContain("invalid");
  for (const index of replies.keys()) await server.command({ do: "close", session: `p${index}` });
  await vi.waitFor(
    async () => expect((await server.measures()).handles).toBeLessThanOrEqual(before.handles),
    WAIT,
  );
  await using good = await publish(server, "good", STREAM);
  good.send();
  await server.heard({ stream: STREAM, isPublishing: true });
});
