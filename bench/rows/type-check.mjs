import { copyFileSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { timeTaken } from "../lib/measures.mjs";
import { newFolder, run } from "../lib/processes.mjs";
import { repeatedly } from "../lib/repeatedly.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const CLIENT = join(ROOT, "packages/client");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const CONSUMERS = resolve(import.meta.dirname, "../consumers");
const DEPENDENCIES = ["@trpc/client", "@trpc/server", "superjson", "zod"];

const tsc = (project, config) => run(process.execPath, [TSC, "-p", join(project, config)], { cwd: project });

/** tRPC's types need those of the DOM. Libraries are checked, too, because published types must pass. */
const compilerOptions = {
  target: "es2023",
  module: "nodenext",
  lib: ["es2023", "dom", "esnext.disposable"],
  types: [],
  strict: true,
  skipLibCheck: false,
};

const writeConfig = (project, name, options, files) =>
  writeFileSync(
    join(project, name),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, files }),
  );

/** A project outside the workspace, with the client's dependencies installed as they are in the workspace. */
const makeProject = (files) => {
  const project = newFolder();
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const file of files) copyFileSync(join(CONSUMERS, file), join(project, file));
  for (const name of DEPENDENCIES) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(CLIENT, "node_modules", name)), link);
  }
  return project;
};

/** The client is packed and unpacked like a published package. `npm run bench` has built it. */
const installClient = async (project) => {
  const folder = join(project, "node_modules/@invigil/client");
  mkdirSync(folder, { recursive: true });
  const packed = ["pack", "--ignore-scripts", "--json", "--pack-destination", project];
  const [{ filename }] = JSON.parse(await run("npm", packed, { cwd: CLIENT }));
  await run("tar", ["-xzf", join(project, filename), "-C", folder, "--strip-components=1"]);
};

const timed = (project) =>
  repeatedly(async () => {
    const start = performance.now();
    await tsc(project, "tsconfig.json");
    return performance.now() - start;
  });

const invigil = {
  label: "type-check of an app with the packed client",
  async start() {
    const project = makeProject(["invigil.mts"]);
    await installClient(project);
    writeConfig(project, "tsconfig.json", { noEmit: true }, ["invigil.mts"]);
    return { round: timed(project) };
  },
};

const trpc = {
  label: "@trpc/client, two-procedure router",
  async start() {
    const project = makeProject(["trpc.mts", "two-procedures.mts"]);
    // Its router is only declared, like that of the packed client.
    const files = ["two-procedures.mts"];
    writeConfig(project, "tsconfig.router.json", { declaration: true, emitDeclarationOnly: true }, files);
    await tsc(project, "tsconfig.router.json");
    // Otherwise, the source would be checked instead of its declarations.
    rmSync(join(project, "two-procedures.mts"));
    writeConfig(project, "tsconfig.json", { noEmit: true }, ["trpc.mts"]);
    return { round: timed(project) };
  },
};

/** The cost of the types of all procedures for a program that uses two of them. */
export const row = {
  name: "type-check",
  needsClient: true,
  ours: invigil,
  theirs: trpc,
  measure: timeTaken,
  goal: { atMost: 1.5 },
};
