import { readFileSync, writeFileSync } from "node:fs";
import { signals } from "@invigil/schema";
import superjson from "superjson";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { parseConfig } from "../src/config/config.js";
import { storedRate } from "../src/coordination/send-rate-table.js";
import { createEventLog, type EventLog } from "../src/domain/events.js";
import { createMessageLog } from "../src/domain/messages.js";
import { createOutbox } from "../src/domain/outbox/outbox.js";
import { createRoomExams } from "../src/domain/room-exams.js";
import { createTaskLog } from "../src/domain/vendor-tasks.js";
import { createCheatStore } from "../src/features/cheat/store.js";
import { createImStore } from "../src/features/im/store.js";
import { createPresenceStore } from "../src/features/presence/store.js";
import { createStreamStore } from "../src/features/stream/store.js";
import { createIds } from "../src/platform/ids.js";
import { send, trpc } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { addExamsFixture, type ExamsFixture } from "./support/exams-fixture.js";
import { type CallerName, callersOf, isRefusedToAll, permissions } from "./support/permissions.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import {
  accountOf,
  type Call,
  callOf,
  credentialsOf,
  EVERYTHING,
  calls as examples,
  PATHS,
  procedureOf,
  requestOf,
  urlOf,
} from "./support/procedure-calls.js";
import { openRecordings } from "./support/recordings.js";
import { countRoundTrips } from "./support/round-trips.js";
import { openMember } from "./support/servers.js";
import { shared } from "./support/shared.js";
import { openStream, call as query, rawSocket, socketUrl } from "./support/sockets.js";
import { streamReport } from "./support/streams.js";
import { withWrites } from "./support/writes.js";

// How often each call waits for PostgreSQL. `round-trips.json` says so, and its numbers may only fall.

const TABLE = new URL("round-trips.json", import.meta.url);
/** Whether the table gets the numbers that are lower, and those of new rows. */
const lowers = process.env.INVIGIL_TEST_ROUND_TRIPS === "lower";

// Safe: only this file writes it.
const table = JSON.parse(readFileSync(TABLE, "utf8")) as Readonly<Record<string, number>>;
const counts = new Map<string, number>();

const assertAsInTable = (name: string, trips: number): void => {
  counts.set(name, trips);
  const most = table[name];
  if (lowers && (most === undefined || trips <= most)) return;
  if (most === undefined)
    throw new Error(
      `${name} has no row in test/round-trips.json. It takes ${trips} round trips. Add it with: npm run write`,
    );
  if (trips > most)
    throw new Error(
      `${name} takes ${trips} round trips to the database instead of ${most}. Send together what does not depend on each other: see "Round trips" in CONTRIBUTING.md.`,
    );
  if (trips < most)
    throw new Error(
      `${name} takes only ${trips} round trips instead of ${most}. Lower its row in test/round-trips.json with: npm run write`,
    );
};

/** How far a number of round trips is from its row. A new row has none. */
const distanceOf = (name = "", trips = Number.NaN): number => Math.abs(trips - (table[name] ?? trips));

/** How often each call is made. */
const TIMES = 3;
/**
 * How often a number that is not the one of its row is counted again. On a busy machine, what follows a notice of the database begins after
 * the server seemed quiet, and is missing in that count, or statements that usually wait for each other are sent one by one. A number is
 * lower or higher only if it is so each time.
 */
const RECOUNTS = 3;
/** In which steps time passes. */
const STEP_MS = 50;
const ADMIN: TestCaller = { sub: "root", role: "admin" };
/** The time of `streamSignature`. */
const NOW = new Date("2026-01-02T03:04:05Z");

/** So high that what teachers have is not counted again, however many calls come before. */
const { quotas } = parseConfig({
  INVIGIL_DATABASE_URL: ":memory:",
  INVIGIL_QUOTA_ROOMS_PER_TEACHER: "1000000",
  INVIGIL_QUOTA_EXAMS_PER_TEACHER: "1000000",
});

