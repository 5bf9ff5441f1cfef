import { createInvigilClient, type InvigilClient, type InvigilClientOptions } from "@invigil/client";
import { createTestApp, type TestAppOptions, type TestCaller } from "@invigil/server/testing";
import { cleanup, configure } from "@testing-library/react";
import { cuttingProxy } from "../../client/test/servers.js";

export const TEACHER: TestCaller = { sub: "t1", role: "teacher" };
export const ADMIN: TestCaller = { sub: "a1", role: "admin" };
export const EXAMINEES = ["e1", "e2", "e3"] as const;
export const PASSWORD = "a password for tests";

// Whether the machine is busy decides nothing.
configure({ asyncUtilTimeout: 60_000 });

/** A real server with a room in it, behind a proxy that counts connections. */
export const fixture = async (options: TestAppOptions = {}) => {
  // A session compares the end of its token with the clock of the page.
  let now = Date.now();
  // A hundredth of a second passes each time that it is looked at, so that nobody sends too often.
  const ticking = () => {
    now += 10;
    return new Date(now);
  };
  const app = await createTestApp({ now: ticking, ...options });
  const proxy = await cuttingProxy(await app.listen());
  const admin = app.as(ADMIN);
  const teacher = app.as(TEACHER);
  const room = await teacher.room.create({
    name: "Algebra",
    participants: EXAMINEES.map((userId) => ({ userId, name: userId.toUpperCase(), role: "examinee" })),
  });
  const clientOptions = {
    url: proxy.url,
    retry: { attempts: 50, baseMs: 1, maxMs: 20 },
    live: { baseMs: 1, maxMs: 20 },
  } satisfies InvigilClientOptions;
  const client = async (
    caller: TestCaller,
    more: Partial<InvigilClientOptions> = {},
  ): Promise<InvigilClient> =>
    createInvigilClient({ ...clientOptions, token: await app.token(caller), ...more });
  await admin.account.create({ userId: "t1", name: "Li Na", role: "teacher", password: PASSWORD });
  return {
    app,
    proxy,
    admin,
    teacher,
    room,
    client,
    clientOptions,
    /** Lets time pass on the server. */
    pass: (ms: number) => {
      now += ms;
    },
    /** How many WebSockets were opened. */
    webSockets: () => proxy.asked.filter((asked) => asked.startsWith("ws")).length,
    async [Symbol.asyncDispose]() {
      cleanup();
      await proxy[Symbol.asyncDispose]();
      await app.close();
    },
  };
};
