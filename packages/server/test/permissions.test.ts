import { TRPCError } from "@trpc/server";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { InvigilError } from "../src/platform/errors.js";
import { createRoutes, UNMAPPED_PROCEDURES } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { type Answer, dataOf, expectDone, refusalOf, send, trpc } from "./support/calls.js";
import { sample } from "./support/effort.js";
import { type CallerName, callersOf, type Outcome, permissions } from "./support/permissions.js";
import {
  accountOf,
  CALLS,
  credentialsOf,
  type DocumentedCall,
  EVERYTHING,
  PATHS,
  PREPARE,
  PUBLIC,
  procedureOf,
  requestOf,
  urlOf,
} from "./support/procedure-calls.js";
import { openSchool, type School } from "./support/school.js";
import { sharedSchools } from "./support/shared.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { openWorld } from "./support/world.js";

const WITHOUT_DATA = new Set(["cheat/setCheatConfig", "cheat/addCheatRecord"]);
const HTTP_STATUS = {
  ok: 200,
  FORBIDDEN: 403,
  PROVIDER_NOT_CONFIGURED: 501,
  EXAM_CONFLICT: 409,
  AUDIO_CLIP_NOT_FOUND: 404,
};

/** The state of everything that a refused call could change. */
const stateOf = async ({ admin, room, other }: School) => ({
  accounts: await admin.account.list({}),
  rooms: await admin.room.list({}),
  exams: [await admin.exam.get({ examId: room.examId }), await admin.exam.get({ examId: other.examId })],
  people: await Promise.all(
    (["teacher", "inspector", "examinee"] as const).map((role) =>
      admin.participant.list({ roomId: room.id, role }),
    ),
  ),
  audio: await admin.audio.list({}),
  config: await admin.cheat.getConfig({ examId: room.examId }),
  records: await admin.cheat.listRecords({ roomId: room.id }),
  messages: await admin.im.history({ roomId: room.id }),
});

/**
 * Makes the call of a row as every caller. Callers who are refused go first, and must not change anything. With quick effort, only a
 * quarter of the callers take part. The number of the row decides which, so that every caller takes part in some rows.
 */
const tryEverybody = async (
  school: School,
  { row, number }: { row: string; number: number },
  call: (school: School, caller: TestCaller, n: number) => Promise<string>,
): Promise<void> => {
  const callers = callersOf(school);
  const expected = permissions.get(row);
  if (!expected) throw new Error(`there is no row ${row}`);
  // Safe: the keys are the names of the columns.
  const names = Object.keys(callers) as CallerName[];
  await school.admin.participant.add({
    roomId: school.room.id,
    participants: names.map((_, n) => ({ userId: `leaving${n}`, name: "Leaving", role: "examinee" })),
  });
  await PREPARE[row]?.(school);
  const seen: Partial<Record<CallerName, string>> = {};
  const tried = sample([...names.entries()], 4, number);
  const run = async (which: (outcome: Outcome) => boolean): Promise<void> => {
    for (const [n, name] of tried)
      if (which(expected[name])) seen[name] = await call(school, callers[name], n);
  };
  const before = await stateOf(school);
  await run((outcome) => outcome !== "ok");
  expect(await stateOf(school)).toEqual(before);
  await run((outcome) => outcome === "ok");
  expect(seen).toEqual(Object.fromEntries(tried.map(([, name]) => [name, expected[name]])));
};

describe("the permission table", () => {
  it("has a row for every procedure, and nothing else", async () => {
    await using world = await openWorld();
    const procedures = [...world.procedures.keys()].toSorted();
    const covered = [...new Set([...permissions.keys()].map(procedureOf))].toSorted();
    expect(covered).toEqual(procedures);
    expect(Object.keys(CALLS)).toEqual([...permissions.keys()]);
  });

  it("has a path for every documented one", () => {
    const documented = createRoutes(createWire({ timeZone: "Asia/Shanghai" })).flatMap(
      ({ path, methods, procedure }) => methods.map((method) => `${method} ${path} ${procedure}`),
    );
    const covered = PATHS.map(({ path, method, row }) => `${method} ${urlOf(path)} ${procedureOf(row)}`);
    expect([...new Set(covered)].toSorted()).toEqual(documented.toSorted());
  });

  it("leaves no procedure without a path, but for those that are listed so", async () => {
    await using world = await openWorld();
    const mapped = new Set<string>(PATHS.map(({ row }) => procedureOf(row)));
    const unmapped = [...world.procedures.keys()].filter((name) => !mapped.has(name));
    expect(unmapped.toSorted()).toEqual([...UNMAPPED_PROCEDURES].toSorted());
  });
});

