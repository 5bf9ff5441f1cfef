import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { RtpHeader } from "werift";
import { ADDRESS, newPublisher, type Publisher } from "../src/peers.js";
import { answerOf, type MediaServer, publish, sending, startMediaServer, watch } from "./media-server.js";

// What strangers and peers send to harm a media server: it goes on for the others, and keeps nothing of it.

const STREAM = "e1-main";
/** Other than those of the tests that run beside these. */
const PORTS = [17_600, 17_899] as const;
const WAIT = { timeout: 60_000, interval: 50 };

/** Numbers below a limit. The same seed gives the same numbers. */
const seeded = (seed: number) => (limit: number) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * limit);
};
const noise = (below: ReturnType<typeof seeded>, first: number, most = 1200): Buffer => {
  const packet = Buffer.from(Array.from({ length: 1 + below(most) }, () => below(256)));
  packet[0] = first;
  return packet;
};

const portOf = (sdp: string): number => Number(/ udp \d+ \S+ (\d+) typ host/i.exec(sdp)?.[1]);
const handlesOf = async (server: MediaServer): Promise<number> => (await server.measures()).handles;
/** Waits until a server holds no more than before. */
const released = (server: MediaServer, before: number): Promise<void> =>
  vi.waitFor(async () => expect(await handlesOf(server)).toBeLessThanOrEqual(before), WAIT);
/** Checks that a server is the same process, and shows a stream. */
const works = async (server: MediaServer): Promise<void> => {
  expect(server.process.exitCode).toBeNull();
  await using publisher = await publish(server, "good", "good");
  await using viewer = await watch(server, "see", "good");
  await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(2));
  await server.command({ do: "close", session: "good" });
};

it("goes on to show a stream while strangers flood its ports, by UDP and by TCP, and holds nothing of them afterwards", async () => {
  await using server = await startMediaServer({ ports: PORTS });
  const before = await handlesOf(server);
  await using publisher = await newPublisher();
  const answer = answerOf(await server.open("publish", "p1", STREAM, publisher.offer));
  await publisher.accept(answer);
  await publisher.connected();
  await using viewer = await watch(server, "w1", STREAM);
  const port = portOf(answer);
  const below = seeded(3);
  const strangers: Socket[] = [];
  const udp = createSocket("udp4");
  let answered = 0;
  udp.on("message", () => (answered += 1));
  try {
    for (let n = 0; n < 300; n += 1) {
      const socket = connect({ host: ADDRESS, port }).on("error", () => undefined);
      strangers.push(socket);
      // The beginning of a frame that never ends.
      socket.write(Buffer.concat([Buffer.from([0xff, 0xff]), noise(below, 0)]));
    }
    await vi.waitFor(() => expect(strangers.every((one) => !one.connecting)).toBe(true), WAIT);
    const heard = viewer.received.length;
    for (let n = 0; n < 5_000; n += 1) udp.send(noise(below, below(256), 200), port, ADDRESS);
    // It takes a few that it does not know, of which one may be the peer.
    await vi.waitFor(async () => expect(await handlesOf(server)).toBeLessThan(before + 60), WAIT);
    await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(heard + 5));
    expect(answered).toBe(0);
    // Who says nothing that is signed is disconnected.
    for (const one of strangers) if (!one.closed) await once(one.resume(), "close");
    await server.command({ do: "close", session: "p1" });
    await released(server, before);
  } finally {
    udp.close();
    for (const one of strangers) one.destroy();
  }
});

/** Sends a packet on the path that was checked. */
const sendRaw = ({ connection }: Publisher, packet: Buffer): void => {
  for (const { connection: ice } of connection.iceTransports) void ice.send(packet).catch(() => undefined);
};

