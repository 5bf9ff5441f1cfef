import { readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { csv, xlsx } from "./support/files.js";
import { type Child, invigil, run, tempFolder } from "./support/process.js";

const ROWS = 30_000;
const LARGE = csv([["id", "name"], ...Array.from({ length: ROWS }, (_, n) => [`k${n}`, `Name ${n}`])]);

/** A folder with an installation, an exam and a room. */
const install = async () => {
  const folder = tempFolder();
  const database = join(folder.path, "data/invigil.db");
  await using app = await createTestApp({ config: { databaseFile: database } });
  const admin = app.as({ sub: "root", role: "admin" });
  const times = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };
  const { id: examId } = await admin.exam.create({ name: "Finals", ...times });
  const { id: roomId } = await admin.room.create({ name: "Hall A", examId });

  const read = <T>(look: (open: Sqlite.Database) => T): T => {
    const open = new Sqlite(database);
    try {
      return look(open);
    } finally {
      open.close();
    }
  };
  return {
    path: folder.path,
    database,
    read,
    examId,
    roomId,
    write: (name: string, content: string | Buffer): void => writeFileSync(join(folder.path, name), content),
    import: (...args: string[]) => run(["roster", "import", ...args], { cwd: folder.path }),
    /** The numbers of people without a room and in a room, as callers see them. */
    people: () =>
      read((open) => ({
        waiting: Number(open.prepare("SELECT count(*) FROM visible_unseated").pluck().get()),
        seated: Number(
          open.prepare("SELECT count(*) FROM visible_participants WHERE user_id <> 'root'").pluck().get(),
        ),
      })),
    integrity: () => read((open) => open.pragma("integrity_check", { simple: true })),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
};

/** Whether a process has a file open. */
const hasOpen = ({ pid }: Child, file: string): boolean =>
  readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === file;
    } catch {
      // Closed in the meantime.
      return false;
    }
  });

/** Suspends a process when a condition is true, while its data is inspected. */
const stopWhen = async (child: Child, isSo: () => boolean): Promise<void> => {
  for (;;) {
    if (isSo()) {
      child.kill("SIGSTOP");
      if (isSo()) return;
      child.kill("SIGCONT");
    }
    // Throws after the process has ended.
    process.kill(child.pid, 0);
    await setImmediate();
  }
};

