import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { often } from "./support/effort.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

const CONNECTIONS = 32;
const DEMO_EXAMINEES = 5;
const env = { ...testEnv, INVIGIL_DEMO_EXAMINEES: String(DEMO_EXAMINEES) };

interface Calls {
  /** All calls that were sent. */
  readonly sent: string[];
  /** All calls that the server acknowledged. */
  readonly acknowledged: string[];
}

/**
 * Calls from many connections without a pause, and kills the server as soon as `enough` calls were
 * acknowledged. `call` sends one call, named by its marker, and resolves once it is acknowledged.
 */
const hammer = async (
  server: Server,
  { round, enough }: { round: number; enough: number },
  call: (marker: string) => Promise<void>,
): Promise<Calls> => {
  const calls: Calls = { sent: [], acknowledged: [] };
  let killed = false;
  const connection = async (name: number): Promise<void> => {
    for (let n = 0; !killed; n += 1) {
      const marker = `${round}-${name}-${n}`;
      calls.sent.push(marker);
      const answered = call(marker);
      // Responses arrive together, so other calls are pending.
      if (!killed && calls.acknowledged.length >= enough) {
        killed = true;
        server.kill("SIGKILL");
      }
      try {
        await answered;
      } catch (error) {
        // The kill aborts calls. Before it, none fails.
        if (!killed) throw error;
        return;
      }
      calls.acknowledged.push(marker);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, name) => connection(name)));
  expect(await server.ended()).toMatchObject({ signal: "SIGKILL" });
  return calls;
};

/** Opens the database of the killed server, like the next server, and reads from it. */
const reopened = <T>(file: string, read: (database: Sqlite.Database) => T): T => {
  const database = new Sqlite(file);
  try {
    // Acknowledged writes are in the log, not in the memory of the process.
    expect(database.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(database.pragma("foreign_key_check")).toEqual([]);
    return read(database);
  } finally {
    database.close();
  }
};

describe("kill -9 while records are written", () => {
  const RECORDS = 3;
  const detections = (marker: string) =>
    Array.from({ length: RECORDS }, (_, index) => ({
      userId: "teacher1",
      isMainMonitor: true,
      detectType: "manyPeople",
      detectTime: Date.now(),
      extraInfo: `${marker}/${index}`,
    }));
  const asKept = (markers: readonly string[]): string[] =>
    markers.flatMap((marker) => detections(marker).map(({ extraInfo }) => extraInfo)).sort();

  /** All records of a room, from all pages of the documented path. */
  const listed = async (server: Server, roomId: string, token: string): Promise<string[]> => {
    const found: string[] = [];
    let scrollToken: string | undefined;
    do {
      const { body } = await server.post(
        "/exam/cheat/listCheatRecord",
        { roomId, pageSize: 100, scrollToken },
        token,
      );
      found.push(...body.data.cheatRecordEntitys.map((record: { extraInfo: string }) => record.extraInfo));
      ({ scrollToken } = body.data);
    } while (scrollToken);
    return found.sort();
  };

  it("loses no acknowledged record, keeps none twice, and no call in part", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data/invigil.db");
    const token = await tokenFor("admin", "teacher1");
    const kept = new Set<string>();
    let roomId = "";
    for (const [round, enough] of often([1, 50, 400], [1, 50, 150, 400, 800]).entries()) {
      await using server = await serve({ cwd: folder.path, env });
      roomId ||= (await server.post("/exam/createRoom", { name: "Killed" }, token)).body.data.id;
      // The data of earlier rounds is served.
      expect(await listed(server, roomId, token)).toEqual(asKept([...kept]));

      const { sent, acknowledged } = await hammer(server, { round, enough }, async (marker) => {
        const data = JSON.stringify(detections(marker));
        const { body } = await server.post("/exam/cheat/addCheatRecord", { roomId, data }, token);
        expect(body).toMatchObject({ success: true });
      });
      // The server was killed during its work.
      expect(acknowledged.length).toBeGreaterThanOrEqual(enough);
      expect(sent.length).toBeGreaterThan(acknowledged.length);

      const { there, ids, ranges } = reopened(file, (database) => ({
        there: database.prepare<[], string>("SELECT extra_info FROM cheat_records").pluck().all(),
        ids: database.prepare<[], number>("SELECT id FROM cheat_records ORDER BY id").pluck().all(),
        ranges: database
          .prepare<[], string>("SELECT data FROM room_events WHERE type = 'cheat_records_added' ORDER BY id")
          .pluck()
          .all(),
      }));
      // Exactly the stored calls were announced.
      const announced = ranges.flatMap((range) => {
        const { from, to } = JSON.parse(range);
        return Array.from({ length: to - from + 1 }, (_, index) => from + index);
      });
      expect(announced).toEqual(ids);
      // An aborted call may be stored or not. If it is, it is complete.
      const present = new Set(there.map((extraInfo) => extraInfo.split("/")[0] ?? ""));
      expect([...there].sort()).toEqual(asKept([...present]));
      expect(acknowledged.filter((marker) => !present.has(marker))).toEqual([]);
      expect([...kept].filter((marker) => !present.has(marker))).toEqual([]);
      for (const marker of present) kept.add(marker);
    }
    await using server = await serve({ cwd: folder.path, env });
    expect(await listed(server, roomId, token)).toEqual(asKept([...kept]));
  });
});

