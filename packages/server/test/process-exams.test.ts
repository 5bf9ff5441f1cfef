import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { type Server, serve, testEnv, tokenFor } from "./support/process.js";
import { shop } from "./support/shop.js";
import { mp3 } from "./support/sounds.js";

// Commands for exams beside a running server, which uses the same data folder.

const TIMES = ["--start", "2026-06-07 09:00", "--end", "11:30"];

let place: ReturnType<typeof shop>;
let server: Server;
beforeAll(async () => {
  place = shop();
  server = await serve({ cwd: place.path, env: testEnv });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

it("a clip that a command adds is served", async () => {
  writeFileSync(join(place.path, "a.mp3"), mp3());
  const id = await place.fine("audio", "add", "a.mp3", "--name", "A", "-q");
  const { body } = await server.post("/exam/selectAudio", {}, await tokenFor("admin", "root"));
  expect(body.data.list).toEqual([{ id, name: "A", classify: 0, url: expect.any(String) }]);
  const played = await fetch(body.data.list[0].url);
  expect(Buffer.from(await played.arrayBuffer()).equals(mp3())).toBe(true);
});

it("an exam with rooms and records is deleted only where that is asked for", async () => {
  const teacher = await tokenFor("teacher", "t1");
  const { body } = await server.post("/exam/createRoom", { name: "R" }, teacher);
  const { examId, id: roomId } = body.data;
  const record = { userId: "t1", isMainMonitor: true, detectType: "manyPeople", detectTime: 1780794000000 };
  const data = JSON.stringify([{ ...record, extraInfo: "x" }]);
  const added = await server.post("/exam/cheat/addCheatRecord", { examId, roomId, data }, teacher);
  expect(added.body).toMatchObject({ success: true });
  expect(await place.refusal("exam", "delete", examId, "--yes")).toMatch(
    /^invigil: The exam R has 1 room and 0 examinees, and is deleted with them only where --with-rooms is set$/,
  );
  expect(await place.refusal("exam", "delete", examId, "--with-rooms", "--yes")).toMatch(
    /is kept: it holds 1 cheat record\.$/,
  );
  expect(await place.json("exam", "delete", examId, "--with-records", "--yes")).toEqual({
    examId,
    rooms: 1,
    people: 1,
    records: 1,
    eraseAt: expect.any(String),
  });
  // The running server serves what a command restores.
  const info = async () => {
    const headers = { authorization: teacher };
    return (await (
      await fetch(`${server.url}/exam/roomInfo?roomId=${roomId}`, { headers })
    ).json()) as Parsed;
  };
  expect(await info()).toMatchObject({ success: false, reason: "FORBIDDEN" });
  expect(await place.json("exam", "restore", examId, "--reopen")).toEqual({
    examId,
    ended: 0,
    reopened: 1,
    endedRooms: [],
  });
  expect(await info()).toMatchObject({ success: true, data: { id: roomId } });
});

it("a teacher counts as the maker of an exam where a command says so", async () => {
  const exam = await place.fine("exam", "create", "--name", "E", ...TIMES, "--by", "t1", "-q");
  const operators = await place.fine("exam", "create", "--name", "E", ...TIMES, "-q");
  const token = await tokenFor("teacher", "t1");
  const ask = async (examId: string) =>
    (await (
      await fetch(`${server.url}/exam/examInfo?examId=${examId}`, { headers: { authorization: token } })
    ).json()) as Parsed;
  expect(await ask(exam)).toMatchObject({ success: true, data: { startTime: "2026/06/07 09:00:00" } });
  expect(await ask(operators)).toMatchObject({ success: false, reason: "FORBIDDEN" });
});
