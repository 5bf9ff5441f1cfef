import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Env, paste, type Server, serve, tempFolder } from "./support/process.js";

const LAST_LINE = "Ctrl-C stops the server.";
const JWT = "[\\w-]+\\.[\\w-]+\\.[\\w-]+";
// The demo logs at level `warn`. A file shows when it started to listen.
const env = { INVIGIL_PORT: "0", INVIGIL_LOG_LEVEL: "info" };

interface Guide {
  readonly admin: string;
  readonly roomId: string;
  readonly teacher: string;
  readonly examinee: { readonly name: string; readonly token: string };
  readonly password: string;
  /** The example command. */
  readonly curl: string;
}

const readGuide = (printed: string): Guide => {
  const find = (pattern: string): string[] => {
    const found = new RegExp(pattern, "m").exec(printed);
    if (!found) throw new Error(`the guide has no /${pattern}/:\n${printed}`);
    return found.slice(1);
  };
  const [admin = ""] = find(`^administrator +(${JWT})$`);
  const [roomId = ""] = find("^demo room +(\\w{32})$");
  const [teacher = ""] = find(`^invigilator +(${JWT})$`);
  const [name = "", token = ""] = find(`^(examinee\\d+) +(${JWT})$`);
  const [password = ""] = find("^account +demo, password (\\w+)$");
  const [curl = ""] = find("^(curl .*)$");
  return { admin, roomId, teacher, examinee: { name, token }, password, curl };
};

interface Demo {
  readonly server: Server;
  readonly guide: Guide;
}