const rows = Object.entries(CALLS).map(([row, call], number) => ({ row, number, ...call }));
const paths = PATHS.map((path, number) => ({ ...path, number }));

describe("who may, in-process", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(rows)("$row", async ({ row, number, input }) =>
    tryEverybody(await next(), { row, number }, async (school, caller, n) => {
      const [noun = "", verb = ""] = procedureOf(row).split(".");
      // Safe: the names are those of the router, which another test compares with the table.
      const procedures = school.as(caller) as unknown as Record<
        string,
        Record<string, (input: unknown) => Promise<unknown>>
      >;
      try {
        await procedures[noun]?.[verb]?.(input(school, caller, n));
        return "ok";
      } catch (error) {
        if (!(error instanceof TRPCError) || !(error.cause instanceof InvigilError)) throw error;
        return error.cause.code;
      }
    }),
  );
});

describe("who may, over HTTP", () => {
  const next = sharedSchools(EVERYTHING);

  // With quick effort fewer rows, by other callers than in-process.
  it.each(sample(rows, 3))("$row", async ({ row, number, method, input }) =>
    tryEverybody(await next(), { row, number: number + 1 }, async (school, caller, n) => {
      const call = trpc(school, await school.token(caller))[method];
      const { status, data, error } = await call(procedureOf(row), input(school, caller, n));
      const outcome: Outcome = error?.data.reason ?? "ok";
      expect({ row, caller, status, failed: data === undefined }).toEqual({
        row,
        caller,
        status: HTTP_STATUS[outcome] ?? `none for ${outcome}`,
        failed: outcome !== "ok",
      });
      return outcome;
    }),
  );
});

const ask = (
  school: School,
  path: DocumentedCall,
  caller: TestCaller,
  authorization: string | undefined,
): Promise<Answer> => send(school, requestOf(path, school, caller, 0), authorization);

describe("who may, on the documented paths", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(paths)("$method $path ($row)", async (path) =>
    tryEverybody(await next(), path, async (school, caller) => {
      const answer = await ask(school, path, caller, await school.token(caller));
      const reason: Outcome = answer.body.reason ?? "ok";
      if (reason !== "ok") refusalOf(answer, HTTP_STATUS[reason] ?? 0, reason);
      else if (WITHOUT_DATA.has(path.path)) expectDone(answer);
      else dataOf(answer);
      return reason;
    }),
  );
});

describe("without a valid token", () => {
  const next = sharedSchools();
  const caller: TestCaller = { sub: "root", role: "admin" };
  const badTokens = async (school: School): Promise<(string | undefined)[]> => {
    const good = await school.token(caller);
    return [undefined, "", "Bearer ", "xxx", `${good}x`, await school.token(caller, -1)];
  };

  const guarded = sample(
    rows.filter(({ row }) => !PUBLIC.has(row)),
    3,
  ).map((one, number) => ({ ...one, number }));
  it.each(guarded)("nobody calls $row", async ({ row, number, method, input }) => {
    const school = await next();
    const before = await stateOf(school);
    for (const token of sample(await badTokens(school), 3, number)) {
      const { status, error } = await trpc(school, token)[method](procedureOf(row), input(school, caller, 0));
      expect({ status, code: error.data.code, reason: error.data.reason }).toEqual({
        status: 401,
        code: "UNAUTHORIZED",
        reason: "UNAUTHENTICATED",
      });
    }
    expect(await stateOf(school)).toEqual(before);
  });

  const guardedPaths = paths.filter(({ row }) => !PUBLIC.has(row));
  it.each(guardedPaths)("nobody calls $method $path", async (path) => {
    const school = await next();
    const before = await stateOf(school);
    for (const token of sample(await badTokens(school), 3, path.number))
      refusalOf(await ask(school, path, caller, token), 401, "UNAUTHENTICATED");
    // The token is checked before the input.
    const empty = await send(school, { method: path.method, path: urlOf(path.path) });
    refusalOf(empty, 401, "UNAUTHENTICATED");
    expect(await stateOf(school)).toEqual(before);
  });

  it("anybody logs in, and the stream service reports, by every door, whatever token comes along", async () => {
    await using school = await openSchool({ config: STREAM_CONFIG });
    const report = { ...streamReport(school.room, "examinee1"), ...streamSignature() };
    await school.admin.account.create(accountOf(school));
    for (const token of await badTokens(school)) {
      expect((await trpc(school, token).mutate("auth.login", credentialsOf(school))).status).toBe(200);
      expect((await trpc(school, token).mutate("stream.report", report)).status).toBe(200);
      for (const path of PATHS.filter(({ row }) => PUBLIC.has(row)))
        dataOf(await ask(school, path, caller, token));
    }
  });
});
