import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { createAppRouter } from "../src/api/router.js";
import type { Services } from "../src/api/services.js";
import type { TestApp } from "../src/app/testing.js";
import { openAppFixture } from "./support/app-fixture.js";
import { refusalOf, rest, send, trpc } from "./support/calls.js";
import { sample } from "./support/effort.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { STREAM_CONFIG, streamHeaders, streamReport, streamSignature } from "./support/streams.js";

// Also on PostgreSQL: what the API accepts at most, the database can store. No field fails at its bound, on either engine.

/**
 * Texts of characters of one, three and four bytes in UTF-8. The characters differ, because databases compress: a repeated one would take
 * less room in an index than others do.
 */
const textsFrom =
  (first: number, many: number) =>
  (length: number): string =>
    Array.from({ length }, (_, n) => String.fromCodePoint(first + ((n * n * 7919 + n * 31) % many))).join("");
const TEXTS = {
  "1 byte": textsFrom(0x61, 26),
  "3 bytes": textsFrom(0x4e00, 20_000),
  "4 bytes": textsFrom(0x20000, 40_000),
} as const;
/** Longer fields are bounded by the size of the request. */
const LONGEST = 200_000;

type Path = readonly (string | number)[];
interface Case {
  readonly path: Path;
  readonly value: unknown;
  readonly about: string;
}
type Schema = z.core.$ZodTypes;

/** The largest number of characters that a schema accepts. Undefined if it accepts none, or any number. */
const longestOf = (schema: z.ZodType, textOf: (length: number) => string): number | undefined => {
  const isGood = (length: number) => schema.safeParse(textOf(length)).success;
  let [good, bad] = [1, 2];
  while (bad < LONGEST && isGood(bad)) [good, bad] = [bad, bad * 2];
  if (bad >= LONGEST || (good === 1 && !isGood(1))) return undefined;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isGood(middle)) good = middle;
    else bad = middle;
  }
  return good;
};

interface Leaf {
  readonly path: Path;
  readonly schema: Schema;
  /** The sentence of the field. */
  readonly about: string;
}

/** The values of a schema that hold no others. */
const leavesOf = (schema: Schema, path: Path = [], sentence = ""): Leaf[] => {
  const { def } = schema._zod;
  const about = (schema as unknown as z.ZodType).description ?? sentence;
  const inner = (one: z.core.$ZodType, at = path) => leavesOf(one as Schema, at, about);
  switch (def.type) {
    case "object":
      return Object.entries(def.shape).flatMap(([name, field]) => inner(field, [...path, name]));
    case "array":
      return inner(def.element, [...path, 0]);
    case "union":
      return def.options.flatMap((option) => inner(option));
    case "pipe":
      return [...inner(def.in), ...inner(def.out)];
    case "optional":
    case "nullable":
    case "default":
    case "catch":
      return inner(def.innerType);
    case "string":
    case "number":
    case "boolean":
    case "date":
    case "enum":
    case "literal":
    case "custom":
    case "transform":
      return [{ path, schema, about }];
    default:
      throw new Error(`${path.join(".")}: the fields of a schema of the type ${def.type} are not looked for`);
  }
};

/** The values at the bounds of each field of a schema. */
const casesOf = (root: Schema): Case[] => leavesOf(root).flatMap(boundsOf);
const boundsOf = ({ path, schema }: Leaf): Case[] => {
  const { def } = schema._zod;
  switch (def.type) {
    case "number":
    case "date":
      return (def.checks ?? []).flatMap(({ _zod: check }) =>
        "value" in check.def ? [{ path, value: check.def.value, about: String(check.def.value) }] : [],
      );
    case "string":
      return Object.entries(TEXTS).flatMap(([kind, textOf]) => {
        const length = longestOf(schema as unknown as z.ZodType, textOf);
        if (length === undefined) return [];
        return { path, value: textOf(length), about: `${length} of ${kind}` };
      });
    default:
      return [];
  }
};

/** A copy of an input with another value at a path. */
const withValue = (input: unknown, [name, ...rest]: Path, value: unknown): unknown => {
  if (name === undefined) return value;
  const copy: object = Array.isArray(input) ? [...input] : { ...(input as object | undefined) };
  // Safe: its fields are read as what they are, unknown.
  const old = (copy as Readonly<Record<string | number, unknown>>)[name];
  return Object.assign(copy, { [name]: withValue(old, rest, value) });
};

/** Valid fields of all procedures, each of which reads only some. */
const fieldsOf = ({ room, sibling, clipId, detection }: ExamsFixture) => ({
  ...streamReport(room, "examinee1"),
  ...streamSignature(),
  roomId: room.id,
  toRoomId: sibling.id,
  examId: room.examId,
  userId: "examinee1",
  clipId,
  attachmentId: "none",
  audioStatus: "silent",
  name: "N",
  imServer: ["aliyun_new"],
  data: "{}",
  url: "https://audio.example/x.wav",
  records: [detection("examinee1")],
  username: "nobody",
  password: "a password",
  currentPassword: "a password",
  newPassword: "another one",
  role: "teacher",
  tokenId: "a token's id",
  type: 30_001,
  roomSize: 30,
  file: Buffer.from("id,name\nk1,K\n").toString("base64"),
  participants: [{ userId: "someone", name: "Some One", role: "examinee" }],
  startTime: new Date("2026-02-01T00:00:00Z"),
  endTime: new Date("2026-02-01T02:00:00Z"),
  lastEventId: "999999999",
});
/** Other values of some procedures. */
const OWN_FIELDS: Readonly<Record<string, object>> = {
  "account.create": { userId: "clerk" },
  "participant.list": { role: "examinee" },
  "im.getToken": { userId: "root" },
};

