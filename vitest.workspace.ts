import { accessSync, constants, existsSync, readdirSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { whyNoPostgresServer } from "./packages/server/test/support/postgres-server.ts";
import "./scripts/test-seed.mjs";

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const isOnPostgres = process.env.INVIGIL_TEST_DATABASE === "postgres";
/** Why the tests cannot run on PostgreSQL, if they should. */
const noPostgres = isOnPostgres && !process.env.INVIGIL_TEST_POSTGRES_URL ? whyNoPostgresServer() : undefined;
if (noPostgres) console.warn(`The tests on PostgreSQL are skipped: ${noPostgres}.`);
const START_POSTGRES = pathOf("packages/server/test/support/start-postgres.ts");
/** A page in jsdom, beside a server. */
const PAGE = pathOf("packages/react/test/page.ts");
const CONSOLE_SETUP = pathOf("packages/console/test/setup.ts");
const WATCH_SECRETS = pathOf("packages/server/test/support/watch-secrets.ts");
const PACKAGES = readdirSync(pathOf("packages")).filter((name) => existsSync(pathOf(`packages/${name}/src`)));
/** Tests that start processes, most of them of what the last build packed. `npm run check` leaves them out. */
const PROCESS_TESTS = "test/process-*.test.ts";
/** Tests that install packages as they are published. `.ci/run` runs them, under the oldest Node and the newest. */
const PUBLISHED = "test/process-published.test.ts";
/** Tests of processes that need PostgreSQL. `.ci/run` runs them. */
const ON_POSTGRES = "test/process-postgres-*.test.ts";
/** Tests in which servers and PostgreSQL fail. `.ci/run` runs them. */
const FAULTS = "test/process-faults-*.test.ts";

/** What the bundler builds, from its sources: a test of a package needs no build of another one. */
const SOURCES = ["client/media", "client/session", "client", "react/media", "react"].map((name) => {
  const [folder, file = "index"] = name.split("/");
  return { find: new RegExp(`^@invigil/${name}$`), replacement: pathOf(`packages/${folder}/src/${file}.ts`) };
});

/** Some tests of a package, as a project of their own. */
const project = (
  name: string,
  suffix: string,
  test: NonNullable<Extract<TestProjectConfiguration, { test?: unknown }>["test"]>,
): TestProjectConfiguration => ({
  extends: true,
  resolve: { alias: SOURCES },
  test: {
    name: `${name}${suffix}`,
    root: `packages/${name}`,
    setupFiles: name === "server" ? [WATCH_SECRETS] : [],
    ...test,
  },
});

/**
 * A folder for the temporary files of tests that start no process: in memory, if the system has enough of it. The tests create thousands of
 * small databases, and a disk takes longer to create and delete their files than SQLite to use them.
 */
const temporaryFolder = (): string => {
  const memory = "/dev/shm";
  const leastBytes = 1024 ** 3;
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= leastBytes ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
};

/** The tests of a package that start no process. They share one, in which the package is loaded once. */
const inProcess = (name: string) =>
  project(name, "", {
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
    exclude: [PROCESS_TESTS],
    isolate: false,
    env: { TMPDIR: temporaryFolder() },
    ...(name === "react" && { environment: PAGE }),
    ...(name === "console" && {
      include: ["src/**/*.test.tsx"],
      environment: "jsdom",
      setupFiles: [CONSOLE_SETUP],
    }),
  });
/** The tests of the console that need no page, which takes longer to create than most of them to run. */
const CONSOLE_LOGIC = project("console", "-logic", { include: ["src/**/*.test.ts"], isolate: false });

/** The tests of a package that start processes. */
const processes = (name: string) =>
  project(name, "-processes", {
    include: [PROCESS_TESTS],
    exclude: [PUBLISHED, ON_POSTGRES, FAULTS],
    isolate: false,
  });

// Only `.ci/run` runs the projects whose names end with `-ci`.
const published = (name: string) => project(name, "-published-ci", { include: [PUBLISHED] });
const onPostgres = (name: string) =>
  project(name, "-postgres-ci", { include: [ON_POSTGRES], isolate: false });
const faults = (name: string) =>
  project(name, "-process-faults-ci", { include: [FAULTS], fileParallelism: false });

/** When a test that hangs ends, in milliseconds. A busy machine takes many times as long for many calls as a quiet one. */
const HANGS_AFTER_MS = 300_000;

/**
 * Runs tests of processes first, since they wait a lot, and a package's files one after the other: a process that the files of a package
 * share ends when a file of another is next.
 */
class PackageByPackage extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project: { name } }: TestSpecification) =>
      `${name.endsWith("-processes") ? 0 : 1} ${name}`;
    const longestFirst = await super.sort(files);
    return [...longestFirst].sort((one, other) => rank(one).localeCompare(rank(other)));
  }
}

export default defineConfig({
  test: {
    // More than there are cores: tests of processes wait for most of their time, and others for a part of it.
    maxWorkers: availableParallelism() + 1,
    // Most objects of a test are garbage after it. In a larger nursery, fewer of them are copied first.
    execArgv: ["--max-semi-space-size=64"],
    // What the compiler wrote is loaded as Node loads it, which takes a third of the time.
    server: { deps: { external: [/\/packages\/(?:schema|server|trpc-fastify)\/dist\//] } },
    // A transformed file is kept until its content changes.
    experimental: { fsModuleCache: true, fsModuleCachePath: pathOf("node_modules/.cache/vitest") },
    // With `--changed`, everything runs after a change of these. Others import builds of theirs, or they decide how tests run.
    forceRerunTriggers: [
      "packages/{schema,trpc-fastify}/src/**",
      "pnpm-lock.yaml",
      "vitest.workspace.ts",
    ].map(pathOf),
    sequence: { sequencer: PackageByPackage },
    ...(isOnPostgres && !noPostgres && { globalSetup: [START_POSTGRES] }),
    ...(noPostgres && { exclude: ["**"], passWithNoTests: true }),
    testTimeout: HANGS_AFTER_MS,
    hookTimeout: HANGS_AFTER_MS,
    // Results usually come within milliseconds. They take longer where many tests share a machine.
    expect: { poll: { timeout: 60_000 } },
    reporters: ["default", "./scripts/closing-line.mjs"],
    projects: [
      ...PACKAGES.map(inProcess),
      CONSOLE_LOGIC,
      { extends: true, test: { name: "bench", root: "bench", include: ["lib/*.test.mjs"] } },
      ...["server", "client", "media-server"].map(processes),
      ...["server", "client", "trpc-fastify", "react"].map(published),
      onPostgres("server"),
      faults("server"),
    ],
  },
});
