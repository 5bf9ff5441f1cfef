import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { often } from "./support/effort.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";
import { slowWrites } from "./support/slow-writes.js";

// A process is killed in the middle of a large change, once before its announcement and once after it; the next one takes the change back or
// finishes it.

/** As many as make a change several writes long. */
const PEOPLE = often(2_000, 4_000);
const ROOM_SIZE = 200;
const RECORDS = 8_000;
const LOOK_AGAIN_MS = 10;
/** How many rows SQLite counts at each write of a change. */
const STEPS = 2_000_000;

type State = "preparing" | "announced";

const roster = (name: string): string =>
  Buffer.from(`id,name\n${Array.from({ length: PEOPLE }, (_, n) => `k${n},${name}\n`).join("")}`).toString(
    "base64",
  );
const teachers = Array.from({ length: PEOPLE / ROOM_SIZE }, (_, n) => ({
  userId: `t${n}`,
  name: "T",
  role: "teacher",
}));

/** A server that will be killed, its heir, and an exam. */
const openPair = async () => {
  const folder = tempFolder();
  const file = join(folder.path, "data/invigil.db");
  const token = await tokenFor("admin", "root");
  const options = { cwd: folder.path, env: testEnv };
  const doomed = await serve(options);
  let next: Server | undefined;
  const heir = (): Server => {
    if (!next) throw new Error("the server was not killed");
    return next;
  };
  const call = async (server: Server, path: string, json: unknown, values: object = {}) => {
    const { status, body } = await server.post(
      `/trpc/${path}`,
      { json, meta: { values } },
      `Bearer ${token}`,
    );
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body.result.data.json;
  };
  const times = { startTime: "2099-02-01T08:00:00.000Z", endTime: "2099-02-01T10:00:00.000Z" };
  const dates = { startTime: ["Date"], endTime: ["Date"] };
  const { id: examId } = await call(doomed, "exam.create", { name: "Large", ...times }, dates);
  const raw = new Sqlite(file);
  const changes = raw.prepare<[], State>("SELECT state FROM bulk_changes").pluck();
  const finished = async (): Promise<void> => {
    while (changes.get() !== undefined) await pause(LOOK_AGAIN_MS);
  };
  return {
    examId,
    raw,
    heir: (path: string, json: unknown) => call(heir(), path, json),
    async change(path: string, json: unknown) {
      const answer = await call(doomed, path, json);
      await finished();
      return answer;
    },
    /** Makes a call, kills its server when the change is in this state, and waits until the next server is done with what is left. */
    async killed(state: State | (() => boolean), path: string, json: unknown): Promise<void> {
      const isMidway = typeof state === "function" ? state : () => changes.get() === state;
      const slowState = typeof state === "function" ? "announced" : state;
      // Each write of a change extends the claim on it.
      const goOn = slowWrites(raw, `UPDATE ON bulk_changes WHEN NEW.state = '${slowState}'`, STEPS);
      const calling = call(doomed, path, json).catch(() => undefined);
      let isAnswered = false;
      void calling.then(() => {
        isAnswered = true;
      });
      while (!isMidway() && !(isAnswered && changes.get() === undefined)) await pause(LOOK_AGAIN_MS);
      doomed.kill("SIGKILL");
      await doomed.ended();
      await calling;
      // It was killed in the middle.
      expect(isMidway()).toBe(true);
      goOn();
      next = await serve(options);
      await finished();
      expect(raw.pragma("integrity_check", { simple: true })).toBe("ok");
      expect(raw.pragma("foreign_key_check")).toEqual([]);
    },
    count: (from: string): number => Number(raw.prepare(`SELECT count(*) FROM ${from}`).pluck().get()),
    async [Symbol.asyncDispose]() {
      raw.close();
      await doomed[Symbol.asyncDispose]();
      await next?.[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

const EITHER = [
  ["before its announcement", "preparing"],
  ["after its announcement", "announced"],
] as const;

// At once: each waits until a dead process's claim has run out.
describe.concurrent("a change whose process is killed", () => {
  it.each(EITHER)("an import that is cut off %s is there as a whole, or not at all", async (_, state) => {
    await using pair = await openPair();
    const { examId } = pair;
    // What is done after the announcement of people without a room is little: names are changed, too.
    await pair.change("participant.import", { examId, file: roster("Old") });
    await pair.killed(state, "participant.import", { examId, file: roster("New") });
    const name = state === "announced" ? "New" : "Old";
    expect(pair.count(`unseated WHERE name = '${name}'`)).toBe(PEOPLE);
    expect(pair.count("unseated")).toBe(PEOPLE);
    expect(pair.count("person_changes")).toBe(0);
    // The exam is free again.
    const again = await pair.heir("participant.import", { examId, file: roster("Newest") });
    expect(again).toMatchObject({ updated: PEOPLE });
  });

  it("an import of new people that is cut off before its announcement leaves nothing", async () => {
    await using pair = await openPair();
    const { examId } = pair;
    await pair.killed("preparing", "participant.import", { examId, file: roster("Name") });
    expect(pair.count("unseated")).toBe(0);
  });

  it.each(EITHER)("a plan that is cut off %s is there as a whole, or not at all", async (_, state) => {
    await using pair = await openPair();
    const { examId } = pair;
    await pair.change("participant.import", { examId, file: roster("Name") });
    const plan = { examId, roomSize: ROOM_SIZE, teachers };
    await pair.killed(state, "exam.plan", plan);
    const isThere = state === "announced";
    const seats = PEOPLE + teachers.length;
    expect(pair.count("rooms")).toBe(isThere ? teachers.length : 0);
    expect(pair.count("participants")).toBe(isThere ? seats : 0);
    expect(pair.count("stream_names")).toBe(isThere ? 2 * seats : 0);
    expect(pair.count("visible_unseated")).toBe(isThere ? 0 : PEOPLE);
    expect(pair.count("unseated")).toBe(isThere ? 0 : PEOPLE);
    expect(pair.count("room_events WHERE type = 'room_created'")).toBe(isThere ? teachers.length : 0);
    // Planned again, what is missing is done and nothing twice.
    const { newRooms } = await pair.heir("exam.plan", plan);
    expect(newRooms).toBe(isThere ? 0 : teachers.length);
  });

  it("a plan whose undoing is cut off is undone to the end by the same call", async () => {
    await using pair = await openPair();
    const { examId } = pair;
    await pair.change("participant.import", { examId, file: roster("Name") });
    const { plan } = await pair.change("exam.plan", { examId, roomSize: ROOM_SIZE, teachers });
    const seats = PEOPLE + teachers.length;
    const seated = () => pair.count("participants");
    await pair.killed(() => seated() > 0 && seated() < seats, "exam.undoPlan", { examId, plan });
    const left = seated();
    expect(pair.count("unseated")).toBe(seats - left);
    expect(await pair.heir("exam.undoPlan", { examId, plan })).toEqual({
      unseated: left,
      deletedRooms: teachers.length,
    });
    expect([seated(), pair.count("rooms"), pair.count("unseated")]).toEqual([0, 0, seats]);
  });

  it("an exam whose deletion is cut off is erased by another process", async () => {
    await using pair = await openPair();
    const { examId } = pair;
    await pair.change("participant.import", { examId, file: roster("Name") });
    await pair.change("exam.plan", { examId, roomSize: ROOM_SIZE, teachers });
    await pair.killed("announced", "exam.delete", { examId, withRooms: true, erase: "now" });
    for (const table of ["exams", "rooms", "participants", "unseated", "stream_names"])
      expect(pair.count(table)).toBe(0);
  });

  it("a person whose removal is cut off is erased by another process, with all records", async () => {
    await using pair = await openPair();
    const { examId, raw } = pair;
    const person = { userId: "a", name: "A", role: "examinee" };
    const { id: roomId } = await pair.change("room.create", { name: "R", examId, participants: [person] });
    const insert = raw.prepare(
      `INSERT INTO cheat_records (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time, extra_info,
        extra_info_is_object, created_at) VALUES (?, ?, ?, 'watch', 1, 0, '{}', 1, 0)`,
    );
    raw.transaction(() => {
      for (let n = 0; n < RECORDS; n++) insert.run(examId, roomId, n % 4 === 0 ? "b" : "a");
      raw
        .prepare("INSERT INTO recorded_people (exam_id, room_id, user_id) VALUES (?, ?, 'a')")
        .run(examId, roomId);
    })();
    await pair.killed("announced", "participant.removeFromExam", { examId, userId: "a", withRecords: true });
    expect(pair.count("cheat_records")).toBe(RECORDS / 4);
    expect(pair.count("participants WHERE user_id = 'a'")).toBe(0);
    expect(pair.count("recorded_people")).toBe(0);
  });
});