interface Procedure {
  readonly _def: { readonly type: string; readonly inputs: readonly z.ZodType[] };
}
// Safe: no procedure is called here.
const procedures = Object.entries(createAppRouter({} as Services)._def.procedures) as unknown as [
  string,
  Procedure,
][];
const inputsOf = ({ _def: { inputs } }: Procedure): Schema[] => inputs as unknown as Schema[];

/** Makes a call. */
const call = async (app: TestApp, token: string, path: string, type: string, input: unknown) => {
  const api = trpc(app, token);
  return type === "query"
    ? await api.query(path, input)
    : type === "mutation"
      ? await api.mutate(path, input)
      : await api.subscribe(path, input);
};
/** Makes a call. Returns "" or the error code. */
const reasonOf = async (...made: Parameters<typeof call>): Promise<string> =>
  String((await call(...made)).error?.data.reason ?? "");

it("no field of a procedure fails at its bounds, in characters of any length", async () => {
  await using fixture = await openExamsFixture({ config: STREAM_CONFIG });
  const token = await fixture.token({ sub: "root", role: "admin" });
  const stored = [
    "auth.revokeToken tokenId 1024 of 1 byte",
    "auth.revokeToken tokenId 256 of 4 bytes",
    "room.create name 63 of 4 bytes",
    "cheat.addRecords records.0.detectType 64 of 4 bytes",
    "cheat.setConfig data 65536 of 4 bytes",
    "im.send type 2147483647",
  ];
  const cases: { readonly about: string; readonly make: () => Promise<string> }[] = [];
  for (const [name, procedure] of procedures) {
    const { type } = procedure._def;
    const fields = { ...fieldsOf(fixture), ...OWN_FIELDS[name] };
    for (const { path, value, about } of inputsOf(procedure).flatMap(casesOf))
      cases.push({
        about: `${name} ${path.join(".")} ${about}`,
        make: () => reasonOf(fixture, token, name, type, withValue(fields, path, value)),
      });
  }
  const chosen = new Set([...sample(cases, 6), ...cases.filter(({ about }) => stored.includes(about))]);
  const outcomes = new Map<string, string>();
  for (const { about, make } of chosen) outcomes.set(about, await make());
  expect([...outcomes].filter(([, reason]) => reason === "INTERNAL")).toEqual([]);
  // The cases are what the API accepts, and some of them are stored.
  for (const about of stored) expect([about, outcomes.get(about)]).toEqual([about, ""]);
});

