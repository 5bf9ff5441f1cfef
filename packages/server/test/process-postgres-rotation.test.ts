import { createHash, randomBytes } from "node:crypto";
import { expect, it as test, vi } from "vitest";
import { signToken } from "../src/identity/tokens.js";
import { streamName } from "../src/providers/stream-name.js";
import { type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { SETTINGS } from "./support/fault-servers.js";
import { freePort } from "./support/ports.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { type Env, type Server, serve, tempFolder } from "./support/process.js";
import { kept } from "./support/secrets.js";

// The rotation of secrets that docs/deploy.md describes: two servers on one PostgreSQL, and calls all the time.

const PEOPLE = 100;
/** Calls at the same time. */
const CALLERS = 6;
/** How many calls of each kind each server answers after each step. */
const CALLS = 15;

const AUTH = { before: kept("auth-secret-before"), after: kept("auth-secret-after") };
const CALLBACK = { before: kept("callback-before"), after: kept("callback-after") };
const BEFORE: Env = {
  ...SETTINGS,
  INVIGIL_PUBLIC_URL: "https://proctor.school.test",
  INVIGIL_STREAM_PUSH_DOMAIN: "push.school.test",
  INVIGIL_STREAM_PUSH_KEY: kept("push"),
  INVIGIL_STREAM_PULL_DOMAIN: "pull.school.test",
  INVIGIL_STREAM_PULL_KEY: kept("pull"),
  INVIGIL_AUTH_SECRET: AUTH.before,
  INVIGIL_STREAM_CALLBACK_KEY: CALLBACK.before,
};
const ROOT: Env = { INVIGIL_ROOT_SECRET: AUTH.before };
/** The settings of docs/deploy.md, step by step. */
const ACCEPT_THE_NEW: Env = {
  ...BEFORE,
  ...ROOT,
  INVIGIL_AUTH_SECRET_SECONDARY: AUTH.after,
  INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: CALLBACK.after,
};
const SIGN_WITH_THE_NEW: Env = {
  ...BEFORE,
  ...ROOT,
  INVIGIL_AUTH_SECRET: AUTH.after,
  INVIGIL_AUTH_SECRET_SECONDARY: AUTH.before,
  INVIGIL_STREAM_CALLBACK_KEY: CALLBACK.after,
  INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: CALLBACK.before,
};
const REFUSE_THE_OLD: Env = {
  ...BEFORE,
  ...ROOT,
  INVIGIL_AUTH_SECRET: AUTH.after,
  INVIGIL_STREAM_CALLBACK_KEY: CALLBACK.after,
};

const signed = (secret: string, userId = "root"): Promise<string> =>
  signToken(
    { userId, role: "admin", ttlSeconds: 3600 },
    { secret, clock: () => new Date(), jti: randomBytes(16).toString("hex") },
  );

/** A server that the load balancer knows. It gets no calls while it is replaced. */
interface Place {
  server: Server;
  isUp: boolean;
  running: number;
  /** The calls that it has answered since it started, by their kind. */
  answered: Map<string, number>;
}

test.skipIf(isPostgresMissing())(
  "secrets are rotated under load, and no call and no printed code is refused",
  async () => {
    await using schemas = await openSchemasForTests();
    const { url: databaseUrl } = await schemas.open();
    using first = tempFolder();
    using second = tempFolder();
    const ports = [await freePort(), await freePort()];
    const start = async (at: number, env: Env): Promise<Place> => ({
      server: await serve({
        cwd: [first, second][at]?.path ?? "",
        env: { ...env, INVIGIL_DATABASE_URL: databaseUrl, INVIGIL_PORT: String(ports[at]) },
      }),
      isUp: true,
      running: 0,
      answered: new Map(),
    });
    const places = [await start(0, BEFORE), await start(1, BEFORE)];
    await using _ = {
      async [Symbol.asyncDispose]() {
        for (const { server } of places) await server[Symbol.asyncDispose]();
      },
    };

    const refused: string[] = [];
    let turn = 0;
    /** Calls the next server that is up. */
    const at = async <Answer>(kind: string, call: (url: string) => Promise<Answer>): Promise<Answer> => {
      const up = places.filter(({ isUp }) => isUp);
      turn += 1;
      const place = up[turn % up.length];
      if (!place) throw new Error("no server is up");
      place.running += 1;
      try {
        const answer = await call(place.server.url);
        place.answered.set(kind, (place.answered.get(kind) ?? 0) + 1);
        return answer;
      } finally {
        place.running -= 1;
      }
    };
    const ask = async (kind: string, path: string, token: string, body?: object) =>
      at(kind, async (url) => {
        const response = await fetch(`${url}/${path}`, {
          method: body ? "POST" : "GET",
          headers: { authorization: token, ...(body && { "content-type": "application/json" }) },
          ...(body && { body: JSON.stringify({ json: body }) }),
        });
        const text = await response.text();
        if (response.status !== 200) refused.push(`${kind}: ${response.status} ${text}`);
        return JSON.parse(text).result?.data.json;
      });
    const query = (input: object): string => `input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
    /** Enters a code, and returns the token of its link. */
    const enter = (code: string): Promise<string> =>
      at("code", async (url) => {
        const response = await fetch(`${url}/j/${code}`, { redirect: "manual" });
        const link = response.headers.get("location");
        const token = link === null ? null : new URL(link).searchParams.get("token");
        if (token === null) refused.push(`code: ${response.status}`);
        return token ?? "";
      });
    /** Reports that a stream began, as the stream service does. */
    const report = (key: string, id: string): Promise<void> =>
      at("callback", async (url) => {
        const timestamp = String(Math.floor(Date.now() / 1000));
        const signature = createHash("md5").update(`push.school.test|${timestamp}|${key}`).digest("hex");
        const stream = new URLSearchParams({
          action: "publish",
          app: "push.school.test",
          appname: "exam",
          id,
          time: timestamp,
        });
        const headers = { "ALI-LIVE-TIMESTAMP": timestamp, "ALI-LIVE-SIGNATURE": signature };
        const response = await fetch(`${url}/exam/userAct?${stream.toString()}`, { headers });
        const text = await response.text();
        // Documented paths answer some errors with the status 200.
        if (response.status !== 200 || !text.includes('"success":true'))
          refused.push(`callback: ${response.status} ${text}`);
      });
    const logIn = ({ appId, appToken, auth }: ImLogin): Promise<void> =>
      at("message login", async (url) => {
        using connection = await rawDropIn(url);
        const answer = await connection.ask({ do: "login", login: { appId, appToken, auth } });
        if (JSON.stringify(answer) !== "{}") refused.push(`message login: ${JSON.stringify(answer)}`);
      });

    // What there is before the rotation: printed codes, tokens, a session, and a message login.
    const before = await signed(AUTH.before);
    const room = {
      name: "Room",
      participants: Array.from({ length: PEOPLE }, (__, n) => ({
        userId: `e${n}`,
        name: `E${n}`,
        role: "examinee",
      })),
    };
    const { id: roomId, examId } = await ask("room", "trpc/room.create", before, room);
    const print = async (token: string): Promise<string[]> =>
      (await ask("print", "trpc/room.joinCodes", token, { roomId })).flatMap(
        ({ role, code }: { role: string; code: string }) => (role === "examinee" ? [code] : []),
      );
    const printed = await print(before);
    expect(new Set(printed).size).toBe(PEOPLE);
    const password = "a password of the drill";
    await ask("account", "trpc/account.create", before, {
      userId: "boss",
      password,
      role: "admin",
      name: "Boss",
    });
    let session: string = (await ask("login", "trpc/auth.login", "", { username: "boss", password })).token;
    const messageLogins = await Promise.all(
      Array.from({ length: CALLERS }, async (__, n) => {
        const link = await enter(printed[n] ?? "");
        return at("message token", (url) => imLogin(url, link, { roomId, userId: `e${n}` }));
      }),
    );

    /** The tokens and the callback key that are valid at present. */
    const valid = { tokens: [before], callbacks: [CALLBACK.before] };
    let isOver = false;
    const work = async (caller: number, messageLogin: ImLogin): Promise<void> => {
      for (let n = caller; !isOver; n += CALLERS) {
        const link = await enter(printed[n % PEOPLE] ?? "");
        await ask("link", `trpc/room.get?${query({ roomId })}`, link);
        for (const token of valid.tokens) await ask("token", `trpc/room.get?${query({ roomId })}`, token);
        const stream = streamName({ examId, roomId, userId: `e${n % PEOPLE}`, camera: "main" });
        for (const key of valid.callbacks) await report(key, stream);
        // The other callers go on with the older token, as tabs of one login do.
        session = (await ask("session", "trpc/auth.refresh", session, {})).token;
        await logIn(messageLogin);
      }
    };
    const working = Promise.all(messageLogins.map((login, caller) => work(caller, login)));
    const KINDS = ["code", "link", "token", "callback", "session", "message login"];
    const busy = (): Promise<void> =>
      vi.waitFor(
        () => {
          for (const { answered } of places)
            for (const kind of KINDS) expect(answered.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(CALLS);
        },
        { timeout: 60_000, interval: 50 },
      );
    const replaceAll = async (env: Env): Promise<void> => {
      for (const index of places.keys()) {
        const old = places[index];
        if (!old) continue;
        old.isUp = false;
        await vi.waitFor(() => expect(old.running).toBe(0), { timeout: 60_000 });
        old.server.kill("SIGTERM");
        await old.server.ended();
        places[index] = await start(index, env);
        // While the two servers have different settings, calls go on at both.
        await busy();
      }
    };

    /** Ends at once if the calls cannot go on. */
    const underLoad = (step: Promise<void>): Promise<unknown> => Promise.race([step, working]);

    try {
      await underLoad(busy());
      await underLoad(replaceAll(ACCEPT_THE_NEW));
      await underLoad(replaceAll(SIGN_WITH_THE_NEW));
      const after = await signed(AUTH.after);
      valid.tokens.push(after);
      valid.callbacks.push(CALLBACK.after);
      for (const place of places) place.answered.clear();
      await underLoad(busy());
      // The tokens of before have ended, and the stream service signs with the new key.
      valid.tokens = [after];
      valid.callbacks = [CALLBACK.after];
      await underLoad(replaceAll(REFUSE_THE_OLD));
      isOver = true;
      await working;
      expect(refused).toEqual([]);

      // The rotation was real, and the cards are the same.
      await ask("token", `trpc/room.get?${query({ roomId })}`, before);
      expect(refused).toEqual([expect.stringMatching(/^token: 401 /)]);
      refused.length = 0;
      expect(await print(after)).toEqual(printed);
      for (const _place of places) for (const code of printed) await enter(code);
      expect(refused).toEqual([]);
    } finally {
      isOver = true;
      await working.catch(() => undefined);
    }
  },
);
