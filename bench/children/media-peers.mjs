// Candidates who publish and teachers who watch, without browsers. Their packets have the sizes and the rhythm of a camera of 640 × 360 with
// sound: 15 pictures a second of 4 packets each (some 450 kbit/s), and 50 packets of Opus.
import { newPublisher, newViewer } from "../../packages/media-server/dist/peers.js";
import { answerParent } from "../lib/ipc.mjs";

const FRAMES_A_SECOND = 15;
const FRAME = Array.from({ length: 4 }, () => 940);
const SOUND_MS = 20;
const SOUND_BYTES = 80;

const peers = [];
const timers = [];
let sent = 0;
let received = 0;
let delays = [];

const post = async ({ url, token }, offer) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
    body: offer,
  });
  if (response.status !== 201)
    throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
  return response.text();
};

/** A payload that begins with the time at which it is sent, by a clock that all processes of the machine share. */
const payloadOf = (bytes) => {
  const payload = Buffer.alloc(bytes);
  payload.writeBigUInt64BE(process.hrtime.bigint());
  return payload;
};

const publish = async (grant) => {
  const publisher = await newPublisher();
  peers.push(publisher);
  await publisher.accept(await post(grant, publisher.offer));
  await publisher.connected();
  const send = (kind, bytes) => {
    sent += 1;
    publisher.send(kind, payloadOf(bytes));
  };
  timers.push(
    setInterval(() => {
      for (const bytes of FRAME) send("video", bytes);
    }, 1000 / FRAMES_A_SECOND),
    setInterval(() => send("audio", SOUND_BYTES), SOUND_MS),
  );
};

const watch = async (grant) => {
  const viewer = await newViewer();
  peers.push(viewer);
  viewer.connection.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe(({ payload }) => {
      received += 1;
      delays.push(Number(process.hrtime.bigint() - payload.readBigUInt64BE()) / 1e6);
    });
  });
  await viewer.accept(await post(grant, viewer.offer));
  await viewer.connected();
};

answerParent((question) =>
  ({
    publish: () => publish(question.grant),
    watch: () => watch(question.grant),
    /** What was sent and received since the last question. */
    count: () => {
      const counted = { sent, received, delays };
      [sent, received, delays] = [0, 0, []];
      return counted;
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      for (const { connection } of peers) await connection.close();
    },
  })[question.do](),
);
