import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Room } from "@invigil/schema";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { dataOf, rest } from "./support/calls.js";
import { runHere, runWell } from "./support/command.js";
import { APP_SETTINGS, APPS } from "./support/exams-fixture.js";
import { type Ended, type Env, tempFolder, testEnv } from "./support/process.js";

// `invigil room`, beside a server that uses the same data folder.

/** With the vendor's apps, whose streams have domains. */
const ENV: Env = {
  ...testEnv,
  ...APP_SETTINGS,
  INVIGIL_STREAM_SERVICE: "aliyun",
  INVIGIL_PUBLIC_URL: "https://proctor.example",
};
const SOON = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000);
const times = { startTime: SOON, endTime: new Date(SOON.getTime() + 7_200_000) };
const person = (userId: string, role: "teacher" | "inspector" | "examinee", name = `Name of ${userId}`) => ({
  userId,
  name,
  role,
});

let folder: ReturnType<typeof tempFolder>;
let server: TestApp;
let examId: string;
let room: Room;
let beside: Room;
let twin: Room;
beforeAll(async () => {
  folder = tempFolder();
  server = await createTestApp({
    now: () => new Date(),
    config: {
      databaseFile: join(folder.path, "data/invigil.db"),
      authSecret: testEnv.INVIGIL_AUTH_SECRET,
      apps: APPS,
    },
  });
  const admin = server.as({ sub: "root", role: "admin" });
  const teacher = server.as({ sub: "teacher1", role: "teacher", name: "王老师" });
  examId = (await teacher.exam.create({ name: "Maths", ...times })).id;
  const people = [
    person("inspector1", "inspector"),
    person("2026001", "examinee", '=HYPERLINK("http://evil.example")'),
    person("2026002", "examinee", '张三, "李"'),
  ];
  room = await teacher.room.create({ name: "Room 1", examId, participants: people });
  beside = await teacher.room.create({ name: "Twin", examId, participants: [person("2026003", "examinee")] });
  twin = await teacher.room.create({ name: "Twin", examId });
  await admin.room.create({ name: "Elsewhere" });
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

const invigil = (args: readonly string[], env: Env = ENV): Promise<Ended> =>
  runHere(["room", ...args], { cwd: folder.path, env });
/** The output of a command that must have succeeded. */
const printed = (...args: readonly string[]) => runWell(["room", ...args], { cwd: folder.path, env: ENV });
const complaint = async (args: readonly string[], env = ENV): Promise<string> => {
  const { code, stdout, stderr } = await invigil(args, env);
  // 2: the command line is wrong.
  expect({ code, stdout }).toEqual({ code: expect.toBeOneOf([1, 2]), stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr;
};

/** The codes of a page with cards. */
const codesIn = (page: string): string[] =>
  [...page.matchAll(/<b class="code">(.*?)<\/b>/g)].map(([, code = ""]) => code.replaceAll(/<\/?span>/g, ""));

describe("invigil room links", () => {
  it("prints JSON whose tokens the server takes", async () => {
    for (const form of [["--json"], ["--format", "json"]]) {
      const links = JSON.parse(await printed("links", room.id, ...form)) as { userId: string; url: string }[];
      expect(links.map(({ userId }) => userId)).toEqual(["teacher1", "inspector1", "2026001", "2026002"]);
      for (const { url } of links) {
        const token = new URL(url).searchParams.get("token") ?? "";
        expect(dataOf(await rest(server, token).get("roomInfo", { roomId: room.id })).name).toBe("Room 1");
      }
    }
  });

  it("prints lines for people", async () => {
    const text = await printed("links", room.id);
    expect(text).toMatch(/^Room 1\n {2}teacher teacher1 王老师, until \d{4}-\d\d-\d\d \d\d:\d\d\n {4}https:/);
    expect(text).toMatch(/\n {2}examinee 2026002 张三.*\n {4}https:.*\n {4}PC: https:.*#\/pc\n$/);
  });

  it("prints the same codes after the secret in the data folder was rotated", async () => {
    using own = tempFolder();
    const database = join(own.path, "data/invigil.db");
    let roomId = "";
    {
      await using app = await createTestApp({
        now: () => new Date(),
        config: { databaseFile: database, apps: APPS },
      });
      const people = [person("2026001", "examinee"), person("2026002", "examinee")];
      roomId = (await app.as({ sub: "t1", role: "teacher" }).room.create({ name: "R", participants: people }))
        .id;
    }
    const { INVIGIL_AUTH_SECRET: _, ...env } = ENV;
    const codesWith = async (secrets: Env = {}): Promise<string[]> => {
      const args = ["room", "links", roomId, "--format", "html"];
      return codesIn(await runWell(args, { cwd: own.path, env: { ...env, ...secrets } }));
    };
    const codes = await codesWith();
    expect(new Set(codes).size).toBe(5);
    const old = readFileSync(join(own.path, "data/auth-secret"), "utf8").trim();
    const rotated = {
      INVIGIL_ROOT_SECRET: old,
      INVIGIL_AUTH_SECRET: "x".repeat(32),
      INVIGIL_AUTH_SECRET_SECONDARY: old,
    };
    expect(await codesWith(rotated)).toEqual(codes);
    expect(await codesWith({ INVIGIL_AUTH_SECRET: "x".repeat(32) })).not.toEqual(codes);
  });

  it("prints CSV that spreadsheet programs read, and cannot be tricked by", async () => {
    const text = await printed("links", "--exam", examId, "--format", "csv");
    expect(text.startsWith("\ufeffrole,room,id,name,link,pc link,expires\r\n")).toBe(true);
    const rows: Record<string, string>[] = parse(text, { bom: true, columns: true });
    expect(rows.map(({ role, room: name, id }) => [role, name, id])).toEqual([
      ["teacher", "Room 1", "teacher1"],
      ["inspector", "Room 1", "inspector1"],
      ["examinee", "Room 1", "2026001"],
      ["examinee", "Room 1", "2026002"],
      ["teacher", "Twin", "teacher1"],
      ["examinee", "Twin", "2026003"],
      ["teacher", "Twin", "teacher1"],
    ]);
    expect(rows[2]?.name).toBe('\'=HYPERLINK("http://evil.example")');
    expect(rows[3]).toMatchObject({
      name: '张三, "李"',
      link: expect.stringMatching(/^https:\/\/sit\.example\/\?/),
      "pc link": expect.stringMatching(/#\/pc$/),
    });
    // Until four hours after the end of the exam, in the configured time zone.
    expect(rows[3]?.expires).toMatch(/\+08:00$/);
    expect(new Date(rows[3]?.expires ?? "").getTime()).toBe(times.endTime.getTime() + 14_400_000);
    expect(rows[0]?.["pc link"]).toBe("");
  });

  it("writes a page to print into a file that only its owner reads, new or not", async () => {
    for (const name of ["new.html", "old.html"]) {
      const file = join(folder.path, name);
      if (name === "old.html") writeFileSync(file, "x".repeat(1_000_000), { mode: 0o644 });
      expect(await printed("links", "--exam", examId, "--format", "html", "--output", name)).toBe(
        `Wrote the codes of 7 people in 3 rooms to ${name}. Anyone who has a code can act as that person: keep the file secret.\n`,
      );
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const page = readFileSync(file, "utf8");
      expect(page).toMatch(/^<!doctype html>.*<\/html>\n$/s);
      expect(page.split('class="card coded"')).toHaveLength(1 + 3);
      expect(page.split("<td>teacher</td>")).toHaveLength(1 + 3);
      expect(page).toContain("张三, &quot;李&quot;");
    }
  });

  it("prints codes that the server takes, the same each time, in the language that is asked for", async () => {
    const print = (...more: readonly string[]) => printed("links", room.id, "--format", "html", ...more);
    const page = await print();
    const codes = codesIn(page);
    expect(new Set(codes).size).toBe(2 + 2 * 2);
    expect(page).toContain("type it at proctor.example/j");
    const chinese = await print("--language", "zh");
    expect(codesIn(chinese)).toEqual(codes);
    expect(chinese).toContain("手机");
    for (const code of codes) {
      const { statusCode, headers } = await server.inject({ url: `/j/${code}` });
      expect(statusCode).toBe(303);
      const token = new URL(String(headers.location)).searchParams.get("token") ?? "";
      expect(dataOf(await rest(server, token).get("roomInfo", { roomId: room.id })).name).toBe("Room 1");
    }
  });

  it("prints cards with links, and says so, without the address at which codes are typed", async () => {
    const args = ["links", room.id, "--format", "html"];
    const { code, stdout, stderr } = await invigil(args, { ...ENV, INVIGIL_PUBLIC_URL: "" });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "invigil: the cards have no codes to type, because INVIGIL_PUBLIC_URL is not set.\n",
    });
    expect(stdout.split('<article class="card"><svg')).toHaveLength(1 + 2);
    expect(stdout).toContain("PC page");
  });

  it("writes a file for each room into a folder of the owner's", async () => {
    const output = await printed("links", "--exam", examId, "--format", "html", "--folder", "cards");
    expect(output).toBe(
      "Wrote the codes of 7 people in 3 rooms to cards. Anyone who has a code can act as that person: keep the files secret.\n",
    );
    const files = readdirSync(join(folder.path, "cards"));
    // The teacher of several rooms gets a file of their own, and nobody else is in the third room.
    expect(files.toSorted()).toEqual(
      [`Room_1-${room.id}.html`, `Twin-${beside.id}.html`, `王老师__teacher1_-${room.id}.html`].toSorted(),
    );
    for (const name of files) {
      const file = join(folder.path, "cards", name);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, "utf8")).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    }
    expect(statSync(join(folder.path, "cards")).mode & 0o777).toBe(0o700);
  });

  it("needs a setting before it reads anything", async () => {
    const vendors = { ...testEnv, INVIGIL_STREAM_SERVICE: "aliyun" };
    expect(await complaint(["links", "--exam", "no such exam"], vendors)).toMatch(
      /^invigil: Links require INVIGIL_WATCH_APP_URL and INVIGIL_EXAMINEE_APP_URL/,
    );
    expect(await complaint(["links", "--exam", "no such exam", "--role", "examinee"], vendors)).toMatch(
      /^invigil: Links require INVIGIL_EXAMINEE_APP_URL/,
    );
    const embedded = { ...testEnv, INVIGIL_STREAM_SERVICE: "embedded" };
    expect(await complaint(["links", "--exam", "no such exam", "--role", "teacher"], embedded)).toMatch(
      /^invigil: Links require INVIGIL_WATCH_APP_URL/,
    );
  });

  it("reports that an exam has no people, and writes no file", async () => {
    const { id } = await server.as({ sub: "root", role: "admin" }).exam.create({ name: "Bare", ...times });
    const noPeople = "invigil: The exam Bare has no people who could join: nothing was written\n";
    expect(await complaint(["links", "--exam", id])).toBe(noPeople);
    expect(await complaint(["links", "--exam", id, "--format", "csv"])).toBe(noPeople);
    const json = await complaint(["links", "--exam", id, "--json", "--output", "bare.json"]);
    expect(`invigil: ${JSON.parse(json).error.message}\n`).toBe(noPeople);
    expect(existsSync(join(folder.path, "bare.json"))).toBe(false);
    expect(JSON.parse(await printed("links", "--exam", id, "--json"))).toEqual([]);
  });

  it("is of one role where that was asked for, and then needs that role's app alone", async () => {
    const args = ["links", "--exam", examId, "--role", "examinee", "--json"];
    const { stdout, code } = await invigil(args, { ...testEnv, INVIGIL_EXAMINEE_APP_URL: APPS.examineeUrl });
    expect(code).toBe(0);
    const links = JSON.parse(stdout) as { userId: string }[];
    expect(links.map(({ userId }) => userId)).toEqual(["2026001", "2026002", "2026003"]);
    const settings = { ...testEnv, INVIGIL_WATCH_APP_URL: APPS.watchUrl, INVIGIL_STREAM_SERVICE: "aliyun" };
    expect(await complaint(args, settings)).toContain("INVIGIL_EXAMINEE_APP_URL");
  });

  it("finds a room of an exam by its name, if one alone has it", async () => {
    const text = await printed("links", "Room 1", "--exam", examId);
    expect(text).toContain("2026001");
    expect(await printed("links", beside.id, "--exam", examId)).toContain("2026003");
    expect(await complaint(["links", "Twin", "--exam", examId])).toBe(
      `invigil: 2 rooms are named 'Twin': specify the id of one of them (${twin.id}, ${beside.id})\n`,
    );
    expect(await complaint(["links", "Elsewhere", "--exam", examId])).toBe(
      "invigil: There is no room 'Elsewhere'\n",
    );
  });

  it("says what is wrong in a line, and leaves the file as it is", async () => {
    expect(await complaint(["links"])).toBe("invigil: Specify a room, or an exam with --exam\n");
    expect(await complaint(["links", "none"])).toBe("invigil: There is no room none.\n");
    const file = join(folder.path, "kept.csv");
    writeFileSync(file, "kept");
    expect(await complaint(["links", "--exam", "none", "--output", file])).toBe(
      "invigil: There is no exam 'none'\n",
    );
    expect(readFileSync(file, "utf8")).toBe("kept");
    const nowhere = join(folder.path, "missing/links.csv");
    expect(await complaint(["links", room.id, "--output", nowhere])).toBe(
      `invigil: The file ${nowhere} cannot be written: no such file or directory\n`,
    );
    expect(existsSync(nowhere)).toBe(false);
    for (const bad of [
      ["--format", "pdf"],
      ["--role", "admin"],
      ["--json", "--format", "csv"],
    ])
      expect((await invigil(["links", room.id, ...bad])).code).toBe(2);
  });
});

describe("invigil room", () => {
  it("creates a room, shows it and ends it", async () => {
    const id = (await printed("create", "--name", "Late", "--by", "teacher9")).trim();
    const shown = () => printed("show", id, "--json").then((text) => JSON.parse(text) as Room);
    expect(await shown()).toMatchObject({
      name: "Late",
      createTeacher: "teacher9",
      status: "in_progress",
      teachers: 1,
      inspectors: 0,
      examinees: 0,
    });
    expect(await printed("end", id, "--yes")).toBe("The room Late has ended.\n");
    expect(await shown()).toMatchObject({ status: "ended" });
    expect(await printed("show", id)).toMatch(
      /^NAME .*\nLate .* ended +teacher9 .*\n1 teacher, 0 inspectors, 0 examinees\n$/,
    );
    expect(await complaint(["links", id])).toContain(`The room ${id} has ended.`);
  });

  it("creates a room in an exam, and refuses an invalid id for its teacher", async () => {
    const admin = server.as({ sub: "root", role: "admin" });
    const { id } = await admin.exam.create({ name: "Art", ...times });
    const made = JSON.parse(
      await printed("create", "--name", "Late", "--by", "teacher9", "--exam", id, "--json"),
    ) as Room;
    expect(made).toMatchObject({ examId: id, createTeacher: "teacher9" });
    expect(await printed("show", "Late", "--exam", id)).toContain(made.id);
    expect(await invigil(["create", "--name", "Late", "--exam", id])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("required option '--by <teacher>' not specified"),
    });
    const { code, stderr } = await invigil(["create", "--name", "Late", "--by", "pc_a"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("must not begin with 'pc_'"),
    });
  });

  it("lists the rooms of an exam, however many", async () => {
    const admin = server.as({ sub: "root", role: "admin" });
    const { id } = await admin.exam.create({ name: "Big", ...times });
    for (let n = 1; n <= 103; n++) await admin.room.create({ name: `${n}`, examId: id });
    const rooms = JSON.parse(await printed("list", "--exam", id, "--json")) as Room[];
    expect(rooms.map(({ name }) => name)).toEqual(Array.from({ length: 103 }, (_, n) => `${103 - n}`));
    const text = await printed("list", "--exam", id);
    expect(text).toMatch(
      /^NAME +ID +EXAM +STATUS +TEACHER +CREATED\n103 +[0-9a-f]{32} +[0-9a-f]{32} +in progress +root /,
    );
    expect(text).toMatch(/\n103 rooms\n$/);
    expect(await printed("list")).toContain("Elsewhere");
  });
});