describe("invigil roster import", () => {
  it("says what it did, and who has another name now", async () => {
    using place = await install();
    place.write("a.csv", "学号,姓名,考场,加时\n1,张三,Hall A,\n2,李四,,15\n");
    const first = await place.import("a.csv", "--exam", place.examId);
    expect(first).toMatchObject({
      code: 0,
      stdout: "2 rows: 2 added, 0 updated, 0 unchanged\n",
      stderr: "",
    });
    place.write("b.csv", "学号,姓名,加时\n1,张三,\n2,李思,20\n3,王五,\n");
    const second = await place.import("b.csv", "--exam", place.examId);
    expect(second.stdout.split("\n")).toEqual([
      "ROW  ID  WAS   IS    EXTRA MINUTES",
      "3    2   李四  李思  15 to 20",
      "",
      "3 rows: 1 added, 1 updated, 1 unchanged",
      "",
    ]);
    expect(place.people()).toEqual({ waiting: 2, seated: 1 });
  });

  it("puts everybody into the room that is named, by its id or its name", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    place.write(
      "b.xlsx",
      await xlsx([
        ["id", "name"],
        [2, "B"],
      ]),
    );
    for (const [file, room] of [
      ["a.csv", "Hall A"],
      ["b.xlsx", place.roomId],
    ] as const)
      expect((await place.import(file, "--exam", place.examId, "--room", room)).code).toBe(0);
    expect(place.people()).toEqual({ waiting: 0, seated: 2 });
    const none = await place.import("a.csv", "--exam", place.examId, "--room", "Hall B");
    expect(none).toMatchObject({ code: 1, stderr: "invigil: There is no room 'Hall B'\n" });
  });

  it("takes the exam's name for its id, where only one has it", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    expect((await place.import("a.csv", "--exam", "Finals")).code).toBe(0);
    const none = await place.import("a.csv", "--exam", "Mocks");
    expect(none).toMatchObject({ code: 1, stderr: "invigil: There is no exam 'Mocks'\n" });
  });

  it("only says what it would do in a dry run", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    const { code, stdout } = await place.import("a.csv", "--exam", place.examId, "--dry-run");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "1 row: 1 added, 0 updated, 0 unchanged (dry run: nothing was imported)\n",
    });
    expect(place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it("lists a thousand people with another name, and counts the others", async () => {
    using place = await install();
    const named = (name: string) =>
      csv([["id", "name"], ...Array.from({ length: 1002 }, (_, n) => [`k${n}`, name])]);
    place.write("a.csv", named("Old"));
    place.write("b.csv", named("New"));
    await place.import("a.csv", "--exam", place.examId);
    const { code, stdout } = await place.import("b.csv", "--exam", place.examId);
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(-5)).toEqual([
      expect.stringMatching(/^1001 +k999 +Old +New *$/),
      "and 2 more",
      "",
      "1002 rows: 0 added, 1002 updated, 0 unchanged",
      "",
    ]);
  });

  it("lists faulty rows, and imports nobody", async () => {
    using place = await install();
    place.write("a.csv", `学号,姓名\n${"1,张三\n".repeat(103)}`);
    const { code, stdout, stderr } = await place.import("a.csv", "--exam", place.examId);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines.slice(0, 2)).toEqual(["ROW  COLUMN  REASON", "3    学号    is in row 2 already"]);
    expect(lines.slice(101)).toEqual(["and 2 more faults", "invigil: 102 faults; nothing was imported", ""]);
    expect(place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it("prints JSON for programs: the result, or the faults", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    place.write("b.csv", "id,name\n1,\n");
    const done = await place.import("a.csv", "--exam", place.examId, "--json");
    expect(JSON.parse(done.stdout)).toEqual({
      rows: 1,
      added: 1,
      updated: 0,
      unchanged: 0,
      changes: [],
      moreChanges: 0,
    });
    const faulty = await place.import("b.csv", "--exam", place.examId, "--json");
    expect({ code: faulty.code, stderr: faulty.stderr, faults: JSON.parse(faulty.stdout) }).toEqual({
      code: 1,
      stderr: "",
      faults: { faults: [{ row: 2, column: "name", reason: "is missing" }], more: 0 },
    });
  });

  it.each([
    ["is not there", "none.csv", /^invigil: file cannot be used: The file cannot be read: ENOENT[^\n]*\n$/],
    ["is no roster", "notes.txt", /^invigil: file has no column for the id: [^\n]*\n$/],
  ])("refuses a file that %s with one line", async (_, file, line) => {
    using place = await install();
    place.write("notes.txt", "Dear all\n");
    const { code, stdout, stderr } = await place.import(file, "--exam", place.examId);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(line) });
  });

  it("says that nothing was imported when it is interrupted while it reads", async () => {
    using place = await install();
    place.write("large.csv", LARGE);
    await using child = invigil(["roster", "import", "large.csv", "--exam", place.examId], {
      cwd: place.path,
    });
    // Delivered while the file is open, so before the people are written.
    await stopWhen(child, () => hasOpen(child, join(place.path, "large.csv")));
    child.kill("SIGINT");
    child.kill("SIGCONT");
    expect(await child.ended()).toEqual({
      code: 130,
      signal: null,
      stdout: "",
      stderr: "invigil: interrupted; nothing was imported\n",
    });
    expect(place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it("leaves nothing behind when it is killed while it reads, or while it writes", async () => {
    using place = await install();
    place.write("large.csv", LARGE);
    const size = () => statSync(`${place.database}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const moments = [
      (child: Child) => hasOpen(child, join(place.path, "large.csv")),
      // More than at the start: people who are not visible yet.
      () => size() > 2_000_000,
    ];
    for (const moment of moments) {
      await using child = invigil(["roster", "import", "large.csv", "--exam", place.examId], {
        cwd: place.path,
      });
      await stopWhen(child, () => moment(child));
      expect(place.people()).toEqual({ waiting: 0, seated: 0 });
      child.kill("SIGKILL");
      expect(await child.ended()).toMatchObject({ signal: "SIGKILL", stdout: "" });
      expect(place.people()).toEqual({ waiting: 0, seated: 0 });
      expect(place.integrity()).toBe("ok");
    }
    // The import can be repeated: the partial data of the killed process is removed first.
    expect((await place.import("large.csv", "--exam", place.examId)).stdout).toBe(
      `${ROWS} rows: ${ROWS} added, 0 updated, 0 unchanged\n`,
    );
    expect(place.people()).toEqual({ waiting: ROWS, seated: 0 });
    const rows = place.read((open) => open.prepare("SELECT count(*) FROM unseated").pluck().get());
    expect(rows).toBe(ROWS);
  });
});
