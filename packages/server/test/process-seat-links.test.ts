import { expect, it } from "vitest";
import { runHere } from "./support/command.js";
import { serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

it("`invigil room revoke-links` ends links at a running server", async () => {
  using folder = tempFolder();
  const cwd = folder.path;
  await using server = await serve({ cwd, env: testEnv });
  const people = [{ userId: "e1", name: "E", role: "examinee" }];
  const made = await server.post(
    "/trpc/room.create",
    { json: { name: "R", participants: people } },
    await tokenFor("teacher", "t1"),
  );
  const { id: roomId, examId } = made.body.result.data.json;
  const teacher = await tokenFor("teacher", "t1");
  const issue = async (): Promise<string> => {
    const asked = { userId: "e1", role: "examinee", roomId };
    return (await server.post("/trpc/auth.issueToken", { json: asked }, teacher)).body.result.data.json.token;
  };
  const statusOf = async (token: string): Promise<number> =>
    (await server.post("/exam/cheat/getCheatConfig", { examId }, token)).status;
  const cli = async (...args: string[]) =>
    runHere(["room", "revoke-links", "--yes", ...args], { cwd, env: testEnv });
  const first = await issue();
  expect(await statusOf(first)).toBe(200);
  expect(await cli("R", "--exam", "R", "--user", "e1", "--json")).toMatchObject({
    code: 0,
    stdout: `${JSON.stringify([{ userId: "e1", generation: 1 }])}\n`,
  });
  const second = await issue();
  expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
  expect(await cli(roomId)).toMatchObject({
    code: 0,
    stdout: "The links of 2 people into the room R were revoked.\n",
  });
  expect(await statusOf(second)).toBe(401);
  // A token that is made by command for the person is one of the newest generation.
  const printed = await runHere(["token", "--role", "examinee", "--user", "e1", "--room", roomId], {
    cwd,
    env: testEnv,
  });
  expect(await statusOf(printed.stdout.trim())).toBe(200);
  expect(await cli("R", "--exam", "R", "--user", "nobody")).toMatchObject({ code: 1 });
});
