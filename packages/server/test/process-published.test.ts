import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, type Env, paste, REPOSITORY, startPaste, tempFolder } from "./support/process.js";
import { openRegistry, type Registry } from "./support/registry.js";
import { workbook } from "./support/workbooks.js";

// The packages as strangers get them: published to a registry, installed from it in a project outside of this repository, and used.
// Only `.ci/run` runs this: with npm, pnpm and yarn, under the oldest Node and the newest.

interface Manager {
  /** Files of its settings, which name the registry of a scope. `overrides` is what `npm run tarballs` writes for pnpm. */
  readonly settings: (registry: string, overrides?: string) => Readonly<Record<string, string>>;
  readonly install: (packages: string) => string;
  /** Runs a program of an installed package. */
  readonly exec: string;
  /** Runs Node so that it finds the installed packages. */
  readonly node: string;
}

const npmrc = (registry: string) => ({ ".npmrc": `@invigil:registry=${registry}\n` });
/** What the README tells people to write down for pnpm. */
const allowBuilds = (): string => {
  const readme = readFileSync(join(REPOSITORY, "packages/server/README.md"), "utf8");
  const [, text] = /^```yaml\n(allowBuilds:\n.*?)^```$/ms.exec(readme) ?? [];
  return text ?? expect.fail("the README has no allowBuilds");
};
const PNPM = "npx -y pnpm@12.21.0";
const YARN = "npx -y -p @yarnpkg/cli-dist@4.18.1 yarn";
const MANAGERS: Readonly<Record<string, Manager>> = {
  npm: {
    settings: (registry) => npmrc(registry),
    // A package that does not declare this Node is a warning otherwise.
    install: (packages) => `npm install --engine-strict --no-audit --no-fund --prefer-offline ${packages}`,
    exec: "npx",
    node: "node",
  },
  pnpm: {
    settings: (registry, overrides = "") => ({
      ...npmrc(registry),
      "pnpm-workspace.yaml": allowBuilds() + overrides,
    }),
    install: (packages) => `${PNPM} add --prefer-offline ${packages}`,
    exec: `${PNPM} exec`,
    node: "node",
  },
  yarn: {
    settings: (registry) => ({
      ".yarnrc.yml": JSON.stringify({
        npmScopes: { invigil: { npmRegistryServer: registry } },
        unsafeHttpWhitelist: ["127.0.0.1"],
        enableScripts: true,
        // It takes no package of today otherwise.
        npmPreapprovedPackages: ["@invigil/*"],
      }),
    }),
    install: (packages) => `${YARN} add ${packages}`,
    exec: YARN,
    node: `${YARN} node`,
  },
};
const chosen = (process.env.PACKAGE_MANAGERS ?? "npm").split(" ");
const managerOf = (name: string): Manager =>
  MANAGERS[name] ?? expect.fail(`PACKAGE_MANAGERS may name ${Object.keys(MANAGERS).join(", ")}, not ${name}`);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}
const manifestOf = (folder: string): Manifest =>
  // Safe: npm takes no package without name and version.
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
const workspace = readdirSync(join(REPOSITORY, "packages"))
  .map((name) => join(REPOSITORY, "packages", name))
  .filter((folder) => existsSync(join(folder, "package.json")))
  .map((folder) => ({ folder, ...manifestOf(folder) }));
const published = workspace.filter((one) => one.private !== true);

/** How a machine reaches the registry. */
const NETWORK = /^(NODE_EXTRA_CA_CERTS|(https?|no)_proxy)$/i;
/** The caches and the network of whoever runs the tests, this Node, and no program of this repository. */
const env: Env = {
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      NETWORK.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  ),
  HOME: homedir(),
  PATH: [dirname(process.execPath), ...(process.env.PATH ?? "").split(delimiter)]
    .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
    .join(delimiter),
  npm_config_update_notifier: "false",
};
const INSTALL_MS = 240_000;
const run = async (command: string, cwd: string, more: Env = {}): Promise<Ended> => {
  const ended = await paste(command, { cwd, env: { ...env, ...more }, deadlineMs: INSTALL_MS });
  if (ended.code !== 0) expect.fail(`${command} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended;
};

/** What GitHub has for better-sqlite3 12, so that the old Nodes that need it do not compile it for minutes, nor ask GitHub. */
const prebuilt = (): {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly env: (registry: string) => Env;
} => {
  const folder = join(REPOSITORY, "packages/sqlite-binding-12/node_modules/better-sqlite3-12");
  const file = "build/Release/better_sqlite3.node";
  if (!existsSync(join(folder, file))) return { files: new Map(), env: () => ({}) };
  const { version } = manifestOf(folder);
  const { platform, arch, versions } = process;
  const name = `v${version}/better-sqlite3-v${version}-node-v${versions.modules}-${platform}-${arch}.tar.gz`;
  const tarball = execFileSync("tar", ["-czf", "-", "-C", folder, file], { maxBuffer: 2 ** 26 });
  return {
    files: new Map([[name, tarball]]),
    env: (registry) => ({ npm_config_better_sqlite3_binary_host: registry.replace(/\/$/, "") }),
  };
};

let registry: Registry;
const folder = tempFolder();
const binary = prebuilt();
beforeAll(async () => {
  registry = await openRegistry(binary.files);
  const { host, pathname } = new URL(registry.url);
  const userconfig = join(folder.path, "npmrc");
  writeFileSync(userconfig, `@invigil:registry=${registry.url}\n//${host}${pathname}:_authToken=test\n`);
  // What the release does, with what is built: packing builds what is not.
  await run(`${PNPM} --recursive publish --no-git-checks --ignore-scripts`, REPOSITORY, {
    NPM_CONFIG_USERCONFIG: userconfig,
  });
}, INSTALL_MS);
afterAll(() => registry[Symbol.asyncDispose]());

