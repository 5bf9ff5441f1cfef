import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Env, paste, REPOSITORY, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

/** The samples of a README in TypeScript that mention something. */
const samples = (readme: string, about: string): string[] =>
  [...readFileSync(join(REPOSITORY, readme), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, sample = ""]) => sample)
    .filter((sample) => sample.includes(about));

/** Runs a program where it finds the packages of this repository. */
const runProgram = async (program: string, env: Env = {}): Promise<string> => {
  using folder = tempFolder();
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder.path, "node_modules"));
  writeFileSync(join(folder.path, "sample.mts"), program);
  const ended = await paste("node --import tsx sample.mts", { cwd: folder.path, env });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout;
};

it.each([
  ["teacher", "FORBIDDEN"],
  ["admin", "ROOM_NOT_FOUND"],
] as const)("the README's call from TypeScript prints why it fails: as %s %s", async (role, reason) => {
  const [sample = "", ...more] = samples("README.md", "@invigil/client");
  expect(more).toEqual([]);
  using folder = tempFolder();
  await using server = await serve({ cwd: folder.path, env: testEnv });
  const program = `const { TOKEN: token } = process.env;\n${sample.replace("http://127.0.0.1:7001", server.url)}`;
  expect(program).toContain(server.url);
  const printed = await runProgram(program, { TOKEN: await tokenFor(role, "u1") });
  expect(printed).toMatch(new RegExp(`^${reason} [\\w-]+\\n$`));
});

it.each(["README.md", "packages/server/README.md"])("the test in %s works", async (readme) => {
  const [sample = "", ...more] = samples(readme, "@invigil/server/testing");
  expect(more).toEqual([]);
  const seen = `[room.name, answer.json().data.id === room.id, (await fetch(url + "/ready")).status]`;
  expect(await runProgram(`${sample}\nconsole.log(JSON.stringify(${seen}));`)).toBe(
    `${JSON.stringify(["Room 1", true, 200])}\n`,
  );
});
