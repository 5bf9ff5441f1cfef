import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

// The package as npm installs it, in projects outside the workspace.

const packageFolder = resolve(import.meta.dirname, "..");
const rootBin = resolve(packageFolder, "../../node_modules/.bin");

// With these variables, which npm and vitest set, npm would work in the workspace instead.
const INHERITED = /^(npm_(package|lifecycle|config_local_prefix)|vitest|node_env$|force_color$)/i;

/** Runs a command, and shows its output when it fails. */
const run = async (cwd: string, file: string, ...args: string[]): Promise<string> => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !INHERITED.test(name)));
  const { stdout } = await promisify(execFile)(file, args, { cwd, env }).catch(
    (error: Error & { stdout: string; stderr: string }) =>
      expect.fail(`${file} ${args.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`),
  );
  return stdout;
};

interface Manifest {
  readonly peerDependencies: Readonly<Record<"@trpc/server" | "fastify", string>>;
}
const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "package.json"), "utf8"));

let folder: string;
let tarball: string;
/** Projects with the package, and with the oldest and the newest peers that it allows. */
let oldest: string;
let newest: string;

const createProject = async (name: string, versionOf: (range: string) => string): Promise<string> => {
  const project = join(folder, name);
  await cp(join(packageFolder, "test/consumer"), project, { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const { peerDependencies } = await readManifest(packageFolder);
  const peers = Object.entries(peerDependencies).map(([peer, range]) => `${peer}@${versionOf(range)}`);
  // The types of tRPC's adapter need those of ws.
  const others = ["zod@4.6.7", "typescript@6.0.3", "@types/node@20", "@types/ws@8"];
  await run(
    project,
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    tarball,
    ...peers,
    ...others,
  );
  return project;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trpc-fastify-"));
  await run(packageFolder, "npm", "pack", "--pack-destination", folder);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  tarball = join(folder, name ?? "nothing was packed");
  [oldest, newest] = await Promise.all([
    createProject("oldest", (range) => range.replace("^", "")),
    createProject("newest", (range) => range),
  ]);
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("applications compile with its types, as ES modules and as CommonJS", async () => {
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
  };
  await copyFile(join(newest, "types.mts"), join(newest, "types.cts"));
  await writeFile(
    join(newest, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["types.mts", "types.cts"] }),
  );
  await run(newest, process.execPath, "node_modules/typescript/bin/tsc", "-p", ".");
});

/** The ES module as CommonJS. */
const asCommonJs = (source: string): string =>
  source
    .replaceAll(/^import (.+) from (".+");$/gm, (_, names: string, from: string) =>
      names.startsWith("{")
        ? `const ${names.replaceAll(" as ", ": ")} = require(${from});`
        : `const ${names} = require(${from});`,
    )
    .replace(/^console\.log.*$/m, (line) => `(async () => { ${line} })();`);

test.each([
  { peers: "oldest", script: "calls.mjs" },
  { peers: "oldest", script: "calls.cjs" },
  { peers: "newest", script: "calls.mjs" },
  { peers: "newest", script: "calls.cjs" },
])("answers like tRPC's plugin, beside its $peers peers: $script", async ({ peers, script }) => {
  const project = peers === "oldest" ? oldest : newest;
  await writeFile(join(project, "calls.cjs"), asCommonJs(await readFile(join(project, "calls.mjs"), "utf8")));
  const [fast, stock] = JSON.parse(await run(project, process.execPath, script));
  expect(fast.answers).toEqual(stock.answers);
  expect(fast.answers.map(([status]: [number]) => status)).toEqual([
    200, 400, 207, 200, 400, 415, 400, 200, 404,
  ]);
  // tRPC's plugin sends a Response, whose length Fastify does not know.
  expect([fast.length, stock.length]).toEqual([expect.stringMatching(/^\d+$/), null]);
});

test("holds what it needs, and imports its peers only", async () => {
  const installed = join(newest, "node_modules/@invigil/trpc-fastify");
  const files = await readdir(installed, { recursive: true });
  expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", "dist/index.cjs"]));
  expect(files).not.toEqual(expect.arrayContaining([expect.stringContaining("tsbuildinfo")]));
  for (const file of files.filter((name) => /^dist.*\.(c?js|d\.c?ts)$/.test(name))) {
    const text = await readFile(join(installed, file), "utf8");
    for (const [, specifier = ""] of text.matchAll(/\b(?:from|import|require)\s*\(?\s*"([^".][^"]*)"/g))
      expect(specifier, file).toMatch(/^(@trpc\/server(\/.+)?|fastify|node:.+)$/);
  }
});

test("publint and attw find nothing", async () => {
  await run(packageFolder, join(rootBin, "publint"), "run", tarball, "--strict");
  await run(packageFolder, join(rootBin, "attw"), tarball);
});
