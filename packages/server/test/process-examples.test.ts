import { readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { paste, REPOSITORY, serve, tempFolder } from "./support/process.js";

const examples = join(REPOSITORY, "examples");
const readmeOf = (name: string): string => readFileSync(join(examples, name, "README.md"), "utf8");
/** What a README tells to type, a block for each terminal. */
const blocksOf = (name: string): string[] =>
  [...readmeOf(name).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);

/** Creates a folder that looks like a clone of the repository, with its own data. */
const openClone = () => {
  const folder = tempFolder();
  for (const name of ["examples", "packages"]) symlinkSync(join(REPOSITORY, name), join(folder.path, name));
  return folder;
};

it("every example has a README, and examples/README.md lists it", () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const listed = [
    ...readFileSync(join(examples, "README.md"), "utf8").matchAll(/^\| \[[^\]]+\]\(([^)]+)\)/gm),
  ];
  expect(folders.map(({ name }) => name).toSorted()).toEqual(listed.map(([, name]) => name ?? "").toSorted());
  for (const { name } of folders) expect(readmeOf(name)).toMatch(/^# /);
});

it("examples/rest: calls the REST paths with curl, and reads back what it wrote", async () => {
  using clone = openClone();
  const [start, call, ...more] = blocksOf("rest");
  expect([start, more]).toEqual(["npm start\n", []]);
  // What `npm start` runs, on a port that is free.
  const env = { INVIGIL_PORT: "0", INVIGIL_LOG_LEVEL: "info" };
  await using server = await serve({ cwd: clone.path, env }, "--demo");
  await server.line("Ctrl-C stops the server.");
  const ended = await paste(call ?? "", { cwd: clone.path, deadlineMs: 60_000 });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const answers = ended.stdout.split("\n").filter((line) => line.startsWith("{"));
  expect(answers).toHaveLength(6);
  for (const answer of answers) expect(JSON.parse(answer)).toMatchObject({ success: true });
  const last = /^ {4}(\d+ record.*)$/m.exec(readmeOf("rest"))?.[1];
  expect(ended.stdout.trimEnd().split("\n").at(-1)).toBe(last);
});

describe("examples/run-an-exam", () => {
  it("prepares an exam whose links open its rooms in the morning", async () => {
    using clone = openClone();
    const [prepare = "", morning = "", ...more] = blocksOf("run-an-exam");
    expect(more).toEqual([]);
    // `~` is the folder itself, to which processes of tests have their HOME set.
    const options = { cwd: clone.path, deadlineMs: 80_000 };
    const ended = await paste(prepare, options);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    // All that has to be done is to replace the examples of the settings.
    expect(ended.stdout.match(/^\w.* failed .*$/gm)).toHaveLength(8);
    expect(ended.stdout.match(/ failed +INVIGIL_\w+ has the value of an example /g)).toHaveLength(8);
    expect(ended.stdout).toContain("8 failed, 0 warnings");
    const folder = join(clone.path, "algebra");
    for (const file of [".env", "links.csv", "cards.html"])
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);

    const again = await paste(prepare, options);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("has been prepared before") });

    expect(morning).toContain("cd ~/algebra");
    expect(morning).toMatch(/serve\n$/);
    await using server = await serve({ cwd: folder, env: { INVIGIL_PORT: "0" } });
    const rows: string[][] = parse(readFileSync(join(folder, "links.csv")), { bom: true, from: 2 });
    const candidates = readFileSync(join(examples, "run-an-exam/candidates.csv"), "utf8").trim().split("\n");
    const examinees = rows.filter(([role]) => role === "examinee");
    expect(examinees).toHaveLength(candidates.length - 1);
    for (const [, , id = "", name, link = ""] of rows) {
      const { searchParams } = new URL(link);
      const query = new URLSearchParams({ roomId: searchParams.get("roomId") ?? "", userId: id });
      const response = await fetch(`${server.url}/exam/userInfo?${query.toString()}`, {
        headers: { authorization: searchParams.get("token") ?? "" },
      });
      expect(await response.json()).toMatchObject({ success: true, data: { id, name } });
    }
  });
});
