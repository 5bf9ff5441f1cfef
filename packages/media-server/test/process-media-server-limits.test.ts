import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { GenericNack, RtcpRrPacket, RtcpTransportLayerFeedback } from "werift";
import { newPublisher, type Viewer } from "../src/peers.js";
import { answerOf, type MediaServer, publish, sending, startMediaServer, watch } from "./media-server.js";

// How much one peer can have of a media server: of its bandwidth by what it asks for again, of its time, and of its ports.

const STREAM = "e1-main";
/** Other than those of the tests that run beside these. */
const PORTS = [18_000, 18_049] as const;
const WAIT = { timeout: 60_000, interval: 20 };

/** Makes the clock of a media server stand still: see its file. */
const CLOCK = ["--require", fileURLToPath(new URL("clock.cjs", import.meta.url))];
const pass = ({ process }: MediaServer, passedMs: number) => process.send({ passedMs });

/** Asks for packets of the picture again, in one packet of reports. */
const askAgain = async ({ connection }: Viewer, ...requests: (readonly number[])[]): Promise<void> => {
  const video = connection.getTransceivers().find(({ kind }) => kind === "video");
  const mediaSourceSsrc = video?.receiver.tracks[0]?.ssrc ?? expect.fail("no picture");
  const nacks = requests.map(
    (lost) =>
      new RtcpTransportLayerFeedback({
        feedback: new GenericNack({ senderSsrc: 1, mediaSourceSsrc, lost: [...lost] }),
      }),
  );
  await connection.dtlsTransports[0]?.sendRtcp([new RtcpRrPacket({ ssrc: 1, reports: [] }), ...nacks]);
};
const numbersOf = ({ received }: Viewer): number[] =>
  received.filter(({ kind }) => kind === "video").map(({ sequenceNumber }) => sequenceNumber);
const timesOf = (viewer: Viewer, number: number): number =>
  numbersOf(viewer).filter((one) => one === number).length;
/** Waits until a packet has arrived this many times. Packets that were asked for earlier have then arrived, too. */
const came = (viewer: Viewer, number: number, times: number) =>
  vi.waitFor(() => expect(timesOf(viewer, number)).toBe(times), WAIT);

it("sends a packet to a peer again once in a round trip, however often it is asked for, and counts it as sent", async () => {
  await using server = await startMediaServer({ ports: PORTS }, CLOCK);
  await using publisher = await publish(server, "p1", STREAM);
  await using viewer = await watch(server, "w1", STREAM);
  await sending(publisher, () => expect(numbersOf(viewer).length).toBeGreaterThan(20));
  const [last = 0, ...lost] = numbersOf(viewer).toReversed().slice(0, 11);
  const repeated = Array.from({ length: 5 }, () => lost).flat();
  await askAgain(viewer, repeated, lost, lost);
  for (let request = 0; request < 3; request += 1) await askAgain(viewer, lost);
  await askAgain(viewer, [last]);
  await came(viewer, last, 2);
  expect(lost.map((number) => timesOf(viewer, number))).toEqual(lost.map(() => 2));
  // Later, they may be asked for again.
  pass(server, 60_000);
  await server.measures();
  await askAgain(viewer, lost, [last], lost);
  await came(viewer, last, 3);
  expect(lost.map((number) => timesOf(viewer, number))).toEqual(lost.map(() => 3));
  expect((await server.measures()).sentPackets).toBe(viewer.received.length);
});

it("sends to a peer no more than a stream may have, with all that it asks for again", async () => {
  await using server = await startMediaServer({ ports: PORTS }, CLOCK);
  await using publisher = await publish(server, "p1", STREAM);
  await using viewer = await watch(server, "w1", STREAM);
  await vi.waitFor(() => {
    publisher.send("video", Buffer.alloc(1100));
    expect(numbersOf(viewer).length).toBeGreaterThan(90);
  }, WAIT);
  const [last = 0, ...lost] = numbersOf(viewer).toReversed().slice(0, 80);
  let passedMs = 0;
  const askLater = async (numbers: readonly number[]): Promise<void> => {
    pass(server, 150);
    passedMs += 150;
    await server.measures();
    await askAgain(viewer, numbers);
  };
  for (let round = 0; round < 30; round += 1) await askLater(lost);
  await vi.waitFor(async () => {
    if (timesOf(viewer, last) > 1) return;
    await askLater([last]);
    expect.fail("not yet");
  }, WAIT);
  // Three seconds of it at once, and what the clock has added.
  const mostBits = 1_500_000 * (3 + passedMs / 1000);
  const bits = viewer.received.reduce((sum, { bytes }) => sum + bytes * 8, 0);
  expect(bits).toBeLessThan(mostBits);
  // It did have some of it again.
  expect(viewer.received.length).toBeGreaterThan(250);
});

