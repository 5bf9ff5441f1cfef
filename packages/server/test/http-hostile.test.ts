import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TestApp } from "../src/app/testing.js";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { roomEvents } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { answersTo, dataOf, rest } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { cases, isFull, often } from "./support/effort.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import {
  contentType,
  hostileText,
  hostileValue,
  mutated,
  mutations,
  queryJunk,
  spoiling,
  written,
} from "./support/hostile.js";
import { limited } from "./support/limits.js";
import { shared } from "./support/shared.js";
import { STREAM_CONFIG, streamHeaders, streamReport, streamSignature } from "./support/streams.js";
import { contentsOf, rowsOf } from "./support/tables.js";

const RUNS = cases(5_000);
const SEED = 20_260_102;

/** What no response may reveal: paths of the server, its libraries, and stack traces. */
const SECRETS =
  /node_modules|\/work\/|\/tmp\/|\/dev\/shm\/|packages\/server|SQLITE|sqlite|drizzle|better-sql|\bSELECT\b|\bINSERT\b|\.[jt]s:\d+|^\s+at /m;

/** Valid fields for every path and procedure, each of which reads only some. */
const fieldsOf = ({ room, clipId, detection }: ExamsFixture) => ({
  rest: {
    roomId: room.id,
    examId: room.examId,
    userId: "examinee1",
    id: room.id,
    audioStatus: 0,
    name: "N",
    imServer: ["aliyun_new"],
    pageSize: 2,
    data: JSON.stringify([{ ...detection("examinee1"), detectTime: 1 }]),
    username: "examinee1",
    password: "a password",
  },
  callback: streamReport(room, "examinee1"),
  trpc: {
    ...streamReport(room, "examinee1"),
    ...streamSignature(),
    roomId: room.id,
    examId: room.examId,
    userId: "examinee1",
    clipId,
    audioStatus: "silent",
    name: "N",
    imServer: ["aliyun_new"],
    pageSize: 2,
    data: "{}",
    url: "https://audio.example/x.wav",
    records: [{ ...detection("examinee1"), detectTime: "2026-01-02T03:00:00.000Z" }],
    username: "examinee1",
    password: "a password",
    role: "teacher",
    tokenId: "a token's id",
    participants: [{ userId: "someone", name: "Some One", role: "examinee" }],
    startTime: "2026-02-01T00:00:00.000Z",
    endTime: "2026-02-01T02:00:00.000Z",
    // An id without an event: subscribers get an answer at once.
    lastEventId: "999999999",
  },
});
const DATES = { "records.0.detectTime": ["Date"], startTime: ["Date"], endTime: ["Date"] };

interface Attack {
  readonly app: TestApp;
  readonly fixture: ExamsFixture;
  /** A room that may end, so that the others stay open. */
  readonly doomed: string;
  readonly tokens: Readonly<Record<string, string | undefined>>;
  /** The rows of all tables, except those of presence and of the audit, which are written independently: a refused call is in the audit. */
  readonly readContents: () => Promise<string>;
  readonly seen: Map<string, number>;
}
const WHO = ["teacher", "teacher", "teacher", "admin", "examinee", "garbage", "none"] as const;