/** Opens a server on an empty schema, and counts its round trips. */
const openCounted = async (schemas: Schemas) => {
  const { schema, url: databaseUrl } = await schemas.open();
  const trips = await countRoundTrips(databaseUrl);
  const recordings = await openRecordings({ clock: () => NOW });
  const { aliyun, uploads, vendors } = recordings.config;
  const config = { ...EVERYTHING.config, aliyun, uploads, vendors, quotas };
  const member = await openMember(trips.url, { now: () => NOW, config });
  const url = await member.listen();
  const pages = `SELECT (SELECT count(*) FROM ${schema}.presence) + (SELECT count(*) FROM ${schema}.page_claims) AS pages`;
  return {
    ...member,
    trips,
    url,
    close: () => Promise.resolve(),
    /** Resolves when no page is connected. */
    async untilLeft() {
      while ((await schemas.client.query<{ pages: string }>(pages)).rows[0]?.pages !== "0");
    },
    async [Symbol.asyncDispose]() {
      await member[Symbol.asyncDispose]();
      await recordings[Symbol.asyncDispose]();
      await trips[Symbol.asyncDispose]();
    },
  };
};
type Counted = Awaited<ReturnType<typeof openCounted>>;

const assertSucceeded = (about: string, { text, error }: { text: string; error?: unknown }): void => {
  if (error !== undefined || text.includes('"success":false')) throw new Error(`${about} failed: ${text}`);
};

/** The people with a password, whose tokens are those of a login. */
const ACCOUNTS = [
  { userId: "root", role: "admin", name: "Root" },
  { userId: "teacher1", role: "teacher", name: "Teacher One" },
  { userId: "inspector1", role: "inspector", name: "Inspector One" },
] as const;
const PASSWORD = "a password";

/** The first of these who may make a call makes it: a person with a join link, or one who has logged in. */
const CALLERS: readonly CallerName[] = ["examineeHere", "teacher", "inspector", "admin"];
const callerOf = ({ row, needsLogin }: Pick<Call, "needsLogin"> & { row: string }): CallerName | undefined =>
  needsLogin
    ? "teacher"
    : CALLERS.find((name) => {
        const outcome = permissions.get(row)?.[name];
        // Here, the store for recordings is configured.
        return outcome === "ok" || (outcome === "PROVIDER_NOT_CONFIGURED" && row === "upload.getCredentials");
      });

/** Calls that are not tried by everybody. */
const MORE: readonly (Call & { readonly row: string })[] = [
  {
    row: "room.create, of 28 people",
    input: (_, __, n) => ({
      name: "Full room",
      participants: Array.from({ length: 28 }, (___, person) => ({
        userId: `p${n}-${person}`,
        name: "P",
        role: "examinee",
      })),
    }),
  },
];

const calls = [
  ...examples.flatMap((example) => {
    const caller = callerOf(example);
    return caller ? [{ ...example, caller }] : [];
  }),
  ...MORE.map((call) => ({ ...call, method: "mutate" as const, caller: "teacher" as const })),
];
const paths = PATHS.flatMap((path) => {
  const call = callOf(path.row);
  const caller = callerOf(call);
  const name = `${path.method} ${urlOf(path.path)} (${path.row})`;
  return caller ? [{ ...call, ...path, name, caller }] : [];
});
const LISTENER = { ...callOf("room.onEvent"), caller: "examineeHere" } as const;

const positionIn = async ({ admin, room }: ExamsFixture) => {
  const { lastEventId } = await admin.room.snapshot({ roomId: room.id });
  return { roomId: room.id, lastEventId };
};
const subscriptionUrl = ({ url }: { url: string }, input: object | undefined, path = "room.onEvent") =>
  `${url}/trpc/${path}?input=${encodeURIComponent(superjson.stringify(input))}`;

/** Subscribes over SSE, and leaves after this text. Resolves when the server has ended the subscription. */
const listen = async (
  app: Counted,
  { path, input, token }: { path?: string; input: object | undefined; token: string },
  until: string,
): Promise<void> => {
  {
    using stream = await openStream(subscriptionUrl(app, input, path), { authorization: token });
    await stream.until(until);
  }
  await app.untilLeft();
};

const isSkipped = isPostgresMissing();