describe("kill -9 while rooms are made", () => {
  /** The creator and the demo examinees, with two streams each. */
  const PEOPLE = DEMO_EXAMINEES + 1;
  const WHOLE_ROOM = { rooms: 1, exams: 1, people: PEOPLE, streams: 2 * PEOPLE };

  const everything = (database: Sqlite.Database) => {
    const count = (from: string) => Number(database.prepare(`SELECT count(*) FROM ${from}`).pluck().get());
    const names = database.prepare<[], string>("SELECT name FROM rooms").pluck().all();
    const of = (name: string) => ({
      rooms: count(`rooms WHERE name = '${name}'`),
      exams: count(`exams JOIN rooms ON rooms.exam_id = exams.id WHERE rooms.name = '${name}'`),
      people: count(`participants p JOIN rooms ON rooms.id = p.room_id WHERE rooms.name = '${name}'`),
      streams: count(`stream_names s JOIN rooms ON rooms.id = s.room_id WHERE rooms.name = '${name}'`),
    });
    return {
      names,
      parts: names.map(of),
      total: {
        rooms: count("rooms"),
        exams: count("exams"),
        people: count("participants"),
        streams: count("stream_names"),
      },
    };
  };

  it("leaves each room with its exam and its people, or nothing of it", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data/invigil.db");
    const token = await tokenFor("admin", "teacher1");
    for (const [round, enough] of often([1, 60], [1, 30, 100]).entries()) {
      await using server = await serve({ cwd: folder.path, env });
      const { sent, acknowledged } = await hammer(server, { round, enough }, async (name) => {
        const { body } = await server.post("/exam/createRoom", { name }, token);
        expect(body).toMatchObject({ success: true });
      });
      expect(sent.length).toBeGreaterThan(acknowledged.length);

      const { names, parts, total } = reopened(file, everything);
      expect(acknowledged.filter((name) => !names.includes(name))).toEqual([]);
      expect(parts).toEqual(names.map(() => WHOLE_ROOM));
      // No data of missing rooms remains.
      expect(total).toEqual({
        rooms: names.length,
        exams: names.length,
        people: names.length * PEOPLE,
        streams: names.length * 2 * PEOPLE,
      });
    }
  });
});

describe("kill -9 while things happen in a room", () => {
  const examinee = (userId: string) => ({ userId, name: userId, role: "examinee" as const });

  it("leaves an event for each change that is there, and none for one that is not", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data/invigil.db");
    const token = await tokenFor("admin", "teacher1");
    let roomId = "";
    for (const [round, enough] of often([1, 200], [1, 100, 400]).entries()) {
      await using server = await serve({ cwd: folder.path, env });
      roomId ||= (await server.post("/exam/createRoom", { name: "Killed" }, token)).body.data.id;
      const { sent, acknowledged } = await hammer(server, { round, enough }, async (marker) => {
        const participants = [examinee(`${marker}-a`), examinee(`${marker}-b`)];
        const input = { json: { roomId, participants } };
        const { status } = await server.post("/trpc/participant.add", input, token);
        expect(status).toBe(200);
      });
      expect(sent.length).toBeGreaterThan(acknowledged.length);

      const { people, announced } = reopened(file, (database) => {
        const list = (query: string) => database.prepare<[], string>(query).pluck().all();
        return {
          people: list("SELECT user_id FROM participants WHERE user_id LIKE '%-%-%' ORDER BY user_id"),
          announced: list(
            "SELECT json_extract(data, '$.userId') AS id FROM room_events WHERE type = 'participant_added' ORDER BY id",
          ),
        };
      });
      expect(announced).toEqual(people);
      expect(acknowledged.filter((marker) => !people.includes(`${marker}-b`))).toEqual([]);
    }
  });
});