const tarballOf = (name: string): string => join(folder.path, `${name.replace("/", "-")}.tgz`);
/** What is in a published package. */
const unpack = (name: string): string => {
  const to = join(folder.path, "unpacked", name);
  if (existsSync(to)) return to;
  mkdirSync(to, { recursive: true });
  writeFileSync(tarballOf(name), registry.tarballs.get(name) ?? "");
  execFileSync("tar", ["-xzf", tarballOf(name), "--strip-components=1", "-C", to]);
  return to;
};

/** Nobody installs these by their names beside the server. tRPC's binding for React needs another version of tRPC than the adapter. */
const COME_WITH_THE_SERVER = [
  "@invigil/sqlite-binding",
  "@invigil/sqlite-binding-12",
  "@invigil/trpc-fastify",
];
/** What the README of the hooks installs with them. */
const peersOfReact = (): readonly string[] => {
  const readme = readFileSync(join(REPOSITORY, "packages/react/README.md"), "utf8");
  const [, words = ""] = /^npm install (.*)$/m.exec(readme) ?? expect.fail("the README does not install");
  return words.split(" ").filter((word) => !/^(@invigil\/|typescript$)/.test(word));
};
const OTHERS = [...peersOfReact(), "typescript@6.0.3", "@types/node@20", "@types/react@19"];

/** Writes somebody's app, with tests of its own. */
const writeApp = (project: string): void => {
  cpSync(join(import.meta.dirname, "consumer"), project, { recursive: true });
  const rows = [
    ["id", "name"],
    ["e1", "Wang Fang"],
    ["e2", "Li Wei"],
  ];
  writeFileSync(join(project, "roster.xlsx"), workbook([{ rows }]));
};

const testsPass = async (manager: Manager, project: string): Promise<void> => {
  const { stdout } = await run(`${manager.node} --test app.test.mjs`, project);
  expect(stdout).toMatch(/^(#|ℹ) pass 3$/m);
  expect(stdout).toMatch(/^(#|ℹ) fail 0$/m);
};

const compiles = async (manager: Manager, project: string): Promise<void> => {
  const compilerOptions = {
    target: "es2023",
    module: "nodenext",
    // tRPC's own types name those of browsers.
    lib: ["es2023", "dom", "esnext.disposable"],
    types: ["node"],
    strict: true,
    jsx: "react-jsx",
    noEmit: true,
  };
  for (const [file, skipLibCheck] of [
    ["types.mts", false],
    // Some types of tRPC's binding need packages that a page does not have.
    ["room.tsx", true],
  ] as const) {
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck }, files: [file] }),
    );
    const { stdout } = await paste(`${manager.exec} tsc -p .`, { cwd: project, env, deadlineMs: INSTALL_MS });
    // The declarations of the tRPC that its binding requires have errors of their own.
    const errors = stdout.split("\n").filter((line) => line !== "" && !/@trpc[/+]server/.test(line));
    expect(errors).toEqual([]);
  }
};

/** Starts a server by a command, asks it, and ends it. */
const servesBy = async (command: string, cwd: string, more: Env = {}): Promise<void> => {
  const settings = { INVIGIL_PORT: "0", INVIGIL_DATABASE_URL: "file:./data/invigil.db" };
  await using child = startPaste(command, {
    cwd,
    env: { ...env, ...settings, ...more },
  });
  const line = await child.line('"msg":"listening"');
  // Safe: the line that says where the server listens.
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  for (const [path, type] of [
    ["", "text/html"],
    ["/ready", "application/json"],
    ["/sdk/alivc-im.iife.js", "text/javascript"],
  ] as const) {
    const response = await fetch(`${url}${path}`);
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get("content-type")).toContain(type);
  }
  // Programs that start programs pass no signal on.
  process.kill(pid, "SIGTERM");
  expect(await child.ended()).toMatchObject({ code: 0 });
};

