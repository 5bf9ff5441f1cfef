import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { rolesOf } from "../src/trpc/procedures.js";
import { type ApiExample, referencePages } from "./support/api-reference.js";
import { apiOf } from "./support/api-shapes.js";
import { trpc } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { type CallerName, callersOf, permissions } from "./support/permissions.js";
import { accountOf, calls, credentialsOf, EVERYTHING } from "./support/procedure-calls.js";
import { openRecordings } from "./support/recordings.js";
import { router } from "./support/router.js";
import { shortened } from "./support/shortened.js";

// The API reference in docs/api. Its examples are the calls of the permission tests.

const FOLDER = fileURLToPath(new URL("../../../docs/api/", import.meta.url));
const NOW = new Date("2026-01-02T03:04:05Z");

/** The first of these who may make a call makes it. */
const CALLERS: Readonly<Partial<Record<CallerName, string>>> = {
  teacher: "a teacher of the room",
  admin: "an administrator",
};
const callerOf = ({ row, procedure }: (typeof calls)[number]): CallerName | undefined => {
  // Safe: the keys are names of callers.
  const names = Object.keys(CALLERS) as ("teacher" | "admin")[];
  return names.find((name) => {
    const outcome = permissions.get(row)?.[name];
    // The page does not have a new call yet.
    if (outcome === undefined) return rolesOf(procedure)?.includes(name);
    // Here, the store for recordings is configured.
    return outcome === "ok" || (outcome === "PROVIDER_NOT_CONFIGURED" && row === "upload.getCredentials");
  });
};

const logIn = async (fixture: ExamsFixture): Promise<string> => {
  await fixture.admin.account.setPassword({
    userId: accountOf(fixture).userId,
    password: accountOf(fixture).password,
  });
  return (await fixture.admin.auth.login(credentialsOf(fixture))).token;
};

/** What is random, and what stands in its place: the same in each example, so that a new call changes no other example. */
const RANDOM: readonly (readonly [pattern: RegExp, numbered: (n: number) => string])[] = [
  [/\b[0-9a-f]{12}7[0-9a-f]{19}\b/g, (n) => `019b7ca98c8870008000${String(n).padStart(12, "0")}`],
  [
    /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  ],
  [/\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b/g, (n) => `9GBH-KH6K-N27${n}`],
];

/** Returns a function that shortens the texts of an example and numbers what is random, except for the ids of the fixture. */
const shortener = ({ room, sibling, other, clipId }: ExamsFixture) => {
  const numbered = new Map(
    [room.id, room.examId, sibling.id, other.id, other.examId, clipId].map((id) => [id, id]),
  );
  const textOf = (text: string): string =>
    RANDOM.reduce(
      (all, [pattern, make]) =>
        all.replaceAll(pattern, (found) => {
          const known = numbered.get(found) ?? make(numbered.size);
          numbered.set(found, known);
          return known;
        }),
      text,
    );
  const shorten = (value: unknown, name = ""): unknown => {
    if (Array.isArray(value)) return value.map((element) => shorten(element, name));
    if (typeof value === "object" && value !== null && !(value instanceof Date))
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shorten(part, key)]));
    const short = shortened(name, value);
    return typeof short === "string" ? textOf(short) : short;
  };
  return shorten;
};

/** Makes a call of each procedure, one after the other, in one school. */
const makeExamples = async (): Promise<ReadonlyMap<string, ApiExample | "refused">> => {
  await using recordings = await openRecordings({ clock: () => NOW, environment: {} });
  const { aliyun, uploads, vendors } = recordings.config;
  await using fixture = await openExamsFixture({
    database: ":memory:",
    config: { ...EVERYTHING.config, aliyun, uploads, vendors },
  });
  const { admin, room } = fixture;
  const callers = callersOf(fixture);
  const most = Object.keys(callers).length;
  const examples = new Map<string, ApiExample | "refused">();
  const prepared = new Set<unknown>();
  const counts = new Map<string, number>();
  for (const call of calls) {
    const { path, method, prepare, before, needsLogin, input: inputOf } = call;
    // Counts the calls of a noun, so that its examples do not depend on those of others.
    const [noun = ""] = path.split(".");
    const n = (counts.get(noun) ?? 0) % most;
    counts.set(noun, n + 1);
    const name = needsLogin ? "teacher" : callerOf(call);
    const isMade = (examples.get(path) ?? "refused") !== "refused";
    if (name === undefined && !isMade) examples.set(path, "refused");
    if (name === undefined || isMade) continue;
    if (prepare && !prepared.has(prepare)) await prepare(fixture);
    prepared.add(prepare);
    await before?.(fixture, n);
    const caller: TestCaller = callers[name];
    const input = inputOf(fixture, caller, n);
    const leaving = `leaving${n}`;
    if (JSON.stringify(input)?.includes(leaving))
      await admin.participant.add({
        roomId: room.id,
        participants: [{ userId: leaving, name: "Leaving", role: "examinee" }],
      });
    const token = needsLogin ? await logIn(fixture) : await fixture.token(caller);
    const { data, error } = await trpc(fixture, token)[method](path, input);
    expect({ path, error }).toEqual({ path, error: undefined });
    const shorten = shortener(fixture);
    examples.set(path, {
      by: needsLogin ? "a teacher who has logged in" : (CALLERS[name] ?? name),
      input: shorten(input),
      answer: shorten(data),
    });
  }
  return examples;
};

const rows = createRoutes(createWire({ timeZone: "UTC" }));

it("the API reference is written from the procedures and from calls (`npm run write` writes it)", async () => {
  const pages = referencePages({
    api: apiOf(router),
    rows,
    examples: await makeExamples(),
  });
  for (const [name, text] of pages) await expect.soft(text).toMatchFileSnapshot(`${FOLDER}${name}`);
});
