import type { Role } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import { beforeAll, describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { errorsOf, isOfOwnRooms, rolesOf } from "../src/trpc/procedures.js";
import { type Answer, dataOf, expectDone, refusalOf, send, trpc } from "./support/calls.js";
import { sample } from "./support/effort.js";
import { addExamsFixture, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import {
  assertOutcomes,
  type CallerName,
  callersOf,
  type Outcome,
  type Outcomes,
  PERMISSIONS_PAGE,
  permissions,
  permissionsPage,
} from "./support/permissions.js";
import {
  accountOf,
  callOf,
  calls,
  credentialsOf,
  type DocumentedCall,
  EVERYTHING,
  makeCall,
  PATHS,
  requestOf,
  urlOf,
} from "./support/procedure-calls.js";
import { reasonOf } from "./support/reason.js";
import { procedures } from "./support/router.js";
import { sharedApps, sharedSchools } from "./support/shared.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";

const ROOT: TestCaller = { sub: "root", role: "admin" };
const WITHOUT_DATA = new Set(["cheat/setCheatConfig", "cheat/addCheatRecord"]);
const HTTP_STATUS: Readonly<Record<Outcome, number>> = {
  ok: 200,
  FORBIDDEN: 403,
  PROVIDER_NOT_CONFIGURED: 501,
  EXAM_CONFLICT: 409,
  AUDIO_CLIP_NOT_FOUND: 404,
  ROOM_ENDED: 409,
};

/**
 * The calls that show what is stored: not what is made for each call, such as links, and not the audit, which keeps refused calls.
 */
const READING = calls.filter(
  ({ method, path }) => method === "query" && /(?<!^audit)\.(?:get|list|history|snapshot)/.test(path),
);
/** What an administrator reads: the state of what a refused call could change. */
const stateOf = (fixture: ExamsFixture) =>
  Promise.allSettled(
    READING.map((call) => makeCall(fixture, ROOT, { ...call, input: call.input(fixture, ROOT, 0) })),
  );

/** What came of each call, by caller. Of callers who were not tried, what the page says. */
const record = new Map(permissions);

/** The callers who reach the room and its exam, whatever they may do there. */
const OF_ROOM: readonly CallerName[] = [
  "admin",
  "teacher",
  "inspector",
  "examinee",
  "adminHere",
  "teacherHere",
  "teacherThisExam",
  "inspectorHere",
  "examineeHere",
  "examineeOfEnded",
];
const OF_EXAM: readonly CallerName[] = [...OF_ROOM, "siblingTeacher", "siblingInspector", "siblingExaminee"];

/** Whether a procedure declares that a caller is refused. Undefined: only its sentence says so. */
const declaresRefusal = (
  { procedure, input }: { readonly procedure: AnyTRPCProcedure; readonly input: object | undefined },
  { name, role }: { readonly name: CallerName; readonly role: Role },
): boolean | undefined => {
  const roles = rolesOf(procedure);
  if (!roles) return errorsOf(procedure).includes("FORBIDDEN") ? undefined : false;
  if (!roles.includes(role)) return true;
  if (!isOfOwnRooms(procedure)) return undefined;
  return !(input && "roomId" in input ? OF_ROOM : OF_EXAM).includes(name);
};

interface Trial {
  readonly row: string;
  readonly number: number;
  readonly compares?: boolean;
}
/**
 * Makes a call as every caller. Callers who are refused go first. Only a quarter of the callers take part, and all with full effort. The number of
 * the call decides which, so that every caller takes part in some calls.
 * @param compares whether the refused calls must not have changed anything. Default: false.
 */
const tryEverybody = async (
  fixture: ExamsFixture,
  { row, number, compares }: Trial,
  make: (fixture: ExamsFixture, caller: TestCaller, n: number) => Promise<string>,
): Promise<Partial<Record<CallerName, string>>> => {
  const { prepare, input, procedure } = callOf(row);
  const callers = callersOf(fixture);
  // Safe: the keys are the names of the columns.
  const names = Object.keys(callers) as CallerName[];
  await fixture.admin.participant.add({
    roomId: fixture.room.id,
    participants: names.map((_, n) => ({ userId: `leaving${n}`, name: "Leaving", role: "examinee" })),
  });
  await prepare?.(fixture);
  const known = record.get(row);
  const about = { procedure, input: input(fixture, callers.admin, 0) };
  const all = names.map((name, n) => ({
    n,
    name,
    isRefused: declaresRefusal(about, { name, role: callers[name].role }),
  }));
  const tried = names.every((name) => known?.[name]) ? sample(all, 4, number) : all;
  const seen: Partial<Record<CallerName, string>> = {};
  const run = async (which: (one: (typeof all)[number]) => boolean): Promise<void> => {
    for (const one of tried) if (which(one)) seen[one.name] = await make(fixture, callers[one.name], one.n);
  };
  const isLast = (name: CallerName): boolean => name === "examineeOfEnded";
  const isOk = ({ name, isRefused }: (typeof all)[number]): boolean =>
    (known?.[name] ?? (isRefused ? "FORBIDDEN" : "ok")) === "ok";
  const before = compares ? await stateOf(fixture) : undefined;
  await run((one) => !isLast(one.name) && !isOk(one));
  if (before && !Object.values(seen).includes("ok")) expect(await stateOf(fixture)).toEqual(before);
  await run((one) => !isLast(one.name) && isOk(one));
  await fixture.admin.room.end({ roomId: fixture.room.id });
  await run(({ name }) => isLast(name));
  const declared = tried.flatMap(({ name, isRefused }) =>
    isRefused === undefined ? [] : [{ name, isRefused }],
  );
  expect(
    declared.map(({ name }) => ({ name, isRefused: seen[name] === "FORBIDDEN" })),
    `who is refused, as ${row} declares`,
  ).toEqual(declared);
  return seen;
};
/** The same, where everybody's outcome is on record. */
const tryAsRecorded = async (...of: Parameters<typeof tryEverybody>): Promise<void> => {
  const seen = await tryEverybody(...of);
  expect(record.get(of[1].row)).toMatchObject(seen);
};

const rows = calls.map((call, number) => ({ ...call, number }));
const paths = PATHS.map((path, number) => ({ ...path, number }));

describe("who may, in-process", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(rows)("$row", async ({ row, number, path, input }) => {
    const seen = await tryEverybody(await next(), { row, number, compares: true }, (fixture, caller, n) =>
      reasonOf(makeCall(fixture, caller, { path, input: input(fixture, caller, n) })),
    );
    assertOutcomes(row, seen);
    record.set(row, { ...record.get(row), ...seen });
  });

  it("is as docs/api/permissions.md says (`npm run write` writes it)", async () => {
    // Safe: a call that was not on the page was tried by everybody.
    const outcomes = rows.map(({ row }) => [row, record.get(row) as Outcomes] as const);
    await expect(permissionsPage(outcomes)).toMatchFileSnapshot(PERMISSIONS_PAGE);
  });

  it("is somebody in each role that a procedure declares", () => {
    const place = { id: "", examId: "" };
    const callers = callersOf({ room: place, sibling: place, other: place });
    const unused = [...procedures].flatMap(([path, procedure]) => {
      const own = calls.filter((call) => call.path === path && !call.needsLogin);
      const may = (role: Role): boolean =>
        own.length === 0 ||
        own.some(({ row }) =>
          Object.entries(record.get(row) ?? {}).some(
            // Safe: the keys are the names of the columns.
            ([name, outcome]) => outcome !== "FORBIDDEN" && callers[name as CallerName].role === role,
          ),
        );
      return (rolesOf(procedure) ?? []).filter((role) => !may(role)).map((role) => `${path}: ${role}`);
    });
    expect(unused).toEqual([]);
  });
});

// Refused calls change nothing over HTTP either: `http-hostile.test.ts` compares all tables after each.
describe("who may, over HTTP", () => {
  const next = sharedSchools(EVERYTHING);

  // The rows are sampled as well.
  it.each(sample(rows, 3))("$row", async ({ row, number, path, method, input }) =>
    tryAsRecorded(await next(), { row, number: number + 1 }, async (fixture, caller, n) => {
      const make = trpc(fixture, await fixture.token(caller))[method];
      const { status, data, error } = await make(path, input(fixture, caller, n));
      const outcome: Outcome = error?.data.reason ?? "ok";
      expect({ row, caller, status, failed: data === undefined }).toEqual({
        row,
        caller,
        status: HTTP_STATUS[outcome],
        failed: outcome !== "ok",
      });
      return outcome;
    }),
  );
});

const ask = (
  fixture: ExamsFixture,
  path: DocumentedCall,
  caller: TestCaller,
  authorization: string | undefined,
): Promise<Answer> => send(fixture, requestOf(path, fixture, caller, 0), authorization);

describe("who may, on the documented paths", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(paths)("$method $path ($row)", async (path) =>
    tryAsRecorded(await next(), { ...path, compares: true }, async (fixture, caller) => {
      const answer = await ask(fixture, path, caller, await fixture.token(caller));
      const reason: Outcome = answer.body.reason ?? "ok";
      if (reason !== "ok") refusalOf(answer, HTTP_STATUS[reason], reason);
      else if (WITHOUT_DATA.has(path.path)) expectDone(answer);
      else dataOf(answer);
      return reason;
    }),
  );
});

