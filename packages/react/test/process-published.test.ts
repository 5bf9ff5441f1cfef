import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { createTestApp } from "@invigil/server/testing";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { node } from "../../client/test/processes.js";

// The package as it is published, in projects outside of the workspace: the examples, and the oldest peers that it allows.

const packageFolder = resolve(import.meta.dirname, "..");
const repository = resolve(packageFolder, "../..");
const rootBin = join(repository, "node_modules/.bin");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

// What npm and vitest tell the processes that they start would make these take the workspace for their project.
const INHERITED = /^(npm_(package|lifecycle|config_local_prefix)|vitest|node_env$|force_color$)/i;

/** Runs a command; what it printed is part of the failure when it fails. */
const run = async (cwd: string, file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const clean = Object.entries(process.env).filter(([name]) => !INHERITED.test(name));
  const running = promisify(execFile)(file, args, { cwd, env: { ...Object.fromEntries(clean), ...env } });
  const { stdout } = await running.catch((error: Error & { stdout: string; stderr: string }) =>
    expect.fail(`${file} ${args.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`),
  );
  return stdout;
};

interface Manifest {
  dependencies?: Record<string, string>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

let folder: string;
/** The packed packages, by their name. */
const packed: Record<string, string> = {};

/** Installs what a project needs, with the packed packages. */
const install = async (project: string, { dependencies, ...manifest }: Manifest): Promise<void> => {
  const all = { ...manifest, dependencies: { ...dependencies, ...packed } };
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, ...all }));
  await run(project, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"]);
};

const readManifest = async (path: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(path, "package.json"), "utf8"));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "invigil-react-"));
  const names = ["client", "react"];
  const filters = names.flatMap((name) => ["--filter", `@invigil/${name}`]);
  // Only pnpm replaces what the workspace writes for versions.
  await run(repository, "npx", [
    "-y",
    "pnpm@12.21.0",
    "-r",
    ...filters,
    "pack",
    "--pack-destination",
    folder,
  ]);
  const files = await readdir(folder);
  for (const name of names) {
    const file = files.find((other) => other.startsWith(`invigil-${name}-`)) ?? expect.fail(`no ${name}`);
    packed[`@invigil/${name}`] = `file:${join(folder, file)}`;
  }
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const withoutColor = { NO_COLOR: "1", FORCE_COLOR: "0", NEXT_TELEMETRY_DISABLED: "1" };

/** Installs and builds a copy of an example, and serves it, with a server of Invigil. */
const startExample = async (name: string, variable: string, serve: readonly string[]) => {
  const app = await createTestApp();
  const example = join(folder, name);
  await cp(join(repository, "examples", name), example, {
    recursive: true,
    filter: (path) => !/node_modules|\.next|dist/.test(path.slice(repository.length)),
  });
  await install(example, await readManifest(example));
  await run(example, "npm", ["run", "build"], { ...withoutColor, [variable]: await app.listen() });
  const page = node([...serve, "--port", "0"], withoutColor, example);
  const line = await page.line((text) => /http:\/\/localhost:\d+/.test(text));
  const [url = ""] = /http:\/\/localhost:\d+/.exec(line) ?? [];
  return {
    app,
    url,
    async [Symbol.asyncDispose]() {
      page.kill("SIGKILL");
      await app.close();
    },
  };
};

/** Signs in and watches the room of the example, while somebody comes into it. */
const tryExample = async ({ app, url }: Awaited<ReturnType<typeof startExample>>, open: boolean) => {
  const teacher = app.as({ sub: "t1", role: "teacher" });
  const room = await teacher.room.create({
    name: "Algebra",
    participants: [{ userId: "e1", name: "Wang Fang", role: "examinee" }],
  });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const faults: unknown[] = [];
    page.on("pageerror", (error) => faults.push(error));
    await page.goto(url);
    await page.getByLabel("Token").fill(await app.token({ sub: "t1", role: "teacher" }));
    await page.getByRole("button", { name: "Sign in" }).click();
    if (open) await page.getByRole("button", { name: "Algebra" }).click();
    await page.getByText("Wang Fang").waitFor();
    await teacher.participant.add({
      roomId: room.id,
      participants: [{ userId: "e2", name: "李伟", role: "examinee" }],
    });
    await page.getByText("李伟").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
};

