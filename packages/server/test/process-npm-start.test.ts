import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { isFull } from "./support/effort.js";
import { type Env, paste, REPOSITORY, startPaste, tempFolder } from "./support/process.js";

/** How a machine reaches the registry. */
const NETWORK = /^(NODE_EXTRA_CA_CERTS|(https?|no)_proxy)$/i;
const network: Env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => NETWORK.test(name))),
  HOME: homedir(),
};
const withoutNetwork: Env = {
  HOME: homedir(),
  npm_config_registry: "http://127.0.0.1:1/",
  npm_config_offline: "true",
};

/** Runs in this checkout, which is already set up. A repeated setup must not use the network. */
const start = (command: string) =>
  paste(command, { cwd: REPOSITORY, env: withoutNetwork, deadlineMs: 100_000 });

/** What `npm start` runs. */
const SCRIPT = "node scripts/start.mjs";

/** The time of the last packing, which completes a build. */
const built = (): number | undefined => {
  const file = join(REPOSITORY, "packages/server/dist/packed/packed-from");
  return existsSync(file) ? statSync(file).mtimeMs : undefined;
};

// It installs everything once more, which takes as long as the network and the disk need.
test.skipIf(!isFull)(
  "npm start installs what builds and serves, npm test the rest, and neither repeats it",
  async () => {
    using clone = tempFolder();
    const at = (path: string): string => join(clone.path, path);
    const names = [
      "*package.json",
      "pnpm-*.yaml",
      ".pnpmfile.cjs",
      "patches/*",
      "scripts/*",
      "packages/sqlite-binding*",
    ];
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...names], {
      cwd: REPOSITORY,
      encoding: "utf8",
    });
    for (const file of files.trim().split("\n")) cpSync(join(REPOSITORY, file), at(file));
    const setUp = async (...options: string[]): Promise<string> => {
      const ended = await paste(["node scripts/setup.mjs", ...options].join(" "), {
        cwd: clone.path,
        // What this checkout was set up with is at hand.
        env: { ...network, npm_config_prefer_offline: "true" },
        deadlineMs: 170_000,
      });
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      return ended.stdout;
    };
    const hasTools = (): boolean => existsSync(at("node_modules/vitest"));
    /** Which folder holds a package: another one after everything was installed anew. */
    const copy = (): number => statSync(at("packages/server/node_modules/zod")).ino;

    expect(await setUp("--build-only")).toMatch(/^Installing… done/);
    const [megabytes] = execFileSync("du", ["-sm", at("node_modules")], { encoding: "utf8" }).split("\t");
    expect(Number(megabytes)).toBeLessThanOrEqual(256);
    for (const tool of ["typescript", "tsdown", "tsx"])
      expect(existsSync(at(`node_modules/${tool}`))).toBe(true);
    expect(hasTools()).toBe(false);
    expect(await setUp("--build-only")).toBe("");

    const before = copy();
    expect(await setUp()).toMatch(/^Installing… done/);
    expect([hasTools(), copy()]).toEqual([true, before]);
    expect(await setUp("--build-only")).toBe("");
    expect(await setUp()).toBe("");
  },
);

test("npm start tells what would stop the server before it builds", async () => {
  const before = built();
  const option = await start("npm start -- --prot 1");
  expect(option).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--prot'") });

  await using other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = address !== null && typeof address === "object" ? String(address.port) : "";
  const inUse = await start(`npm start -- --port ${port}`);
  expect(inUse).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`Port ${port} .* is in use.* npm start -- --port \\d+\\n`)),
  });
  expect(built()).toBe(before);
});

test("npm start says one line a step, and builds nothing that is built", async () => {
  const before = built();
  using folder = tempFolder();
  await using child = startPaste(`exec ${SCRIPT}`, {
    cwd: REPOSITORY,
    env: {
      ...withoutNetwork,
      INVIGIL_PORT: "0",
      INVIGIL_DATABASE_URL: `file:${join(folder.path, "invigil.db")}`,
    },
    deadlineMs: 100_000,
  });
  await child.line("Serving…");
  const guide = await child.line("Invigil serves http://");
  await child.line("Ctrl-C stops the server.");
  child.kill("SIGTERM");
  const { stdout, stderr } = await child.ended();
  const lines = stdout.split("\n");
  expect(lines.slice(0, lines.indexOf(guide))).toEqual([
    expect.stringMatching(/^Building… done in \d+ s$/),
    "Serving…",
    "",
  ]);
  // With the four lines of npm, and one where something had to be installed.
  expect(lines.length).toBeLessThanOrEqual(17);
  expect(stderr).toBe("");
  expect(built()).toBe(before);
});

test("a step shows what its processes printed where it fails, and nothing else", async () => {
  const script = pathToFileURL(join(REPOSITORY, "scripts/one-line.mjs")).href;
  using folder = tempFolder();
  const step = (command: string) =>
    paste(
      `node --input-type=module -e '
        import { spawnSync } from "node:child_process";
        import { oneLine } from "${script}";
        process.exitCode = await oneLine("Trying", (stdio) => spawnSync("sh", ["-c", "${command}"], { stdio }).status);
      '`,
      { cwd: folder.path },
    );
  expect(await step("echo noise; echo more >&2")).toEqual({
    code: 0,
    signal: null,
    stdout: expect.stringMatching(/^Trying… done in \d+ s\n$/),
    stderr: "",
  });
  expect(await step("echo first; echo second >&2; echo third; exit 3")).toEqual({
    code: 3,
    signal: null,
    stdout: "Trying… failed\n",
    stderr: "first\nsecond\nthird\n",
  });
});

test("a Node that is older than package.json allows is told so first", async () => {
  const { engines } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const script = pathToFileURL(join(REPOSITORY, "scripts/node-version.mjs")).href;
  using folder = tempFolder();
  const check = (version: string) =>
    paste(
      `node --input-type=module -e 'import { refuseOldNode } from "${script}"; refuseOldNode("${version}")'`,
      { cwd: folder.path },
    );
  expect(await check("18.20.4")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `Invigil needs Node ${engines.node.slice(2)} or newer; this is 18.20.4.\n`,
  });
  expect(await check("20.18.3")).toMatchObject({ code: 1 });
  for (const version of ["20.19.0", "22.0.0", "24.21.0"])
    expect(await check(version)).toMatchObject({ code: 0, stderr: "" });
});
