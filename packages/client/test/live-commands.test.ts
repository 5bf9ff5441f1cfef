import { expect, test } from "vitest";
import { isInvigilError } from "../src/index.js";
import { EXAMINEES, liveWorld, TEACHER, transports } from "./live-world.js";
import { thrownBy } from "./thrown-by.js";

/** Sends answers, and waits for those that are under way. */
const answering = () => {
  const sending: Promise<unknown>[] = [];
  return { answer: (sent: Promise<unknown>) => void sending.push(sent), sent: () => Promise.all(sending) };
};
const soon = { everyMs: 20, times: 3 };

test.each(transports)("a call resolves with who answered: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const { answer, sent } = answering();
  const teacher = (await fixture.client(TEACHER, { live: { WebSocket } })).open(fixture.room.id);
  const e1 = (await fixture.client({ sub: "e1", role: "examinee" }, { live: { WebSocket } })).open(
    fixture.room.id,
  );
  await Promise.all([teacher.ready(), e1.ready()]);
  const called: string[] = [];
  e1.on("startCall", ({ sid, url }, { sender }) => {
    called.push(`${sender.userId} ${String(url)}`);
    answer(e1.send("callConnected", { sid }, { to: [sender.userId] }));
  });
  e1.on("endCall", ({ sid }, { sender }) =>
    answer(e1.send("callDisconnected", { sid }, { to: [sender.userId] })),
  );
  // Nobody waits for an hour: each is over as soon as it is answered.
  const { sid, ...result } = await teacher.call("e1", { data: { url: "rtmp://t1" }, everyMs: 3_600_000 });
  expect(result).toEqual({ answered: ["e1"], silent: [] });
  expect(sid).toMatch(/^[\da-f]{32}$/);
  expect(called).toEqual(["t1 rtmp://t1"]);
  expect((await teacher.endCall("e1", { everyMs: 3_600_000 })).answered).toEqual(["e1"]);
  await sent();
});

test("a broadcast is repeated for those who are late, and tells who was silent", async () => {
  await using fixture = await liveWorld();
  const { answer, sent } = answering();
  const teacher = (await fixture.client(TEACHER)).open(fixture.room.id);
  const [prompt, late, silent] = await Promise.all(
    EXAMINEES.map(async (sub) => (await fixture.client({ sub, role: "examinee" })).open(fixture.room.id)),
  );
  const sids: unknown[] = [];
  let lateHeard = 0;
  prompt?.on("startLiveBroadcast", ({ sid }) =>
    answer(prompt.send("liveBroadcastStarted", { sid }, { to: ["t1"] })),
  );
  late?.on("startLiveBroadcast", ({ sid }) => {
    lateHeard += 1;
    if (lateHeard === 3) answer(late.send("liveBroadcastStarted", { sid }, { to: ["t1"] }));
  });
  const fifth = new Promise<void>((resolve) => {
    silent?.on("startLiveBroadcast", ({ sid }) => {
      if (sids.push(sid) === 5) resolve();
    });
  });
  await Promise.all([teacher, prompt, late, silent].map(async (one) => one?.ready()));
  // The late receiver answers the third message, and there is enough time for its answer.
  const { sid, ...result } = await teacher.broadcast({ everyMs: 1000, times: 4 });
  expect(result).toEqual({ answered: ["e1", "e2"], silent: ["e3"] });
  // Once, and four times again.
  await fifth;
  expect(new Set(sids)).toEqual(new Set([sid]));
  await sent();
});

test("each command has its own signals; a room's are for its examinees, or for those who are named", async () => {
  await using fixture = await liveWorld();
  const { answer, sent } = answering();
  const teacher = (await fixture.client(TEACHER)).open(fixture.room.id);
  const e1 = (await fixture.client({ sub: "e1", role: "examinee" })).open(fixture.room.id);
  const to = ["t1"];
  e1.on("stopLiveBroadcast", ({ sid }) => answer(e1.send("liveBroadcastStopped", { sid }, { to })));
  e1.on("broadcastAudio", ({ sid }) => answer(e1.send("audioBroadcastStarted", { sid }, { to })));
  e1.on("stopAudioBroadcast", ({ sid }) => answer(e1.send("audioBroadcastStopped", { sid }, { to })));
  e1.on("endUser", ({ sid }) => answer(e1.send("userEnded", { sid }, { to })));
  await Promise.all([teacher.ready(), e1.ready()]);
  const patient = { to: ["e1"], everyMs: 3_600_000 };
  const results = [
    await teacher.stopBroadcast(patient),
    await teacher.broadcastAudio(patient),
    await teacher.stopBroadcastAudio(patient),
    await teacher.endUser("e1", { everyMs: 3_600_000 }),
  ];
  expect(results.map(({ answered }) => answered)).toEqual([["e1"], ["e1"], ["e1"], ["e1"]]);
  expect((await teacher.broadcast({ ...soon, times: 0 })).silent).toEqual([...EXAMINEES]);
  await sent();
});

test("an examinee gives no commands, and nobody is called who is not there", async () => {
  await using fixture = await liveWorld();
  const e1 = (await fixture.client({ sub: "e1", role: "examinee" })).open(fixture.room.id);
  expect(isInvigilError(await thrownBy(e1.call("e2", soon)), "FORBIDDEN")).toBe(true);
  const teacher = (await fixture.client(TEACHER)).open(fixture.room.id);
  expect(isInvigilError(await thrownBy(teacher.call("nobody", soon)), "INVALID_INPUT")).toBe(true);
});