const openAttack = async (): Promise<Attack & AsyncDisposable> => {
  const folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  // The clock stands still, so all requests are of one minute.
  const limits = limited({ INVIGIL_LIMIT_WRITES: "person=100000" });
  const fixture = await openExamsFixture({ config: { ...STREAM_CONFIG, ...limits, databaseFile } });
  const db = await openTestDatabase({ file: databaseFile });
  const isPresence = ["participant_entered", "participant_left", "devices_changed"];
  let [contents, version]: [string, number | undefined] = ["", undefined];
  const readContents = async () => {
    // Not every commit changes the contents.
    const now = await db.storage.othersVersion();
    if (now === undefined || now !== version) {
      const { presence: _, audit_entries: __, ...others } = await contentsOf(db);
      const events = (await rowsOf(db, roomEvents)).filter(({ type }) => !isPresence.includes(type));
      contents = JSON.stringify({ ...others, room_events: events });
    }
    version = now;
    return contents;
  };
  // Attached to an exam, so that no attack deletes the clip that the others use.
  await fixture.teacher.audio.attach({ examId: fixture.room.examId, clipId: fixture.clipId });
  return {
    app: fixture,
    fixture,
    doomed: (await fixture.teacher.room.create({ name: "Doomed" })).id,
    tokens: {
      teacher: await fixture.token({ sub: "teacher1", role: "teacher" }),
      admin: await fixture.token({ sub: "root", role: "admin" }),
      examinee: await fixture.token({ sub: "examinee1", role: "examinee" }),
      garbage: "Bearer a.b.c",
      none: undefined,
    },
    readContents,
    seen: new Map(),
    async [Symbol.asyncDispose]() {
      await db.close();
      await fixture[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

interface Request {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly who: (typeof WHO)[number];
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** The errors of calls whose input was not read. */
const BEFORE_INPUT = /(UNAUTHENTICATED|FORBIDDEN|METHOD_NOT_ALLOWED|UNSUPPORTED_MEDIA_TYPE)$/;

/**
 * Sends one request, and checks every requirement of responses. Returns the error codes. "" means success.
 */
const attack = async (
  { app, tokens, readContents, seen }: Attack,
  { method, url, who, type, body, headers }: Request,
): Promise<void> => {
  const before = await readContents();
  const authorization = tokens[who];
  const { status, text, answers } = await answersTo(app, {
    method,
    url,
    headers: {
      ...headers,
      ...(authorization !== undefined && { authorization }),
      ...(type !== undefined && body !== undefined && { "content-type": type }),
    },
    ...(body !== undefined && { payload: body }),
  });
  expect(text).not.toMatch(SECRETS);
  expect(status).not.toBe(500);
  const reasons: string[] = answers.map(
    (answer) => answer.reason ?? answer.error?.json?.data?.reason ?? (answer.error ? "unknown" : ""),
  );
  for (const reason of reasons) {
    expect(reason).not.toMatch(/^(INTERNAL|unknown)$/);
    const key = `${url.split("?")[0]?.split(",")[0]} ${reason}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const after = await readContents();
  if (reasons.every((reason) => reason !== ""))
    expect(after === before, `${url} ${reasons.join()}`).toBe(true);
};

/** Everything still works after the attacks. */
const expectWell = async ({ app, fixture, tokens, seen }: Attack, targets: readonly string[]) => {
  const room = dataOf(
    await rest(app, tokens.teacher).post("v2/createRoom", { name: "After", imServer: ["aliyun_new"] }),
  );
  const roomId: string = room.id;
  await fixture.admin.cheat.addRecords({ roomId, records: [fixture.detection("teacher1")] });
  expect((await fixture.admin.cheat.listRecords({ roomId })).records).toHaveLength(1);
  expect(dataOf(await rest(app, tokens.admin).get("roomInfo", { roomId })).name).toBe("After");
  expect((await app.inject("/ready")).statusCode).toBe(200);
  // The attacks reached the input of their targets, and many succeeded. That takes all cases to show.
  if (!isFull) return;
  const reached = (target: string) => [...seen.keys()].filter((key) => key.startsWith(`${target} `));
  for (const target of targets)
    expect(
      reached(target).some((key) => !BEFORE_INPUT.test(key)),
      target,
    ).toBe(true);
  expect([...seen.keys()].filter((key) => key.endsWith(" ")).length).toBeGreaterThan(targets.length / 2);
};

const query = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => {
      const text = (part: unknown) =>
        encodeURIComponent((typeof part === "string" ? part : written(part)).toWellFormed());
      return `${text(name)}=${text(value).slice(0, 8000)}`;
    })
    .join("&");

describe("hostile requests are refused, never fatal", () => {
  const paths = createRoutes(createWire({ timeZone: "UTC" }));

  // In parts, each of which has the time limit of a test.
  it.each(often([0], [0, 1, 2, 3, 4]))("on the documented paths (part %i)", async (part) => {
    await using state = await openAttack();
    const { rest: fields, callback } = fieldsOf(state.fixture);
    const headers = streamHeaders();
    const target = fc.constantFrom(
      ...paths.flatMap(({ path, methods }) => methods.map((m) => [m, path] as const)),
    );
    await fc.assert(
      fc.asyncProperty(
        target,
        fc.constantFrom(...WHO),
        mutations,
        spoiling,
        contentType,
        queryJunk,
        fc.boolean(),
        async ([method, path], who, changes, spoil, type, junk, inQuery) => {
          const ends = path === "/exam/endRoom" && { roomId: state.doomed };
          const reports = path === "/exam/userAct";
          const sent = mutated(reports ? callback : { ...fields, ...ends }, changes);
          const url = `${path}?${method === "GET" || inQuery ? query(sent) : ""}${junk}`;
          const encoded = type === "application/x-www-form-urlencoded" ? query(sent) : written(sent);
          await attack(state, {
            method,
            url,
            who,
            type,
            headers,
            ...(method === "POST" && { body: spoil(encoded) }),
          });
        },
      ),
      // Fewer than for the procedures, of which there are three times as many.
      { numRuns: cases(1_000), seed: SEED + 10 * part },
    );
    // The cases of one part reach every path.
    const targets = part === 0 ? paths.map(({ path }) => path) : [];
    await expectWell(state, targets);
  });

  const procedureState = shared(openAttack);
  const proceduresOf = async () => {
    await using appFixture = await openAppFixture();
    return (
      [...appFixture.procedures]
        // Procedures without input, and those that need the session which was logged out.
        .filter(([name]) => !["auth.whoami", "auth.refresh", "auth.logout"].includes(name))
        .filter(([name]) => name !== "auth.loginToDemo" && !name.startsWith("installation."))
        .map(([name, type]) => ({
          path: `/trpc/${name}`,
          method: type === "mutation" ? ("POST" as const) : ("GET" as const),
        }))
    );
  };
  const PARTS = 4;
  // Thousands of calls, beside other tests: in parts, each of which has the time limit of a test.
  it.each(Array.from({ length: PARTS }, (_, part) => part))("to every procedure (part %i)", async (part) => {
    const procedures = await proceduresOf();
    const state = procedureState();
    const fields = fieldsOf(state.fixture).trpc;
    const annotation = fc.oneof(
      fc.constantFrom("Date", "bigint", "undefined", "number", "regexp", "URL", "set", "map", "Error", "-0"),
      fc.tuple(fc.constantFrom("class", "custom", "symbol", "typed-array"), hostileText),
      hostileValue,
    );
    const place = fc.oneof(
      fc.constantFrom(...Object.keys(fields), "records.0.extraInfo", "participants.0", "a.b.c"),
      hostileText,
    );
    const meta = fc.oneof(
      { weight: 6, arbitrary: fc.constant({ values: DATES }) },
      {
        weight: 3,
        arbitrary: fc.dictionary(
          place,
          fc.array(annotation, { maxLength: 2 }).map((list): unknown => list),
          { maxKeys: 3 },
        ),
      },
      { weight: 1, arbitrary: hostileValue },
      {
        weight: 1,
        arbitrary: fc
          .dictionary(place, fc.array(place, { maxLength: 3 }), { maxKeys: 3 })
          .map((referentialEqualities): unknown => ({ values: DATES, referentialEqualities })),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...procedures),
        fc.constantFrom(...WHO),
        mutations,
        meta,
        spoiling,
        contentType,
        queryJunk,
        fc.nat(9),
        async ({ path, method }, who, changes, annotations, spoil, type, junk, shape) => {
          const ends = path === "/trpc/room.end" && { roomId: state.doomed };
          const record = { json: mutated({ ...fields, ...ends }, changes), meta: annotations };
          // Sometimes uses the batch format or the other method.
          const batch = shape === 0;
          const text = spoil(written(batch ? { 0: record, 1: record } : record));
          const names = batch ? `${path},${path.slice("/trpc/".length)}` : path;
          const input = encodeURIComponent(text.toString().toWellFormed()).slice(0, 12_000);
          const sent = shape === 1 ? "POST" : method;
          const url = `${names}?${batch ? "batch=1&" : ""}${sent === "GET" ? `input=${input}` : ""}${junk}`;
          const headers = shape === 2 ? { "trpc-accept": "application/json" } : {};
          await attack(state, {
            method: sent,
            url,
            who,
            type,
            headers,
            ...(sent === "POST" && { body: text }),
          });
        },
      ),
      // With the same seed, more runs add cases and change none.
      { numRuns: cases(8_000 / PARTS), seed: SEED + 20 + part },
    );
    // Only the cases of all parts together reach every procedure.
    if (part < PARTS - 1) return;
    await expectWell(
      state,
      // Callers without a login are always refused.
      procedures.map(({ path }) => path).filter((path) => !path.endsWith("changePassword")),
    );
  });

  it("to paths that nobody serves", async () => {
    await using state = await openAttack();
    const piece = fc.oneof(
      fc.constantFrom("exam", "trpc", "audio", "v2", "health", "roomInfo", "cheat", "..", "%2e%2e", "%2f"),
      fc.constantFrom(":a", "*", "(", ")", ":a(", "%", "%zz", "%ff", "{", "[", "~", "\\", "|", "^", ";", ""),
      hostileText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 6000)),
    );
    const path = fc
      .oneof(
        fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join("/")}`),
        fc.array(piece, { maxLength: 5 }).map((pieces) => `/exam/${pieces.join("")}`),
      )
      // The root is the start page, by whatever detour.
      .filter((url) => URL.canParse(url, "http://x") && new URL(url, "http://x").pathname !== "/");
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom("GET", "POST"), fc.constantFrom(...WHO), (url, method, who) =>
        attack(state, {
          method,
          url,
          who,
          ...(method === "POST" && { type: "application/json", body: "{}" }),
        }),
      ),
      { numRuns: RUNS / 5, seed: SEED },
    );
    await expectWell(state, []);
  });
});