it("reads a bounded number of reports of a peer in a second", async () => {
  await using server = await startMediaServer({ ports: PORTS }, CLOCK);
  await using publisher = await publish(server, "p1", STREAM);
  await using viewer = await watch(server, "w1", STREAM);
  await sending(publisher, () => expect(numbersOf(viewer).length).toBeGreaterThan(20));
  const [last = 0, ...lost] = numbersOf(viewer).toReversed().slice(0, 17);
  // Seven kilobytes each, most of it about a packet that there is not.
  for (const number of lost) await askAgain(viewer, [number, ...Array<number>(1750).fill(number + 10_000)]);
  let seconds = 0;
  await vi.waitFor(
    async () => {
      if (timesOf(viewer, last) > 1) return;
      pass(server, 1000);
      seconds += 1;
      await askAgain(viewer, [last]);
      expect.fail("not yet");
    },
    { ...WAIT, interval: 500 },
  );
  const answered = lost.filter((number) => timesOf(viewer, number) > 1).length;
  expect(answered).toBeGreaterThan(0);
  // Three fit into a second.
  expect(answered).toBeLessThanOrEqual(3 * (1 + seconds));
});

it("has one media session for what is published, whose earlier one goes first with its port", async () => {
  const [port] = PORTS;
  await using server = await startMediaServer({ ports: [port, port + 1] });
  for (let offer = 0; offer < 5; offer += 1) {
    await using peer = await newPublisher();
    answerOf(await server.open("publish", `p${offer}`, STREAM, peer.offer));
  }
  expect(await server.measures()).toMatchObject({ publishers: 1 });
  for (let offer = 0; offer < 4; offer += 1) await server.heard({ ended: `p${offer}`, reason: "replaced" });
  // Another person has the other port, and the same has their own again, although none is free.
  await using other = await publish(server, "o1", "e2-main");
  await using again = await publish(server, "p5", STREAM);
  await using third = await newPublisher();
  expect(await server.open("publish", "t1", "e3-main", third.offer)).toMatchObject({ refused: "full" });
  for (const publisher of [other, again]) publisher.send();
  for (const stream of ["e2-main", STREAM]) await server.heard({ stream, isPublishing: true });
});

it("ends a stream whose next publisher does not connect", async () => {
  await using server = await startMediaServer({ ports: PORTS, connectMs: 2_000 });
  await using publisher = await publish(server, "p1", STREAM);
  await using viewer = await watch(server, "w1", STREAM);
  await sending(publisher, () => expect(viewer.received.length).toBeGreaterThan(0));
  await using next = await newPublisher();
  answerOf(await server.open("publish", "p2", STREAM, next.offer));
  await server.heard({ ended: "p1", reason: "replaced" });
  expect(server.messages).not.toContainEqual(expect.objectContaining({ ended: "w1" }));
  await server.heard({ ended: "p2", reason: "notConnected" });
  await server.heard({ ended: "w1", reason: "unpublished" });
  await server.heard({ stream: STREAM, isPublishing: false });
});

it("ends what it is not told to keep", async () => {
  await using server = await startMediaServer({ ports: PORTS });
  await using kept = await publish(server, "p1", STREAM);
  await using forgotten = await publish(server, "p2", "e2-main");
  await server.command({ do: "keep", sessions: ["p1", "nothing"] });
  await server.heard({ ended: "p2", reason: "closed" });
  await sending(kept, () => expect(server.messages).toContainEqual({ stream: STREAM, isPublishing: true }));
  expect(await server.measures()).toMatchObject({ publishers: 1 });
  await forgotten.connection.close();
});