describe("every package of the workspace that is not private", () => {
  it("is published, whole, and names packages that others can install", () => {
    expect([...registry.tarballs.keys()].sort()).toEqual(published.map(({ name }) => name).sort());
    for (const { name } of published) {
      const unpacked = unpack(name);
      expect(readdirSync(unpacked)).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
      const manifest = readFileSync(join(unpacked, "package.json"), "utf8");
      expect(manifest).not.toContain("workspace:");
    }
  });

  it("has the media server with what it uses, which nobody installs", () => {
    const unpacked = unpack("@invigil/server");
    expect(readdirSync(join(unpacked, "dist/media")).sort()).toEqual([
      "certificate.cjs",
      "media-server.cjs",
      "third-party-licenses.txt",
      "x509.cjs",
    ]);
    // Safe: pnpm has published it.
    const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as Record<
      string,
      Record<string, string> | undefined
    >;
    const installed = ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    expect(installed).toContain("fastify");
    expect(installed.filter((name) => /werift|media-server/.test(name))).toEqual([]);
  });

  it.each(published.map(({ name }) => name))("%s: publint and attw find nothing", async (name) => {
    const bin = join(REPOSITORY, "node_modules/.bin");
    const manifest = readFileSync(join(unpack(name), "package.json"), "utf8");
    // What is written as ES modules alone is not looked at as CommonJS would.
    const profile =
      manifest.includes('"require": {') || !manifest.includes('"type": "module"') ? "strict" : "esm-only";
    await run(`"${bin}/publint" run "${tarballOf(name)}" --strict`, folder.path);
    await run(`"${bin}/attw" "${tarballOf(name)}" --profile ${profile}`, folder.path);
  });
});

// Managers wait for the registry while they install, so they run at the same time.
describe.concurrent.each(chosen)("a project that installs them with %s", (name) => {
  const manager = managerOf(name);
  const project = tempFolder();
  const at = (file: string): string => join(project.path, file);
  beforeAll(async () => {
    for (const [file, text] of Object.entries(manager.settings(registry.url))) writeFileSync(at(file), text);
    writeFileSync(at("package.json"), JSON.stringify({ private: true, type: "module" }));
    const named = published.map((one) => one.name).filter((one) => !COME_WITH_THE_SERVER.includes(one));
    await run(manager.install([...named, ...OTHERS].join(" ")), project.path, binary.env(registry.url));
    writeApp(project.path);
  }, INSTALL_MS);

  it("starts the server by its command", { timeout: INSTALL_MS }, async () => {
    await servesBy(`${manager.exec} invigil serve`, project.path);
  });

  it("runs the server and the hooks in its own tests", { timeout: INSTALL_MS }, () =>
    testsPass(manager, project.path),
  );

  it("compiles against their types", { timeout: INSTALL_MS }, () => compiles(manager, project.path));
});

describe("`npm run tarballs`", () => {
  const tarballs = join(folder.path, "tarballs");
  let install: string;
  beforeAll(async () => {
    const { stdout } = await run(`npm run --silent tarballs -- ${tarballs}`, REPOSITORY);
    install = stdout.trimEnd().split("\n").at(-1) ?? "";
  }, INSTALL_MS);

  it.concurrent.each(chosen)(
    "packs what a project installs with %s before anything is published",
    {
      timeout: 2 * INSTALL_MS,
    },
    async (name) => {
      const manager = managerOf(name);
      using project = tempFolder();
      // The packages of this repository come from the tarballs alone: this registry has none.
      await using empty = await openRegistry(binary.files);
      const overrides = readFileSync(join(tarballs, "pnpm-workspace.yaml"), "utf8");
      for (const [file, text] of Object.entries(manager.settings(empty.url, overrides)))
        writeFileSync(join(project.path, file), text);
      writeFileSync(join(project.path, "package.json"), JSON.stringify({ private: true, type: "module" }));
      const [setFields, installAll] = install.split(" && ");
      expect(installAll).toBe("npm install");
      const others = manager.install(OTHERS.join(" "));
      await run(`${setFields} && ${others}`, project.path, binary.env(empty.url));
      writeApp(project.path);
      await compiles(manager, project.path);
      await testsPass(manager, project.path);
      await servesBy(`${manager.exec} invigil serve`, project.path);
    },
  );
});

it("`npx @invigil/server serve` serves where nothing is installed", { timeout: INSTALL_MS }, async () => {
  using empty = tempFolder();
  writeFileSync(join(empty.path, ".npmrc"), npmrc(registry.url)[".npmrc"]);
  // npx keeps what it installed beside npm's cache, and would take the server of an earlier run.
  const { stdout: cache } = await run("npm config get cache", empty.path);
  mkdirSync(join(empty.path, "cache"));
  symlinkSync(join(cache.trim(), "_cacache"), join(empty.path, "cache/_cacache"));
  const settings = { npm_config_cache: join(empty.path, "cache"), npm_config_prefer_offline: "true" };
  const npx = "npx -y @invigil/server";
  const { stdout: version } = await run(`${npx} --version`, empty.path, {
    ...settings,
    ...binary.env(registry.url),
  });
  expect(version.trim()).toBe(manifestOf(join(REPOSITORY, "packages/server")).version);
  await servesBy(`${npx} serve`, empty.path, settings);
});
