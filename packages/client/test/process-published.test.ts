import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { errorCodes } from "@invigil/schema";
import { createTestApp } from "@invigil/server/testing";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const packageFolder = resolve(import.meta.dirname, "..");
const rootBin = resolve(packageFolder, "../../node_modules/.bin");
/** An empty project, outside the workspace, into which the packed client is installed. */
let project: string;
/** Another, which has React and tRPC's own binding for it. */
let reactProject: string;
let tarball: string;

// What npm and vitest tell the processes that they start would make these take the workspace for their project.
const INHERITED = /^(npm_(package|lifecycle|config_local_prefix)|vitest|node_env$|force_color$)/i;

/** Runs a command; what it printed is part of the failure when it fails. */
const run = async (file: string, args: string[], env: NodeJS.ProcessEnv = {}, cwd = project) => {
  const clean = Object.entries(process.env).filter(([name]) => !INHERITED.test(name));
  const running = promisify(execFile)(file, args, { cwd, env: { ...Object.fromEntries(clean), ...env } });
  return running.catch((error: Error & { stdout: string; stderr: string }) =>
    expect.fail(`${file} ${args.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`),
  );
};

/** Makes an empty project of the packed client and some packages. */
const install = async (folder: string, ...packages: string[]): Promise<void> => {
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...packages],
    {},
    folder,
  );
};

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "invigil-client-"));
  await run("npm", ["pack", "--pack-destination", project], {}, packageFolder);
  const [name] = (await readdir(project)).filter((file) => file.endsWith(".tgz"));
  tarball = join(project, name ?? "nothing was packed");
  await install(project, "typescript@6.0.3", "@types/node@20");
  await cp(join(packageFolder, "test/consumer"), project, { recursive: true });
  await copyFile(join(project, "types.mts"), join(project, "types.cts"));
  const codes = Object.keys(errorCodes).map((code) => `"${code}"`);
  await writeFile(join(project, "expected.d.ts"), `declare type ExpectedErrorCode = ${codes.join(" | ")};\n`);
}, 180_000);

beforeAll(async () => {
  reactProject = await mkdtemp(join(tmpdir(), "invigil-react-"));
  const react = [
    "react@19",
    "@types/react@19",
    "@tanstack/react-query@5",
    "@trpc/tanstack-react-query@11.22.1",
  ];
  await install(reactProject, ...react, "typescript@6.0.3");
  await cp(join(packageFolder, "test/consumer"), reactProject, { recursive: true });
}, 180_000);

afterAll(async () => {
  for (const folder of [project, reactProject]) await rm(folder, { recursive: true, force: true });
});

const installed = (path: string) => join(project, "node_modules/@invigil/client", path);

test("holds what it needs and names nothing that is not published", async () => {
  const files = await readdir(installed("."), { recursive: true });
  expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
  const manifest = JSON.parse(await readFile(installed("package.json"), "utf8"));
  const code = files.filter((file) => /\.(c?js|d\.c?ts)$/.test(file));
  expect(code.filter((file) => file.startsWith("dist/index."))).toHaveLength(4);
  for (const file of code) {
    const text = await readFile(installed(file), "utf8");
    const imported = [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*"([^".][^"]*)"/g)].map(
      ([, specifier]) =>
        specifier
          ?.split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/"),
    );
    expect(Object.keys(manifest.dependencies), file).toEqual(expect.arrayContaining(imported));
    expect(text, file).not.toMatch(/drizzle|better-sqlite|fastify|pino|workspace:/i);
    // Its types cost whoever checks an app more than all of ours.
    if (/\.d\.c?ts$/.test(file)) expect(imported, file).not.toContain("zod");
  }
  const others = await readdir(join(project, "node_modules"));
  expect(others).not.toEqual(expect.arrayContaining([expect.stringMatching(/drizzle|sqlite|fastify/)]));
});

