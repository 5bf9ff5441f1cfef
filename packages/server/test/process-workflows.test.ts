import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { paste, REPOSITORY, tempFolder } from "./support/process.js";

const CI = ".github/workflows/ci.yml";
// biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub replaces it, not JavaScript.
const RUN_PART = ".ci/run ${{ matrix.part }}";
const RELEASE = ".github/workflows/release.yml";

/** What the check says of this repository with a change in one file. */
const checkWith = async (file: string, change: (text: string) => string) => {
  using folder = tempFolder();
  const at = (path: string): string => join(folder.path, path);
  mkdirSync(at(".github"));
  for (const path of [".ci", ".github/workflows", "package.json"])
    cpSync(join(REPOSITORY, path), at(path), { recursive: true });
  const text = readFileSync(at(file), "utf8");
  const changed = change(text);
  if (file !== "package.json") expect(changed).not.toBe(text);
  writeFileSync(at(file), changed);
  const script = join(REPOSITORY, "scripts/check-workflows.mjs");
  return await paste(`node "${script}" .`, { cwd: folder.path });
};

it("GitHub's workflows are in line with .ci/run", async () => {
  expect(await checkWith("package.json", (text) => text)).toMatchObject({ code: 0, stderr: "" });
});

describe("out of line is", () => {
  it.each([
    {
      what: "a part that GitHub does not run",
      file: CI,
      change: (text: string) => text.replace("          - browser\n", ""),
      fault: "the matrix of ci.yml lacks browser",
    },
    {
      what: "a part that is not there",
      file: CI,
      change: (text: string) =>
        text.replace("          - browser\n", "          - browser\n          - more\n"),
      fault: "the matrix of ci.yml has more, which .ci/run does not have",
    },
    {
      what: "a job that does something else",
      file: CI,
      change: (text: string) => text.replace(`run: ${RUN_PART}`, "run: echo fine"),
      fault: `ci.yml has no job that runs ${RUN_PART}`,
    },
    {
      what: "a release that waits for no checks",
      file: RELEASE,
      change: (text: string) => text.replace("    needs: ci\n", ""),
      fault: "release.yml: the job release does not wait for the checks",
    },
    {
      what: "a script that is not there",
      file: RELEASE,
      change: (text: string) => text.replace("npm run release", "npm run publish-all"),
      fault: "release.yml: there is no script publish-all in package.json",
    },
  ])("$what", async ({ file, change, fault }) => {
    expect(await checkWith(file, change)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${fault}\n`),
    });
  });
});
