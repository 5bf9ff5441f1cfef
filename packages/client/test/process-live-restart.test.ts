import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { createInvigilClient } from "../src/index.js";
import { until, untilStatus } from "./live-world.js";
import { node } from "./processes.js";
import { cuttingProxy } from "./servers.js";

/** What the last build made, as check.mjs builds it. */
const CLI = join(import.meta.dirname, "../../server/dist/cli.js");

/** The server in a process of its own, on a file that stays. */
const serve = async (cwd: string) => {
  const child = node([CLI, "serve"], { INVIGIL_PORT: "0" }, cwd);
  const { url } = JSON.parse(await child.line((line) => line.includes('"msg":"listening"'))) as {
    url: string;
  };
  return { ...child, url };
};

test.concurrent.each([
  { name: "WebSocket", WebSocket },
  { name: "server-sent events", WebSocket: false as const },
])(
  "a server that is killed and started again is listened to again, and nothing is lost: $name",
  async (live) => {
    const folder = mkdtempSync(join(tmpdir(), "invigil-restart-"));
    let running = await serve(folder);
    // Where the server is stays the same, whatever its port.
    await using proxy = await cuttingProxy(() => running.url);
    try {
      const issuing = node([CLI, "token", "--role", "teacher", "--user", "t1"], {}, folder);
      const token = await issuing.line((line) => line.length > 0);
      const invigil = createInvigilClient({
        url: proxy.url,
        token,
        retry: { attempts: 1000, baseMs: 1, maxMs: 50 },
        live: { WebSocket: live.WebSocket, baseMs: 1, maxMs: 50 },
      });
      const { id } = await invigil.room.create.mutate({ name: "Algebra" });
      const room = invigil.live.room(id);
      await room.ready();
      const loop = room[Symbol.asyncIterator]();
      const heard: unknown[] = [];
      for (let n = 1; n <= 3; n += 1) {
        await room.send(30_001, n);
        // Killed at once, before all messages are delivered.
        const lost = untilStatus(room, "reconnecting");
        running.kill("SIGKILL");
        await running.ended;
        await lost;
        const sent = room.send(30_001, -n);
        running = await serve(folder);
        await sent;
        const received = await until(loop, (event) => event.type === "message" && event.message.data === -n);
        for (const event of received) if (event.type === "message") heard.push(event.message.data);
      }
      expect(heard).toEqual([1, -1, 2, -2, 3, -3]);
      expect(room.state?.room.id).toBe(id);
      room.close();
    } finally {
      running.kill("SIGKILL");
      await running.ended;
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