it("outlives a publisher who sends anything: broken handshakes, encrypted packets and reports", async () => {
  await using server = await startMediaServer({ ports: PORTS });
  const before = await handlesOf(server);
  for (const tcp of [false, true]) {
    await using hostile = await publish(server, `h-${tcp}`, "hostile", { tcp });
    const below = seeded(5);
    for (let n = 0; n < 1_000; n += 1) {
      // STUN, DTLS, RTP and RTCP, and what is none of them.
      const first = [below(4), 20 + below(44), 128 + below(64), below(256)][below(4)] ?? 0;
      sendRaw(hostile, noise(below, first));
    }
    // It is the same path, and still open.
    await sending(hostile, () =>
      expect(server.messages).toContainEqual({ stream: "hostile", isPublishing: true }),
    );
    // What was encrypted with the right key is broken only within.
    for (const { srtcp, srtp } of hostile.connection.dtlsTransports)
      for (let n = 0; n < 1_000; n += 1) {
        const report = noise(below, 128 + below(64), 200);
        report[1] = 200 + below(8);
        if (report.length >= 8) sendRaw(hostile, srtcp.encrypt(report));
        const known = new RtpHeader({
          sequenceNumber: n,
          payloadType: [96, 97, 111, below(128)][below(4)] ?? 0,
          ssrc: below(2 ** 31),
        });
        // Contributing sources, padding and extensions that it does not have.
        const bytes = Buffer.concat([known.serialize(known.serializeSize), noise(below, below(256), 24)]);
        bytes[0] = 128 + below(64);
        const header = Object.assign(known, { serialize: () => bytes });
        sendRaw(hostile, srtp.encrypt(noise(below, below(256), 200), header));
      }
    await works(server);
    await server.command({ do: "close", session: `h-${tcp}` });
  }
  await released(server, before);
});

it("keeps nothing of media sessions that have ended: it serves hundreds with little memory", async () => {
  // A few dozen fit into it at the same time.
  await using server = await startMediaServer({ ports: PORTS }, ["--max-old-space-size=40"]);
  const before = await handlesOf(server);
  await using idle = await newPublisher();
  for (let n = 0; n < 300; n += 1) {
    const session = `p${n}`;
    const reply = await server.open("publish", session, session, idle.offer);
    expect(reply).toHaveProperty("answer");
    await server.command({ do: "close", session });
  }
  for (let n = 0; n < 20; n += 1) {
    await using publisher = await publish(server, `full${n}`, STREAM);
    await using viewer = await watch(server, `see${n}`, STREAM);
    await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(0));
    await server.command({ do: "close", session: `full${n}` });
  }
  await released(server, before);
  await works(server);
});

/** Tells to whom a process sends: see its file. */
const CONTACTS = fileURLToPath(new URL("contacts.cjs", import.meta.url));

it("contacts no machine but its peers, whatever an offer names", async () => {
  await using server = await startMediaServer({ ports: PORTS }, ["--require", CONTACTS]);
  await using publisher = await newPublisher();
  const candidates = [
    "a=candidate:1 1 udp 2130706431 127.0.0.2 53 typ host",
    "a=candidate:2 1 tcp 1518280447 127.0.0.3 80 typ host tcptype passive",
    "a=candidate:3 1 udp 2130706431 0123abcd-0000-4000-8000-000000000000.local 9 typ host",
    "a=candidate:4 1 udp 2130706431 stranger.invalid 9 typ host",
  ];
  const offer = publisher.offer.replaceAll(/^a=mid:.*$/gm, (mid) => [mid, ...candidates].join("\r\n"));
  await publisher.accept(answerOf(await server.open("publish", "p1", STREAM, offer)));
  await publisher.connected();
  await using viewer = await watch(server, "w1", STREAM);
  await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(5));
  const contacted = server.messages.flatMap((message) =>
    "contacted" in message ? [String(message.contacted)] : [],
  );
  expect(new Set(contacted)).toEqual(new Set([ADDRESS]));
});

it("holds nothing of ports that another program uses", async () => {
  const ports = [17_900, 17_903] as const;
  await using server = await startMediaServer({ ports });
  const before = await handlesOf(server);
  const udp = createSocket("udp4").bind(ports[0], ADDRESS);
  const tcp = createServer().listen(ports[1], ADDRESS);
  try {
    await Promise.all([udp, tcp].map((one) => once(one, "listening")));
    for (let n = 0; n < 12; n += 1) {
      await using publisher = await publish(server, `p${n}`, STREAM);
      await sending(publisher, () =>
        expect(server.messages.filter((message) => "stream" in message && message.isPublishing)).toHaveLength(
          n + 1,
        ),
      );
      await server.command({ do: "close", session: `p${n}` });
    }
    await released(server, before);
  } finally {
    udp.close();
    tcp.close();
  }
});