// tRPC's own types name DOM types, so that without them libraries cannot be checked.
const dom = { lib: ["es2023", "dom", "esnext.disposable"], types: [], skipLibCheck: false };
const node = { lib: ["es2023", "esnext.disposable"], types: ["node"], skipLibCheck: true };
test.each([
  { module: "esnext", moduleResolution: "bundler", ...dom },
  { module: "nodenext", moduleResolution: "nodenext", ...dom },
  { module: "nodenext", moduleResolution: "nodenext", ...node },
])("infers its types: $moduleResolution, types $types", async (options) => {
  const compilerOptions = {
    ...options,
    target: "es2023",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
  };
  const files = ["expected.d.ts", "types.mts", "types.cts"];
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."]);
});

test.each([
  { script: "calls.mjs", name: "From ESM" },
  { script: "calls.cjs", name: "From CommonJS" },
])("calls a live server: $script", async ({ script, name }) => {
  await using app = await createTestApp();
  const env = {
    INVIGIL_URL: await app.listen(),
    INVIGIL_TOKEN: await app.token({ sub: "t1", role: "admin" }),
  };
  const { stdout, stderr } = await run(process.execPath, [script], env);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    name,
    isDate: true,
    notFound: true,
    config: { pc: { manyPeople: true } },
    signal: { name: "streamPublished", data: { userId: "e1" } },
    heard: { type: 30_001, data: "by itself" },
    userId: "t1",
  });
});

describe("beside tRPC's own binding for React", () => {
  test("npm installs one tRPC, which both take", async () => {
    const { stdout } = await run("npm", ["ls", "--json", "--all"], {}, reactProject);
    const versions = [...stdout.matchAll(/"@trpc\/(?:client|server)": \{\s*"version": "([^"]+)"/g)];
    expect(versions.length).toBeGreaterThanOrEqual(4);
    expect(new Set(versions.map(([, version]) => version)).size).toBe(1);
  });

  test("its options take the client, and infer the router's types", async () => {
    const compilerOptions = {
      lib: ["es2023", "dom", "esnext.disposable"],
      types: [],
      // Of the binding's own types some need packages that no page has.
      skipLibCheck: true,
      module: "esnext",
      moduleResolution: "bundler",
      target: "es2023",
      jsx: "react-jsx",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
    };
    await writeFile(
      join(reactProject, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["react.tsx"] }),
    );
    await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], {}, reactProject);
  });

  test.each([
    {
      script: "react-calls.mjs",
      printed: { name: "From React", isDate: true, reason: "ROOM_NOT_FOUND" },
    },
    { script: "calls.mjs", printed: { name: "From ESM", heard: { type: 30_001, data: "by itself" } } },
  ])("calls a live server: $script", async ({ script, printed }) => {
    await using app = await createTestApp();
    const env = {
      INVIGIL_URL: await app.listen(),
      INVIGIL_TOKEN: await app.token({ sub: "t1", role: "admin" }),
    };
    const { stdout } = await run(process.execPath, [script], env, reactProject);
    expect(JSON.parse(stdout)).toMatchObject(printed);
  });
});

test("an app that reads no cheat configs and no signals carries no zod, and loads what live needs when it listens", async () => {
  const [bundle] = await build({
    cwd: project,
    entry: ["bundled.mjs"],
    config: false,
    write: false,
    platform: "browser",
    deps: { alwaysBundle: [/./] },
    minify: true,
    logLevel: "silent",
  });
  const chunks = bundle?.chunks.flatMap((chunk) => ("code" in chunk ? [chunk] : [])) ?? [];
  const entry = chunks.find(({ isEntry }) => isEntry);
  /** What the page loads at once: the entry, and what it imports. */
  const first = chunks.filter((chunk) => chunk === entry || entry?.imports.includes(chunk.fileName));
  const code = first.map((chunk) => chunk.code).join("");
  expect(code).toContain("Not a response of Invigil");
  expect(code).not.toMatch(/parseCheatConfig|scenePersonExit|parseSignal|streamPublished|text\/event-stream/);
  expect(gzipSync(code).length).toBeLessThan(22_000);
  const all = chunks.map((chunk) => chunk.code).join("");
  expect(all).toContain("text/event-stream");
  expect(all).not.toMatch(/ZodObject/);
});

test("publint and attw find nothing", async () => {
  await run(join(rootBin, "publint"), ["run", tarball, "--strict"]);
  await run(join(rootBin, "attw"), [tarball]);
});
