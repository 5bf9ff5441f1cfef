import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const packageFolder = resolve(import.meta.dirname, "..");
const fromRoot = createRequire(resolve(packageFolder, "../../package.json"));
/** A project in which this package is installed as others get it: with its dependencies, without those of its own tests. */
let project: string;

const link = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true });
  await symlink(await realpath(from), to);
};

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "invigil-consumer-"));
  const installed = join(project, "node_modules/@invigil/server");
  for (const part of ["dist", "package.json"])
    await cp(join(packageFolder, part), join(installed, part), { recursive: true });
  const manifest = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as {
    dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(manifest.dependencies))
    await link(join(packageFolder, "node_modules", name), join(installed, "node_modules", name));
  await link(
    dirname(fromRoot.resolve("@types/node/package.json")),
    join(project, "node_modules/@types/node"),
  );
});

afterAll(() => rm(project, { recursive: true, force: true }));

const CONSUMER = `
import type { AppRouter } from "@invigil/server";
import { type AppRouter as Tested, createTestApp, type RouterOutputs } from "@invigil/server/testing";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

await using app = await createTestApp({ now: new Date(), config: { timeZone: "Asia/Shanghai" } });
const admin = app.as({ sub: "a1", role: "admin" });
const room = await admin.room.create({ name: "Algebra" });
holds<Equal<AppRouter, Tested>>();
holds<Equal<(typeof room)["createdAt"], Date>>();
holds<Equal<Awaited<ReturnType<typeof admin.room.get>>, RouterOutputs["room"]["get"]>>();
// @ts-expect-error
await admin.room.get({ roomId: 7 });
// @ts-expect-error
admin.room.noSuchProcedure;
export const status: number = (await app.inject("/ready")).statusCode;
`;

test("the types of @invigil/server and its testing need no packages but its dependencies, and no skipLibCheck", {
  timeout: 180_000,
}, async () => {
  const compilerOptions = {
    target: "es2023",
    module: "nodenext",
    // tRPC's own types name those of browsers.
    lib: ["es2023", "dom", "esnext.disposable"],
    types: ["node"],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  };
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
  );
  await writeFile(join(project, "consumer.ts"), CONSUMER);
  const compiling = promisify(execFile)(
    process.execPath,
    [fromRoot.resolve("typescript/bin/tsc"), "-p", "."],
    {
      cwd: project,
    },
  );
  const { stdout } = await compiling.catch((error: Error & { stdout: string }) => expect.fail(error.stdout));
  expect(stdout).toBe("");
});
