import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { credentials, imLogin, openApp } from "./support/drop-in.js";
import { hear } from "./support/drop-in-apps.js";
import { freePort } from "./support/ports.js";
import { run, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

/** A page of the vendor's apps in the room. */
const enter = async (url: string, roomId: string, userId: string, role: "teacher" | "examinee") => {
  const admin = role === "teacher" ? { role: "admin" } : {};
  const made = await imLogin(url, await tokenFor(role, userId), { roomId, userId, ...admin });
  // Generous, because the start of a server may take long.
  const app = await openApp(made.appSign, { hurry: 0.5 });
  await app.engine.login(credentials(made));
  await app.groups.joinGroup(roomId);
  return app;
};

describe("pages with the drop-in script", () => {
  it("come back to a server that was killed, and to one that was stopped, and miss nothing", async () => {
    using folder = tempFolder();
    const env = {
      ...testEnv,
      INVIGIL_PORT: String(await freePort()),
      INVIGIL_DEMO_EXAMINEES: "1",
    };
    let server = await serve({ cwd: folder.path, env });
    const { url } = server;
    const call = async (path: string, body: object): Promise<Parsed> => {
      const headers = {
        authorization: await tokenFor("teacher", "teacher1"),
        "content-type": "application/json",
      };
      const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return ((await answer.json()) as Parsed).data;
    };
    const { id: roomId } = await call("/exam/createRoom", { name: "Room" });
    await using teacher = await enter(url, roomId, "teacher1", "teacher");
    const [{ id: examineeId }] = await (
      await fetch(`${url}/exam/userList?roomId=${roomId}`, {
        headers: { authorization: await tokenFor("teacher", "teacher1") },
      })
    )
      .json()
      .then(({ data }: Parsed) => data);
    await using examinee = await enter(url, roomId, examineeId, "examinee");
    const say = (n: number): Promise<string> =>
      teacher.messages.sendGroupMessage({ groupId: roomId, type: 30001, data: `${n}` });

    let n = 0;
    for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
      // Some calls finish before the kill, and some are pending.
      await say(n);
      const onTheirWay = [1, 2, 3].map((more) => say(n + more));
      server.kill(signal);
      await server.ended();
      const whileAway = say(n + 4);
      server = await serve({ cwd: folder.path, env });
      expect(server.url).toBe(url);
      await Promise.all([...onTheirWay, whileAway]);
      for (let next = n; next < n + 5; next += 1) expect(await hear(examinee)).toBe(next);
      n += 5;
    }
    expect(examinee.diary.all("recvgroupmessage")).toHaveLength(n);
    for (const app of [teacher, examinee]) expect(app.diary.all("disconnect")).toEqual([]);
    await server[Symbol.asyncDispose]();
  });

  it("go to their end when a command beside the server ends the room, once", async () => {
    using folder = tempFolder();
    const where = { cwd: folder.path, env: testEnv };
    await using server = await serve(where);
    const headers = {
      authorization: await tokenFor("teacher", "teacher1"),
      "content-type": "application/json",
    };
    const made = await fetch(`${server.url}/exam/createRoom`, {
      method: "POST",
      headers,
      body: JSON.stringify({ name: "Room" }),
    });
    const roomId = ((await made.json()) as Parsed).data.id;
    await using teacher = await enter(server.url, roomId, "teacher1", "teacher");
    expect(await run(["room", "end", roomId, "--yes"], where)).toMatchObject({ code: 0 });
    expect((await teacher.diary.until("recvgroupmessage"))[0]).toMatchObject({
      type: 20010,
      sender: { userId: "server" },
    });
    await teacher.messages.sendGroupMessage({ groupId: roomId, type: 20010, data: '{"sid":"1"}' });
    const { messageList } = await teacher.messages.listMessage({ groupId: roomId, type: 20010 });
    expect(messageList).toHaveLength(1);
  });
});
