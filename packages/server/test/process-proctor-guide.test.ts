import { createInvigilClient, type InvigilClient } from "@invigil/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Guide, readGuide } from "./support/guide.js";
import {
  REPOSITORY,
  type Server,
  serve,
  startPaste,
  tempFolder,
  testEnv,
  tokenFor,
} from "./support/process.js";

const MINUTE_MS = 60_000;
const CANDIDATES = Array.from({ length: 60 }, (_, n) => `c${String(n + 1).padStart(2, "0")}`);

let folder: ReturnType<typeof tempFolder>;
let server: Server;
let invigil: InvigilClient;
let examId: string;
let roomId: string;
let env: Record<string, string>;
let guide: Guide;

beforeAll(async () => {
  folder = tempFolder();
  guide = readGuide("proctor-an-exam.md", folder.path, () => env);
  server = await serve({ cwd: folder.path, env: testEnv });
  const token = await tokenFor("teacher", "invigilator");
  invigil = createInvigilClient({ url: server.url, token });
  // It has begun.
  const now = Date.now();
  const times = { startTime: new Date(now - 30 * MINUTE_MS), endTime: new Date(now + 90 * MINUTE_MS) };
  examId = (await invigil.exam.create.mutate({ name: "Geography", ...times })).id;
  const roomOf = async (name: string, userIds: readonly string[]) => {
    const participants = userIds.map((userId) => ({ userId, name: userId, role: "examinee" as const }));
    return (await invigil.room.create.mutate({ name, examId, participants })).id;
  };
  roomId = await roomOf("Room 1", CANDIDATES.slice(0, 30));
  await roomOf("Room 2", CANDIDATES.slice(30));
  env = { ...testEnv, CLONE: REPOSITORY, SERVER: server.url, TOKEN: token, EXAM: examId, ROOM: roomId };
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const perform = (title: string): Promise<string> => guide.perform(title);
const attemptOf = async (userId: string) => {
  const { people } = await invigil.exam.people.query({ examId, search: userId });
  return people.find((person) => person.userId === userId)?.attempt;
};
const clientOf = async (userId: string): Promise<InvigilClient> =>
  createInvigilClient({ url: server.url, token: await tokenFor("examinee", userId) });
const statusFor = async (userId: string): Promise<string> =>
  (await (await clientOf(userId)).room.get.query({ roomId })).status;

it("docs/proctor-an-exam.md leads through an exam of 60", async () => {
  await perform("The evening before");
  expect(await invigil.exam.get.query({ examId })).toMatchObject({
    controlledBy: "rooms",
    maxRoomMinutes: 30,
  });

  const expected = await perform("Who is here");
  for (const userId of CANDIDATES) expect(expected).toContain(userId);

  await perform("Something that colleagues should know");
  expect((await invigil.exam.entries.query({ examId, userId: "c03" })).entries).toMatchObject([
    { kind: "note", severity: "look", note: "Looked at the door several times." },
  ]);

  await (await clientOf("c05")).hand.raise.mutate({ roomId, kind: "break" });
  expect(await perform("A candidate raises their hand")).toBe("break\n");
  expect((await invigil.hand.list.query({ examId })).hands).toMatchObject([
    { userId: "c05", status: "taken", takenBy: "invigilator" },
  ]);

  expect(await perform("A candidate loses the network")).toMatch(/^c07 changed \S+Z$/m);
  expect(await attemptOf("c07")).toMatchObject({ extendedMinutes: 12 });
  await perform("A candidate loses the network");
  expect(await attemptOf("c07")).toMatchObject({ extendedMinutes: 12 });

  await perform("A disturbance in a room");
  for (const userId of ["c01", "c30"]) {
    const attempt = await attemptOf(userId);
    expect(attempt).toMatchObject({ status: "running" });
    expect(attempt?.pausedMs).toBeGreaterThan(0);
  }
  expect(await attemptOf("c31")).toBeUndefined();

  guide.write("system.mjs", "The system with the questions");
  await using system = startPaste("node system.mjs", { cwd: folder.path, env });
  await system.line("All further changes follow.");
  expect(system.stdout()).toContain("c07 running");

  await perform("A wrong person");
  await system.line("c21 paused");
  await system.line("c21 terminated");
  await system.line("c21 save");
  expect(await attemptOf("c21")).toMatchObject({ status: "terminated" });
  expect([await statusFor("c21"), await statusFor("c20")]).toEqual(["ended", "in_progress"]);

  await perform("It was a mistake");
  expect(await attemptOf("c21")).toMatchObject({ status: "running" });
  expect(await statusFor("c21")).toBe("in_progress");
  await system.line("c21 running");

  await perform("The end");
  expect((await invigil.room.list.query({ examId })).rooms.map(({ status }) => status)).toEqual([
    "ended",
    "ended",
  ]);

  const kept = await perform("What is kept");
  const kinds = [...kept.matchAll(/^\S+Z (\w+) invigilator (\w+)$/gm)].map(([, kind]) => kind);
  expect(kinds).toEqual(["reopen", "terminate", "pause", "resume", "pause"]);
  expect(guide.titles).toHaveLength(11);
});