const startDemo = async (cwd: string, more: Env = {}): Promise<Demo> => {
  const server = await serve({ cwd, env: { ...env, ...more } }, "--demo");
  try {
    await server.line(LAST_LINE);
    return { server, guide: readGuide(server.stdout()) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
};

const get = (url: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url, { headers });
const library = async (server: Server, token: string) => {
  const { body } = await server.post("/exam/selectAudio", {}, token);
  expect(body).toMatchObject({ success: true });
  return body.data as { total: number; list: { id: string; name: string; url: string }[] };
};
const query = async (server: Server, procedure: string, input: unknown, token: string): Promise<unknown> => {
  const parameters = new URLSearchParams({ input: JSON.stringify({ json: input }) });
  const response = await get(`${server.url}/trpc/${procedure}?${parameters.toString()}`, {
    authorization: token,
  });
  const { result } = (await response.json()) as { result?: { data: { json: unknown } } };
  return result?.data.json;
};

describe("`invigil serve --demo`", () => {
  let folder: ReturnType<typeof tempFolder>;
  let demo: Demo;
  beforeAll(async () => {
    folder = tempFolder();
    demo = await startDemo(folder.path);
  });
  afterAll(async () => {
    await demo?.server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("prints where it is, who one can be and what to paste", () => {
    const { server, guide } = demo;
    const lines = server.stdout().split("\n");
    // The address of the console first, what to do there, and the address of the candidate.
    const first = lines.findIndex((line) => line.startsWith("Invigil serves"));
    expect(lines[first]).toBe(`Invigil serves ${server.url}/console`);
    expect(lines[first + 1]).toMatch(/^Open it /);
    expect(lines[first + 2]).toMatch(/^Sit the exam as a candidate: http/);
    expect(guide.examinee.name).toBe("examinee1");
    expect(guide.curl).toContain(`${server.url}/exam/`);
    expect(lines.length - first).toBeLessThan(15);
    // A secret stands in one place.
    expect(server.stdout().split(guide.admin)).toHaveLength(2);
  });

  it("prints an address that leads into its exam as a candidate, the same one each time, and gives HEAD no token", async () => {
    const { server } = demo;
    const [, address = ""] = /^Sit the exam as a candidate: (\S+)$/m.exec(server.stdout()) ?? [];
    expect(address).toMatch(/\/j\/[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    const { origin, pathname, port } = new URL(address);
    expect(origin).toBe(server.url);
    const enter = async (base: string, method = "GET") => {
      const { status, headers } = await fetch(`${base}${pathname}`, { method, redirect: "manual" });
      return { status, location: headers.get("location"), cached: headers.get("cache-control") };
    };
    const seats = [];
    for (const base of [origin, `http://localhost:${port}`]) {
      const { status, location, cached } = await enter(base);
      expect({ status, cached }).toEqual({ status: 303, cached: "no-store" });
      const link = new URL(location ?? "");
      expect([link.origin, link.pathname]).toEqual([base, "/sit"]);
      const { roomId, userId, token = "", code } = Object.fromEntries(link.searchParams);
      expect(`/j/${code}`).toBe(pathname);
      seats.push({ roomId, userId });
      expect(await query(server, "auth.whoami", null, token)).toMatchObject({
        role: "examinee",
        userId,
        roomId,
      });
      expect(await query(server, "room.get", { roomId }, token)).toMatchObject({ status: "in_progress" });
      expect(server.stdout()).not.toContain(token);
    }
    expect(seats[1]).toEqual(seats[0]);
    expect(await enter(origin, "HEAD")).toMatchObject({ status: 200, location: null });
    // The page of codes and programs know it, too.
    const { body } = await server.post("/trpc/room.linkOfCode", { json: { code: pathname.slice(3) } });
    expect(new URL(body.result.data.json.url).pathname).toBe("/sit");
  });

  it("prints tokens that let each in as who it is", async () => {
    const { server, guide } = demo;
    const who = (token: string) => query(server, "auth.whoami", null, token);
    expect(await who(guide.admin)).toMatchObject({ role: "admin" });
    expect(await who(guide.teacher)).toMatchObject({ role: "teacher", roomId: guide.roomId });
    const examinee = { role: "examinee", userId: `examinee1_${guide.roomId}`, roomId: guide.roomId };
    expect(await who(guide.examinee.token)).toMatchObject(examinee);
    for (const token of [guide.admin, guide.teacher, guide.examinee.token])
      expect(await query(server, "room.get", { roomId: guide.roomId }, token)).toMatchObject({
        id: guide.roomId,
      });
  });

  it("tells pages that it is the demo, before anybody has signed in", async () => {
    const response = await get(`${demo.server.url}/trpc/installation.info`);
    expect(await response.json()).toMatchObject({ result: { data: { json: { isDemo: true } } } });
  });

  it("made a demo room with five examinees, whose exam plays the library", async () => {
    const { server, guide } = demo;
    const people = await query(server, "participant.list", { roomId: guide.roomId }, guide.teacher);
    expect(people).toHaveLength(5);
    const room = await query(server, "room.get", { roomId: guide.roomId }, guide.teacher);
    const { examId } = room as { examId: string };
    const exam = await query(server, "exam.get", { examId }, guide.teacher);
    const { scheduledAudio, manualAudio } = exam as { scheduledAudio: unknown[]; manualAudio: unknown[] };
    expect([scheduledAudio.length, manualAudio.length]).toEqual([1, 2]);
  });

  it("prints a curl line that logs in as pasted, with an account that sees the demo room", async () => {
    using cwd = tempFolder();
    const { code, stdout, stderr } = await paste(demo.guide.curl, { cwd: cwd.path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { success, data } = JSON.parse(stdout) as { success: boolean; data: { token: string } };
    expect(success).toBe(true);
    const room = await query(demo.server, "room.get", { roomId: demo.guide.roomId }, data.token);
    expect(room).toMatchObject({ id: demo.guide.roomId, status: "in_progress" });
  });

  it("serves three clips that play anywhere: real WAV files, in part, from a cache, from any origin", async () => {
    const { total, list } = await library(demo.server, demo.guide.admin);
    expect(total).toBe(3);
    expect(new Set(list.map(({ url }) => url)).size).toBe(3);
    for (const { url } of list) {
      expect(url.startsWith(`${demo.server.url}/audio/`)).toBe(true);
      // Like an `<audio>` element: from another origin, and without a token.
      const origin = { origin: "https://school.example" };
      const whole = await get(url, origin);
      expect(whole.status).toBe(200);
      expect(whole.headers.get("content-type")).toMatch(/^audio\/(wav|x-wav|wave|vnd\.wave)$/);
      expect(whole.headers.get("access-control-allow-origin")).toBe("*");
      expect(whole.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
      const file = Buffer.from(await whole.arrayBuffer());
      expect(file.toString("latin1", 0, 4)).toBe("RIFF");
      expect(file.readUInt32LE(4)).toBe(file.length - 8);
      expect(file.toString("latin1", 8, 16)).toBe("WAVEfmt ");
      // The clip is not silent.
      expect(new Set(file.subarray(44)).size).toBeGreaterThan(16);

      const part = await get(url, { ...origin, range: "bytes=4-11" });
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe(`bytes 4-11/${file.length}`);
      expect(part.headers.get("access-control-allow-origin")).toBe("*");
      expect(Buffer.from(await part.arrayBuffer())).toEqual(file.subarray(4, 12));

      const etag = whole.headers.get("etag") ?? "";
      expect(etag).toMatch(/^(W\/)?"[^"]+"$/);
      // Like a browser on reload. By default, Node's fetch requests a fresh copy.
      const again = await get(url, { ...origin, "if-none-match": etag, "cache-control": "max-age=0" });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
    }
  });
});

it("`invigil serve --demo` on the data of an earlier start shows the same room and the same clips", async () => {
  using folder = tempFolder();
  const seen = async () => {
    const { server, guide } = await startDemo(folder.path);
    await using _ = server;
    const { list } = await library(server, guide.admin);
    const clips = list.map(({ id, name, url }) => ({ id, name, path: new URL(url).pathname }));
    const played = await Promise.all(list.map(async ({ url }) => (await get(url)).status));
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
    return { guide, clips, played };
  };
  const first = await seen();
  const second = await seen();
  expect(second.guide.roomId).toBe(first.guide.roomId);
  expect(second.clips).toEqual(first.clips);
  expect(second.played).toEqual([200, 200, 200]);
});

it("`invigil serve --demo` finds its room again behind a hundred newer ones of the same teacher", async () => {
  using folder = tempFolder();
  // With authentication disabled, every caller is the demo's teacher.
  const open = { INVIGIL_AUTH: "off" };
  const first = await startDemo(folder.path, open);
  {
    await using server = first.server;
    const made = [];
    // One after the other: so many writes of one caller do not wait at once.
    for (let n = 0; n < 101; n += 1) made.push(await server.post("/exam/createRoom", { name: "Another" }));
    expect(made.filter(({ body }) => body.success !== true)).toEqual([]);
  }
  const second = await startDemo(folder.path, open);
  await second.server[Symbol.asyncDispose]();
  expect(second.guide.roomId).toBe(first.guide.roomId);
});

it("`invigil serve --demo` plays an exam of 60 candidates in 3 rooms, one after a crash too, and none with INVIGIL_DEMO_EXAM=off", async () => {
  using folder = tempFolder();
  const played = async ({ server, guide }: Demo) => {
    const { exams } = (await query(server, "exam.list", {}, guide.admin)) as {
      exams: { id: string; name: string }[];
    };
    return exams.filter(({ name }) => name !== "演示考场 Demo room");
  };
  const first = await startDemo(folder.path);
  const [killed, ...more] = await played(first);
  expect(more).toEqual([]);
  const { rooms } = (await query(first.server, "room.list", { examId: killed?.id }, first.guide.admin)) as {
    rooms: { id: string }[];
  };
  const people = await Promise.all(
    rooms.map(({ id }) => query(first.server, "participant.list", { roomId: id }, first.guide.admin)),
  );
  expect(people.map((list) => (list as unknown[]).length)).toEqual([20, 20, 20]);
  // It moves now, because somebody has looked at it.
  await expect
    .poll(() => query(first.server, "room.presence", { roomId: rooms[0]?.id }, first.guide.admin))
    .not.toEqual([]);
  await first.server[Symbol.asyncDispose]();

  const second = await startDemo(folder.path);
  {
    await using _ = second.server;
    const exams = await played(second);
    expect(exams).toHaveLength(1);
    expect(exams[0]?.id).not.toBe(killed?.id);
  }
  const third = await startDemo(folder.path, { INVIGIL_DEMO_EXAM: "off" });
  {
    await using _ = third.server;
    expect(await played(third)).toEqual([]);
    expect(third.server.stdout()).not.toContain("/j/");
  }
});

it("`invigil serve --demo` prints no address for a candidate if browsers cannot publish, or everyone is an administrator", async () => {
  const streams = {
    INVIGIL_STREAM_PUSH_DOMAIN: "push.example",
    INVIGIL_STREAM_PUSH_KEY: "k1",
    INVIGIL_STREAM_PULL_DOMAIN: "pull.example",
    INVIGIL_STREAM_PULL_KEY: "k2",
  };
  for (const more of [streams, { INVIGIL_AUTH: "off" }]) {
    using folder = tempFolder();
    const { server } = await startDemo(folder.path, more);
    await using _ = server;
    expect(server.stdout()).not.toContain("/j/");
  }
});

it("`invigil serve --demo` takes its exam away when it ends", async () => {
  using folder = tempFolder();
  const demo = await startDemo(folder.path);
  await using server = demo.server;
  const look = () => query(server, "exam.list", {}, demo.guide.admin) as Promise<{ exams: { id: string }[] }>;
  expect((await look()).exams).toHaveLength(2);
  server.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  await using after = await serve({ cwd: folder.path, env });
  const { exams } = (await query(after, "exam.list", {}, demo.guide.admin)) as { exams: unknown[] };
  expect(exams).toHaveLength(1);
});

it("a page of this machine enters the demo without a password, and opens the console that the address names", async () => {
  using folder = tempFolder();
  const { server } = await startDemo(folder.path);
  await using _ = server;
  const page = await get(`${server.url}/console`, { accept: "text/html" });
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<base href="/console/"')]);
  const { status, body } = await server.post("/trpc/auth.loginToDemo", undefined);
  const { token } = body.result.data.json;
  expect(status).toBe(200);
  expect(await query(server, "auth.whoami", null, token)).toMatchObject({ userId: "demo", role: "admin" });
  server.kill("SIGTERM");
  expect((await server.ended()).stdout).not.toContain(token);
});

it("the demo's account logs in while the demo runs, and not afterwards", async () => {
  using folder = tempFolder();
  const logIn = async (server: Server, password: string) => {
    const { body } = await server.post("/exam/login", { username: "demo", password });
    return body.success;
  };
  const passwords: string[] = [];
  for (let start = 1; start <= 2; start += 1) {
    const { server, guide } = await startDemo(folder.path);
    await using _ = server;
    expect(await logIn(server, guide.password)).toBe(true);
    for (const earlier of passwords) expect(await logIn(server, earlier)).toBe(false);
    passwords.push(guide.password);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
  }
  await using server = await serve({ cwd: folder.path, env });
  for (const password of passwords) expect(await logIn(server, password)).toBe(false);
});

it("`invigil serve` without --demo makes no clip and no room", async () => {
  using folder = tempFolder();
  await using server = await serve({ cwd: folder.path, env: { ...env, INVIGIL_AUTH: "off" } });
  expect(await library(server, "")).toMatchObject({ total: 0, list: [] });
  expect(await query(server, "room.list", {}, "")).toEqual({ rooms: [] });
  expect(server.stdout()).not.toContain("demo");
});