describe.skipIf(isSkipped)("round trips", () => {
  const schemas = shared(openSchemasForTests);
  beforeAll(() => {
    // Nothing happens in the background, unless a test lets time pass.
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
    });
  });
  afterAll(() => {
    vi.useRealTimers();
  });
  const measured: string[] = [];
  /** Defines a test of rows of the table. */
  const rowsOf = (names: readonly string[], count: () => Promise<readonly number[]>): void => {
    measured.push(...names);
    it(names.join(", "), async () => {
      let closest = await count();
      const isAsInTable = () => names.every((name, index) => distanceOf(name, closest[index]) === 0);
      for (let again = 0; again < RECOUNTS && !isAsInTable(); again += 1) {
        const once = await count();
        closest = closest.map((trips, index) =>
          distanceOf(names[index], once[index]) < distanceOf(names[index], trips)
            ? (once[index] ?? Number.NaN)
            : trips,
        );
      }
      for (const [index, name] of names.entries()) assertAsInTable(name, closest[index] ?? Number.NaN);
    });
  };
  const rowOf = (name: string, count: () => Promise<number>): void =>
    rowsOf([name], async () => [await count()]);

  describe("of a call that was made before", () => {
    const counted = shared(async () => {
      const opened = await openCounted(schemas());
      const admin = opened.as(ADMIN);
      for (const account of ACCOUNTS) await admin.account.create({ ...account, password: PASSWORD });
      return opened;
    });

    const sessions = new Map<string, string>();
    const sessionOf = async (username: string): Promise<string> => {
      const known = sessions.get(username);
      if (known !== undefined) return known;
      const { token } = await counted().as(ADMIN).auth.login({ username, password: PASSWORD });
      sessions.set(username, token);
      return token;
    };
    /** The token of a caller: of their link to the room, of their login, or of a login for this call alone. */
    const tokenOf = async (
      { needsLogin }: Pick<Call, "needsLogin">,
      { admin, ...fixture }: ExamsFixture,
      { sub, role, room }: TestCaller,
    ) => {
      if (room !== undefined) return counted().token({ sub, role, room });
      if (!needsLogin) return sessionOf(sub);
      const { username, password } = credentialsOf({ admin, ...fixture });
      await admin.account.setPassword({ userId: username, password });
      return (await admin.auth.login({ username, password })).token;
    };

    const open = async (): Promise<ExamsFixture & Counted> => {
      const app = counted();
      const fixture = await addExamsFixture(app);
      await fixture.admin.participant.add({
        roomId: fixture.room.id,
        participants: Array.from({ length: TIMES }, (_, n) => ({
          userId: `leaving${n}`,
          name: "Leaving",
          role: "examinee" as const,
        })),
      });
      return { ...fixture, ...app };
    };
    /** Makes a call several times. Returns the round trips of the last time. `prepare` makes the call itself, which is counted. */
    const countLast = async (
      call: Omit<Call, "input"> & { readonly caller: CallerName },
      prepare: (
        fixture: ExamsFixture & Counted,
        made: { readonly caller: TestCaller; readonly token: string; readonly n: number },
      ) => Promise<() => Promise<void>>,
    ): Promise<number> => {
      const fixture = await open();
      if (call.needsLogin) await fixture.admin.account.create(accountOf(fixture));
      await call.prepare?.(fixture);
      let last = Number.NaN;
      for (let n = 0; n < TIMES; n += 1) {
        await call.before?.(fixture, n);
        const who = callersOf(fixture)[call.caller];
        const token = await tokenOf(call, fixture, who);
        last = await fixture.trips.count(await prepare(fixture, { caller: who, token, n }));
      }
      return last;
    };

    for (const call of calls)
      rowOf(call.row, () =>
        countLast(call, async (fixture, { caller, token, n }) => {
          const { row, method } = call;
          const input = call.input(fixture, caller, n);
          const path = procedureOf(row);
          return async () => {
            if (method === "subscribe") await listen(fixture, { path, input, token }, '"gap"');
            else assertSucceeded(row, await trpc(fixture, token)[method](path, input));
          };
        }),
      );

    for (const path of paths)
      rowOf(path.name, () =>
        countLast(path, async (fixture, { caller, token, n }) => {
          const request = requestOf(path, fixture, caller, n);
          return async () => assertSucceeded(path.name, await send(fixture, request, token));
        }),
      );

    rowOf("a subscription over SSE, with its end", () =>
      countLast(LISTENER, async (fixture, { token }) => {
        const input = await positionIn(fixture);
        return () => listen(fixture, { input, token }, "participant_entered");
      }),
    );
    rowOf("a subscription over WebSocket, with its end", () =>
      countLast(LISTENER, async (fixture, { token }) => {
        const input = superjson.serialize(await positionIn(fixture));
        const socket = await rawSocket(socketUrl(fixture.url), { headers: { authorization: token } });
        // The token is checked when the connection is opened, too.
        socket.ask(query(1));
        await socket.message(({ id }) => id === 1);
        return async () => {
          socket.ask({ id: 2, method: "subscription", params: { path: "room.onEvent", input } });
          await socket.message(({ result }) => JSON.stringify(result)?.includes("participant_entered"));
          socket.ask({ id: 2, method: "subscription.stop" });
          await fixture.untilLeft();
          socket[Symbol.dispose]();
        };
      }),
    );
    rowOf("a revoked token, while 20 people of a room listen", async () => {
      const fixture = await open();
      const { admin, room, trips } = fixture;
      const people = Array.from({ length: 20 }, (_, n) => `p${n}`);
      await admin.participant.add({
        roomId: room.id,
        participants: people.map((userId) => ({ userId, name: "P", role: "examinee" })),
      });
      const streams: Awaited<ReturnType<typeof openStream>>[] = [];
      for (const sub of people) {
        const authorization = await fixture.token({ sub, role: "examinee", room: room.id });
        const url = subscriptionUrl(fixture, await positionIn(fixture));
        const stream = await openStream(url, { authorization });
        streams.push(stream);
        await stream.until("participant_entered");
      }
      let last = Number.NaN;
      for (let n = 0; n < TIMES; n += 1)
        last = await trips.count(() => admin.auth.revokeToken({ tokenId: "a token's id" }));
      for (const stream of streams) stream[Symbol.dispose]();
      await fixture.untilLeft();
      return last;
    });

    const frames = ["login", "join", "send", "end"].map((name) => `/im: ${name}`);
    rowsOf(frames, async () => {
      const fixture = await open();
      const { trips, url, room } = fixture;
      let last: number[] = [];
      for (let n = 0; n < TIMES; n += 1) {
        const token = await fixture.token({ sub: "examinee1", role: "examinee", room: room.id });
        const { appId, appToken, auth } = await imLogin(url, token, { roomId: room.id, userId: "examinee1" });
        const page = await rawDropIn(url);
        const ask = (request: object) =>
          trips.count(async () => {
            const { code, message } = await page.ask(request);
            if (code !== undefined) throw new Error(`${JSON.stringify(request)} failed: ${message}`);
          });
        last = [
          await ask({ do: "login", login: { appId, appToken, auth } }),
          await ask({ do: "join", groupId: room.id }),
          await ask({ do: "send", groupId: room.id, type: 30_001, data: "1", key: `k${n}` }),
          await trips.count(async () => {
            page.socket.terminate();
            await fixture.untilLeft();
          }),
        ];
      }
      return last;
    });

    it("are counted for every procedure", async () => {
      const counts = new Set(calls.map(({ row }) => procedureOf(row)));
      const missing = [...counted().procedures.keys()].filter(
        (name) => !counts.has(name) && !isRefusedToAll(name),
      );
      expect(
        missing,
        "No call of CALLS in support/procedure-calls.ts calls these with success, by anybody in CALLERS.",
      ).toEqual([]);
    });
  });

  describe("of calls that are written together", () => {
    const CALLS_OF_GROUP = 60;
    const counted = shared(() => openCounted(schemas()));
    /** Defines a test of two groups of calls, the second of which is counted. Some of the calls are refused. */
    const groupOf = (
      what: string,
      open: (fixture: ExamsFixture & Counted, events: EventLog) => (n: number) => Promise<unknown>,
    ): void =>
      rowOf(`${CALLS_OF_GROUP} ${what} at once`, async () => {
        const fixture = { ...(await addExamsFixture(counted())), ...counted() };
        const call = open(fixture, createEventLog({ added: () => undefined }));
        const all = async (from: number) => {
          await Promise.all(Array.from({ length: CALLS_OF_GROUP }, (_, n) => call(from + n)));
        };
        await all(0);
        return fixture.trips.count(() => all(CALLS_OF_GROUP));
      });
    const PEOPLE = ["examinee1", "examinee2", "inspector1"];

    groupOf("recordings", ({ db: { storage }, room }, events) => {
      const cheat = createCheatStore({ ...withWrites({ storage }), events });
      return async (n) => {
        const record = {
          examId: room.examId,
          roomId: room.id,
          userId: `person${n}`,
          detectType: "manyPeople",
          isMainMonitor: true,
          detectTime: NOW,
          extraInfo: "",
          extraInfoIsObject: false,
          createdAt: NOW,
        };
        const limit = { records: n % 3, bytes: 100 };
        const increase = {
          people: [{ userId: record.userId, records: 1, bytes: 1 }],
          limit,
          maxPeople: 1_000,
        };
        const outcome = await cheat.addRecords({ caller: `staff${n}`, records: [record], increase });
        expect(outcome === true).toBe(n % 3 > 0);
      };
    });
    groupOf("messages", ({ db: { storage }, room }, events) => {
      const messageLog = createMessageLog({ events });
      const im = createImStore({ storage, roomExams: createRoomExams(), messageLog, sendRate: storedRate });
      return async (n) => {
        const message = {
          examId: room.examId,
          roomId: room.id,
          type: n % 4 === 0 ? signals.endRoom.type : 30_001,
          data: "1",
          senderId: `staff${n}`,
          senderRole: "teacher",
          senderCamera: "main",
          key: "k",
          createdAt: NOW,
          ...(n % 3 === 0 ? { recipients: ["nobody"] } : n % 3 === 1 ? { recipients: ["examinee1"] } : {}),
        } as const;
        const sent = await im.send({
          message,
          obeysMutes: true,
          check: () => undefined,
          canSendTo: () => true,
        });
        expect("id" in sent).toBe(n % 3 > 0);
      };
    });
    groupOf("presences", ({ db: { storage }, room }, events) => {
      const store = createPresenceStore({ storage, roomExams: createRoomExams(), events });
      return (n) => {
        const userId = PEOPLE[n % 3] ?? "";
        const role = userId === "inspector1" ? "inspector" : "examinee";
        const page = { examId: room.examId, roomId: room.id, userId, role, camera: "main" } as const;
        return store.save({ page, instance: `server${n % 5}`, devices: n % 2, now: NOW });
      };
    });
    // The exam of a stream is read before.
    groupOf("stream reports", ({ db: { storage }, room }, events) => {
      const messages = createMessageLog({ events });
      const ids = createIds({ clock: () => NOW });
      const kinds = { aliyun_new: [], aliyun_old: [], rong_cloud: [] };
      const outbox = createOutbox({ ids, added: () => undefined });
      const tasks = createTaskLog({ kinds, ids, outbox, events, messages });
      const streams = createStreamStore({ storage, tasks });
      return async (n) => {
        const { id } = streamReport(room, PEOPLE[n % 3] ?? "");
        const outcome = await streams.report({
          stream: n % 3 === 0 ? "nobody's" : id,
          original: undefined,
          action: n % 2 === 0 ? "publish" : "publish_done",
          eventTime: new Date(NOW.getTime() + n * 1_000),
          ip: "192.0.2.1",
          node: "node",
          width: null,
          height: null,
          now: NOW,
        });
        expect(outcome).toBe(n % 3 === 0 ? "unknown" : "kept");
      };
    });
  });

  describe("of a server in a minute", () => {
    const counted = shared(() => openCounted(schemas()));
    /** Lets time pass, and waits after each step until the server is quiet. */
    const pass = async (ms: number): Promise<number> => {
      let trips = 0;
      for (let left = ms; left > 0; left -= STEP_MS)
        trips += await counted().trips.count(async () => void vi.advanceTimersByTime(STEP_MS));
      return trips;
    };

    rowOf("a minute with nobody there", async () => {
      await pass(60_000);
      return pass(60_000);
    });
    rowOf("a minute with a page that listens", async () => {
      const fixture = await addExamsFixture(counted());
      const token = await counted().token({ sub: "examinee1", role: "examinee", room: fixture.room.id });
      const url = subscriptionUrl(counted(), await positionIn(fixture));
      using stream = await openStream(url, { authorization: token });
      await stream.until("participant_entered");
      await pass(60_000);
      return await pass(60_000);
    });
  });

  it("the table has no other rows", () => {
    expect(lowers ? [] : Object.keys(table).filter((name) => !measured.includes(name))).toEqual([]);
  });

  afterAll(() => {
    if (!lowers) return;
    const lowered = measured.flatMap((name) => {
      const least = Math.min(
        counts.get(name) ?? Number.POSITIVE_INFINITY,
        table[name] ?? Number.POSITIVE_INFINITY,
      );
      return Number.isFinite(least) ? [[name, least] as const] : [];
    });
    writeFileSync(TABLE, `${JSON.stringify(Object.fromEntries(lowered), null, 2)}\n`);
  });
});
