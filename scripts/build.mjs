#!/usr/bin/env node
// Builds all parts that are out of date: node scripts/build.mjs [PART...]
// With names, it builds only these parts. The parts that they need must already be built.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { oneLine } from "./one-line.mjs";
import { upToDate } from "./up-to-date.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules/.bin", name);
const bundled = (name) =>
  ["tsdown.config.ts", "package.json", "tsconfig.json", "src"].map((part) => `packages/${name}/${part}`);
/** The compiler's record of what it compiled. */
const compiled = (name) => `packages/${name}/dist/.tsbuildinfo`;

/** A page of the server. It is built from the sources of all packages that it uses. */
const page = (name) => ({
  command: [join(root, `packages/${name}/node_modules/.bin/vite`), "build", "--logLevel", "warn"],
  cwd: `packages/${name}`,
  from: [
    ...["index.html", "vite.config.ts", "package.json", "src"].map((part) => `packages/${name}/${part}`),
    ...["client", "react", "schema"].map((used) => `packages/${used}/src`),
    "scripts/built-page.mjs",
  ],
  makes: `packages/server/dist/${name}`,
  alone: true,
});

/**
 * `from`: the inputs of a part. The compiler and the packer find theirs themselves.
 * `alone`: whether it needs no output of other parts.
 * `needs`: a package without which a part is left out, unless it is requested by name.
 */
const PARTS = {
  // Not the tests: `npm run check` compiles them.
  types: { command: [bin("tsc"), "-b", "packages/im-script", "packages/client"] },
  packed: { command: [process.execPath, "scripts/pack.mjs"] },
  script: {
    command: [bin("tsdown")],
    cwd: "packages/im-script",
    from: [...bundled("im-script"), compiled("schema")],
    makes: "packages/server/dist/sdk",
  },
  media: {
    command: [bin("tsdown")],
    cwd: "packages/media-server",
    from: [...bundled("media-server"), "scripts/third-party-licenses.mjs"],
    makes: "packages/server/dist/media",
    alone: true,
  },
  // The files for `require`. The compiler writes the ES modules.
  adapter: {
    command: [bin("tsdown")],
    cwd: "packages/trpc-fastify",
    from: bundled("trpc-fastify"),
    makes: "packages/trpc-fastify/dist/index.cjs",
  },
  client: {
    command: [bin("tsdown")],
    cwd: "packages/client",
    from: [...bundled("client"), compiled("schema"), compiled("server")],
    makes: "packages/client/dist",
  },
  console: page("console"),
  candidate: page("candidate"),
  react: {
    command: [bin("tsdown")],
    cwd: "packages/react",
    from: [...bundled("react"), "packages/client/src"],
    makes: "packages/react/dist",
    // `npm start` does not install it, because the server does not need this package.
    needs: "packages/react/node_modules/react",
  },
};

const run = ([file, ...args], cwd, stdio) =>
  new Promise((done, failed) => {
    spawn(file, args, { cwd: resolve(root, cwd), stdio })
      .on("error", failed)
      .on("close", done);
  });

/** Builds one part, unless it is up to date. */
const build = async (name, stdio) => {
  const { command, cwd = ".", from, makes } = PARTS[name];
  if (!from) return await run(command, cwd, stdio);
  const state = upToDate(name, { from: [...from, "tsconfig.base.json", "pnpm-lock.yaml"], makes });
  if (state.holds()) return 0;
  const status = await run(command, cwd, stdio);
  if (status === 0) state.keep();
  return status;
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`The parts are ${Object.keys(PARTS).join(", ")}, not ${unknown.join(", ")}.`);
  process.exit(2);
}
const isPossible = ({ needs }) => needs === undefined || existsSync(join(root, needs));
const parts = Object.keys(PARTS).filter((name) =>
  asked.length === 0 ? isPossible(PARTS[name]) : asked.includes(name),
);

process.exitCode = await oneLine("Building", async (stdio) => {
  const together = async (names) => {
    const statuses = await Promise.all(names.map((name) => build(name, stdio)));
    return statuses.find((status) => status !== 0) ?? 0;
  };
  /** All other parts read its output. */
  const isFirst = (name) => name === "types";
  const alone = together(parts.filter((name) => PARTS[name].alone));
  const compiling = await together(parts.filter(isFirst));
  const others = compiling || (await together(parts.filter((name) => !isFirst(name) && !PARTS[name].alone)));
  return (await alone) || others;
});