describe("without a valid token", () => {
  const next = sharedApps();
  const caller = ROOT;
  let fixture: ExamsFixture;
  let before: Awaited<ReturnType<typeof stateOf>>;
  beforeAll(async () => {
    fixture = await addExamsFixture(await next());
    before = await stateOf(fixture);
  });
  const badTokens = async (fixture: ExamsFixture): Promise<(string | undefined)[]> => {
    const good = await fixture.token(caller);
    return [undefined, "", "Bearer ", "xxx", `${good}x`, await fixture.token(caller, -1)];
  };

  const guarded = sample(
    rows.filter(({ procedure }) => rolesOf(procedure)),
    3,
  ).map((one, number) => ({ ...one, number }));
  it.each(guarded)("nobody calls $row", async ({ path, number, method, input }) => {
    // Unused rate limits.
    await next();
    for (const token of sample(await badTokens(fixture), 3, number)) {
      const { status, error } = await trpc(fixture, token)[method](path, input(fixture, caller, 0));
      expect({ status, code: error.data.code, reason: error.data.reason }).toEqual({
        status: 401,
        code: "UNAUTHORIZED",
        reason: "UNAUTHENTICATED",
      });
    }
  });

  const guardedPaths = paths.filter(({ row }) => rolesOf(callOf(row).procedure));
  it.each(guardedPaths)("nobody calls $method $path", async (path) => {
    await next();
    for (const token of sample(await badTokens(fixture), 3, path.number))
      refusalOf(await ask(fixture, path, caller, token), 401, "UNAUTHENTICATED");
    // The token is checked before the input.
    const empty = await send(fixture, { method: path.method, path: urlOf(path.path) });
    refusalOf(empty, 401, "UNAUTHENTICATED");
  });

  it("nobody has changed anything by these calls", async () => {
    await next();
    expect(await stateOf(fixture)).toEqual(before);
  });

  it("anybody logs in, and the stream service reports, at every entry point, whatever token comes along", async () => {
    await using open = await openExamsFixture({ config: STREAM_CONFIG });
    const report = { ...streamReport(open.room, "examinee1"), ...streamSignature() };
    await open.admin.account.create(accountOf(open));
    for (const token of await badTokens(open)) {
      expect((await trpc(open, token).mutate("auth.login", credentialsOf(open))).status).toBe(200);
      expect((await trpc(open, token).mutate("stream.report", report)).status).toBe(200);
      for (const path of PATHS.filter(({ row }) => !rolesOf(callOf(row).procedure)))
        dataOf(await ask(open, path, caller, token));
    }
  });
});