describe("examples", () => {
  test("react-vite: type-checks, builds, and shows a room", async () => {
    await using example = await startExample("react-vite", "VITE_INVIGIL_URL", [
      "node_modules/vite/bin/vite.js",
      "preview",
    ]);
    expect(await (await fetch(example.url)).text()).toContain('<div id="root">');
    if (existsSync(executablePath)) await tryExample(example, true);
  });

  test("react-camera: type-checks, builds, and shows a camera to a teacher", async () => {
    await using example = await startExample("react-camera", "VITE_INVIGIL_URL", [
      "node_modules/vite/bin/vite.js",
      "preview",
    ]);
    if (!existsSync(executablePath)) return;
    const { app, url } = example;
    const { id: roomId } = await app.as({ sub: "t1", role: "teacher" }).room.create({
      name: "Algebra",
      participants: [{ userId: "e1", name: "Wang Fang", role: "examinee" }],
    });
    const camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...camera] });
    const open = async (sub: string, role: "teacher" | "examinee", more = "") => {
      const page = await browser.newPage();
      await page.goto(`${url}/#roomId=${roomId}&token=${await app.token({ sub, role })}${more}`);
      return page;
    };
    try {
      const candidate = await open("e1", "examinee");
      await candidate.getByText("You are seen.").waitFor();
      const teacher = await open("t1", "teacher", "&userId=e1");
      await teacher.getByLabel("e1, live").waitFor();
      await teacher.waitForFunction(
        "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 5",
      );
    } finally {
      await browser.close();
    }
  });

  test("react-next: builds, is rendered by its server, and shows a room", async () => {
    await using example = await startExample("react-next", "NEXT_PUBLIC_INVIGIL_URL", [
      "node_modules/next/dist/bin/next",
      "start",
    ]);
    expect(await (await fetch(example.url)).text()).toContain("One moment…");
    if (existsSync(executablePath)) await tryExample(example, false);
  });
});

describe("an empty project", () => {
  let project: string;

  beforeAll(async () => {
    project = await mkdtemp(join(folder, "oldest-"));
    const { peerDependencies = {} } = await readManifest(packageFolder);
    const oldest = Object.entries(peerDependencies).map(([name, range]) => [
      name,
      /\d+\.\d+\.\d+/.exec(range)?.[0],
    ]);
    const others = { "react-dom": "18.2.0", "@types/react": "18", typescript: "6.0.3" };
    await install(project, { dependencies: { ...Object.fromEntries(oldest), ...others } });
  }, 240_000);

  const installed = (path: string) => join(project, "node_modules/@invigil/react", path);

  test("gets what it needs and nothing that is not published", async () => {
    const { peerDependencies = {}, dependencies } = await readManifest(installed("."));
    expect(dependencies).toBeUndefined();
    expect(peerDependencies["@invigil/client"]).toMatch(/^>=\d+\.\d+\.\d+$/);
    const files = await readdir(installed("."), { recursive: true });
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
    const code = files.filter((file) => /\.(js|d\.ts)$/.test(file));
    expect(code.toSorted()).toEqual(
      ["context.js", "index.d.ts", "index.js", "media.d.ts", "media.js"].map((name) => `dist/${name}`),
    );
    for (const file of code) {
      const text = await readFile(installed(file), "utf8");
      const imported = [...text.matchAll(/\bfrom "([^".][^"]*)"/g)].map(([, specifier = ""]) =>
        specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/"),
      );
      expect(Object.keys(peerDependencies)).toEqual(expect.arrayContaining(imported));
    }
    for (const name of ["index", "media"])
      expect(await readFile(installed(`dist/${name}.js`), "utf8")).toMatch(/^"use client";/);
  });

  test("infers types with the oldest peers that are allowed", async () => {
    const source = await readFile(join(packageFolder, "test/types.tsx"), "utf8");
    await writeFile(join(project, "types.tsx"), source.replace("../src/index.js", "@invigil/react"));
    const compilerOptions = {
      lib: ["es2023", "dom", "esnext.disposable"],
      types: [],
      // Some types of tRPC's binding need packages that a page does not have.
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
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["types.tsx"] }),
    );
    await run(project, process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."]);
  });

  test("is rendered on a server with the oldest React", async () => {
    const script = `
      import { createInvigilClient } from "@invigil/client";
      import { InvigilProvider, useRoom } from "@invigil/react";
      import { createElement } from "react";
      import { renderToString } from "react-dom/server";
      const client = createInvigilClient({ url: "http://127.0.0.1:1" });
      const Room = () => useRoom("r1", ({ status }) => status);
      console.log(renderToString(createElement(InvigilProvider, { client }, createElement(Room))));`;
    await writeFile(join(project, "render.mjs"), script);
    expect(await run(project, process.execPath, ["render.mjs"])).toBe("connecting\n");
  });

  test("publint and attw find nothing", async () => {
    const tarball = (packed["@invigil/react"] ?? "").replace("file:", "");
    await run(project, join(rootBin, "publint"), ["run", tarball, "--strict"]);
    await run(project, join(rootBin, "attw"), [tarball, "--profile", "esm-only"]);
  });
});
