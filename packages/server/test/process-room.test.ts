import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { APP_SETTINGS, APPS } from "./support/exams-fixture.js";
import { CLI, type Env, paste, tempFolder, testEnv } from "./support/process.js";

// `invigil room links` where its output cannot be written: see commands-room.test.ts for what it writes.

const PUBLIC_URL = "https://proctor.example";
const ENV: Env = { ...testEnv, ...APP_SETTINGS, INVIGIL_PUBLIC_URL: PUBLIC_URL };

let folder: ReturnType<typeof tempFolder>;
let app: TestApp;
let examId: string;
beforeAll(async () => {
  folder = tempFolder();
  // It stays open: a command could not open the database with the limits of these tests.
  app = await createTestApp({
    now: () => new Date(),
    config: {
      databaseFile: join(folder.path, "data/invigil.db"),
      authSecret: testEnv.INVIGIL_AUTH_SECRET,
      apps: APPS,
      publicUrl: PUBLIC_URL,
    },
  });
  const teacher = app.as({ sub: "teacher1", role: "teacher" });
  const soon = Date.now() + 86_400_000;
  const times = { startTime: new Date(soon), endTime: new Date(soon + 7_200_000) };
  examId = (await teacher.exam.create({ name: "Maths", ...times })).id;
  // Their cards take more space than the limit of the test below.
  const participants = Array.from({ length: 3 }, (_, n) => ({
    userId: `${n}`,
    name: "A",
    role: "examinee" as const,
  }));
  await teacher.room.create({ name: "Room 1", examId, participants });
  // With the limit, the command could not write the codes either.
  await teacher.room.joinCodes({ examId });
});
afterAll(async () => {
  await app?.close();
  folder[Symbol.dispose]();
});

it("leaves the old file whole where the new one does not fit", async () => {
  const file = join(folder.path, "full.html");
  writeFileSync(file, "old");
  const before = readdirSync(folder.path);
  const args = `room links --exam ${examId} --format html --output full.html`;
  const text = `ulimit -f 4; '${process.execPath}' '${CLI}' ${args}`;
  expect(await paste(text, { cwd: folder.path, env: ENV })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "invigil: The file full.html cannot be written: file too large\n",
  });
  expect(readFileSync(file, "utf8")).toBe("old");
  expect(readdirSync(folder.path)).toEqual(before);
});

it("exits quietly when the reader closes the pipe, and with a one-line error when the output cannot be written", async () => {
  const links = `'${process.execPath}' '${CLI}' room links --exam ${examId} --format html`;
  const place = { cwd: folder.path, env: ENV };
  const read = await paste(`exec 3> >(true); wait $!; ${links} >&3`, place);
  expect(read).toMatchObject({ code: 0, stderr: "" });
  const full = await paste(`${links} > /dev/full`, place);
  expect(full).toMatchObject({
    code: 1,
    stderr: "invigil: cannot write the output: no space left on device\n",
  });
});