describe("a date", () => {
  /** The range of each date of the API, in milliseconds since 1970. */
  const [FIRST, LAST] = [0, Date.UTC(9999, 11, 31)];
  const FAR = 8.64e15;
  const OUTSIDE = [-FAR, FIRST - 1, LAST + 1, FAR];
  /** The fields that are dates, and those that are times in numbers. */
  const dateFields = procedures.flatMap(([name, procedure]) =>
    inputsOf(procedure)
      .flatMap((one) => leavesOf(one))
      .flatMap((leaf) => {
        const { type } = leaf.schema._zod.def;
        const isInSeconds = type === "number" && leaf.about.includes("since 1970");
        return type === "date" || isInSeconds ? [{ name, procedure, leaf, isInSeconds }] : [];
      }),
  );

  it("has one range, whatever the field", () => {
    expect(dateFields.map(({ name, leaf }) => `${name} ${leaf.path.join(".")}`)).toEqual(
      expect.arrayContaining([
        "exam.create audio.0.startTime",
        "exam.note at",
        "cheat.addRecords records.0.detectTime",
        "audit.list until",
        "stream.report time",
      ]),
    );
    for (const { name, leaf, isInSeconds } of dateFields) {
      const field = `${name} ${leaf.path.join(".")}`;
      const bounds = boundsOf(leaf).map(({ value }) => Number(value) * (isInSeconds ? 1000 : 1));
      expect([field, ...bounds.filter((bound) => Math.abs(bound) < FAR)]).toEqual([field, FIRST, LAST]);
    }
  });

  it("outside of it is refused by the name of its field", async () => {
    await using fixture = await openExamsFixture({ config: STREAM_CONFIG });
    const callers = [
      await fixture.token({ sub: "root", role: "admin" }),
      await fixture.token({ sub: "examinee1", role: "examinee" }),
    ];
    for (const { name, procedure, leaf, isInSeconds } of dateFields) {
      const fields = { ...fieldsOf(fixture), ...OWN_FIELDS[name], audio: [{ clipId: fixture.clipId }] };
      const field = leaf.path.reduce<string>(
        (before, part) =>
          typeof part === "number" ? `${before}[${part}]` : `${before}${before && "."}${part}`,
        "",
      );
      const values = isInSeconds
        ? [...OUTSIDE.map((ms) => Math.sign(ms) + Math.trunc(ms / 1000)), 1e300]
        : [...OUTSIDE.map((ms) => new Date(ms)), 0, "2026-01-01T00:00:00Z"];
      for (const value of values) {
        const input = withValue(fields, leaf.path, value);
        const answers = await Promise.all(
          callers.map((token) => call(fixture, token, name, procedure._def.type, input)),
        );
        const { data } =
          (answers.find(({ error }) => error?.data.reason !== "FORBIDDEN") ?? answers[0])?.error ?? {};
        expect([name, field, value, data]).toEqual([
          name,
          field,
          value,
          expect.objectContaining({
            reason: "INVALID_INPUT",
            fieldErrors: expect.objectContaining({ [field]: expect.anything() }),
          }),
        ]);
      }
    }
  });

  it("outside of it is refused at the documented paths", async () => {
    await using fixture = await openExamsFixture({ config: STREAM_CONFIG });
    const { room } = fixture;
    const api = rest(fixture, await fixture.token({ sub: "examinee1", role: "examinee" }));
    const detections = (detectTime: unknown) =>
      JSON.stringify([{ ...fixture.detection("examinee1"), detectTime }]);
    for (const ms of [
      ...OUTSIDE,
      FAR + 1,
      1e300,
      ...[LAST + 1, FAR].map(String),
      "9".repeat(16),
      "1e3",
      "-1",
    ]) {
      const answer = await api.post("cheat/addCheatRecord", {
        examId: room.examId,
        roomId: room.id,
        data: detections(ms),
      });
      expect([ms, refusalOf(answer, 400, "INVALID_INPUT")]).toEqual([
        ms,
        expect.stringContaining("data[0].detectTime must"),
      ]);
    }
    for (const time of [-1, LAST / 1000 + 1, FAR, 1e300]) {
      const answer = await send(fixture, {
        method: "GET",
        path: "/exam/userAct",
        query: { ...streamReport(room, "examinee1"), time },
        headers: streamHeaders(),
      });
      expect([time, refusalOf(answer, 400, "INVALID_INPUT")]).toEqual([
        time,
        expect.stringContaining("time must"),
      ]);
    }
  });

  it("that follows from others is in it, too", async () => {
    await using fixture = await openExamsFixture();
    const { admin, clipId } = fixture;
    const [startTime, endTime] = [new Date(FIRST), new Date(LAST)];
    const audio = [{ clipId, startTime: endTime }];
    const { id: examId } = await admin.exam.create({ name: "All times", startTime, endTime, audio });
    const short = await admin.exam.create({
      name: "Audio of long ago",
      startTime: new Date(LAST - 2000),
      endTime: new Date(LAST - 1000),
      audio: [{ clipId, startTime }],
    });
    const as = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    for (const [copy, when] of [
      [{ examId }, new Date(LAST - 1000)],
      [{ examId, endTime }, new Date(LAST - 1000)],
      [{ examId: short.id }, startTime],
    ] as const) {
      const { error } = await as.mutate("exam.duplicate", { ...copy, name: "Copy", startTime: when });
      expect([copy, error?.data.reason]).toEqual([copy, "INVALID_INPUT"]);
    }
    const { id: copied } = await admin.exam.duplicate({ examId, name: "Copy" });
    expect(await admin.exam.get({ examId: copied })).toMatchObject({ startTime, endTime });
  });
});

it("no claim of a token fails at its bounds, whatever is done with the token", async () => {
  await using appFixture = await openAppFixture();
  const sign = (claims: object) =>
    new SignJWT({ sub: "t1", role: "teacher", exp: appFixture.clock().getTime() / 1000 + 600, ...claims })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(appFixture.secret));
  const calls = [
    ["query", "auth.whoami", undefined],
    ["query", "room.list", {}],
    ["query", "exam.list", {}],
    ["mutate", "im.getToken", { userId: "t1", imServer: ["aliyun_new"] }],
    ["mutate", "auth.refresh", undefined],
    ["mutate", "auth.logout", undefined],
  ] as const;
  const tokens: { jti?: string; exp?: number }[] = [
    ...["room", "exam", "sid", "jti"].flatMap((claim) =>
      Object.values(TEXTS).map((textOf) => ({ [claim]: textOf(claim === "jti" ? 256 : 1000) })),
    ),
    { exp: 8.64e12 },
    { exp: 8.64e12, jti: "far" },
  ];
  for (const claims of tokens) {
    const token = await sign(claims);
    for (const [kind, path, input] of calls) {
      const { error } = await trpc(appFixture, token)[kind](path, input);
      expect([path, Object.entries(claims)[0], error?.data.reason]).not.toContain("INTERNAL");
    }
    // A token with an id has ended with the logout.
    const after = claims.jti === undefined ? undefined : "UNAUTHENTICATED";
    if (!("sid" in claims))
      expect((await trpc(appFixture, token).query("auth.whoami")).error?.data.reason).toBe(after);
  }
});
