import { expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { run, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

// What a server that ends leaves in the audit.

interface Entry {
  readonly actorId: string;
  readonly roomId?: string;
}
const entriesOf = async (cwd: string, procedure: string): Promise<readonly Entry[]> => {
  const args = ["audit", "list", "--procedure", procedure, "--limit", "10000", "--json"];
  const { code, stdout, stderr } = await run(args, { cwd, env: testEnv });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return (JSON.parse(stdout) as { entries: readonly Entry[] }).entries;
};

it("has an entry for every change that a killed server has acknowledged", async () => {
  using folder = tempFolder();
  await using server = await serve({ cwd: folder.path, env: testEnv });
  const token = await tokenFor("teacher", "t1");
  const acknowledged: string[] = [];
  let isKilled = false;
  const connection = async (): Promise<void> => {
    while (!isKilled) {
      const answer = server.post("/exam/createRoom", { name: "R" }, token);
      try {
        const { body }: Parsed = await answer;
        acknowledged.push(String(body.data.id));
      } catch (error) {
        // The kill aborts calls. Before it, none fails.
        if (!isKilled) throw error;
      }
      if (!isKilled && acknowledged.length >= 20) {
        isKilled = true;
        server.kill("SIGKILL");
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, connection));
  expect(await server.ended()).toMatchObject({ signal: "SIGKILL" });
  const entries = await entriesOf(folder.path, "room.create");
  expect(entries.map(({ roomId }) => roomId)).toEqual(expect.arrayContaining(acknowledged));
});

it("has an entry for every read that a server has answered before it is told to stop", async () => {
  using folder = tempFolder();
  await using server = await serve({ cwd: folder.path, env: testEnv });
  const { body } = await server.post("/exam/createRoom", { name: "R" }, await tokenFor("teacher", "t1"));
  const roomId: string = body.data.id;
  const headers = { authorization: await tokenFor("admin", "root") };
  const people = await fetch(`${server.url}/exam/userList?roomId=${roomId}`, { headers });
  expect(people.status).toBe(200);
  server.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  expect(await entriesOf(folder.path, "participant.list")).toMatchObject([{ actorId: "root", roomId }]);
});
