import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { paste, REPOSITORY, tempFolder } from "./support/process.js";

// The compiled launcher, which finds the program relative to its own location.
const launcher = new URL("../dist/cli/packed.js", import.meta.url).href;
const { isPacked, PACKED, sourceState }: typeof import("../src/cli/packed.js") = await import(launcher);
const SERVER = join(REPOSITORY, "packages/server");
const loader = new URL("../dist/cli/packed-files.js", import.meta.url).href;

const isPackedWith = (folder: string, from?: string): boolean => {
  if (from !== undefined) writeFileSync(join(folder, "packed-from"), from);
  return isPacked(folder);
};

it("starts from the files that the build packed, as long as they are of what was compiled last", () => {
  expect(isPacked()).toBe(true);

  using folder = tempFolder();
  expect(isPackedWith(folder.path, sourceState())).toBe(true);
});

it.each([
  ["were packed from something else", "0".repeat(64)],
  ["say nothing", ""],
  ["are not there", undefined],
])("starts from the compiled files when the packed ones %s", (_, from) => {
  using folder = tempFolder();
  expect(isPackedWith(folder.path, from)).toBe(false);
});

it("has packed files of plain characters, and V8's code of those that a start of the server loads", () => {
  const names = readdirSync(PACKED);
  const files = names.filter((name) => name.endsWith(".cjs"));
  const plain = files.filter((name) => /^[\0-\x7f]*$/.test(readFileSync(join(PACKED, name), "utf8")));
  expect(plain).toEqual(files);
  for (const one of ["program", "serve-", "main-"])
    expect(names).toContainEqual(expect.stringMatching(new RegExp(`^${one}.*\\.cjs\\.code$`)));
});

it.each([
  ["dist/third-party-licenses.txt", /^(\S+) \d\S+ \((.+)\)$/gm, "fastify"],
  ["dist/media/third-party-licenses.txt", /^(\S+) \d\S+ \((.+)\)$/gm, "werift"],
  ["dist/console/third-party-licenses.md", /^## (\S+) - \d\S+ \((.+)\)$/gm, "react"],
  ["dist/candidate/third-party-licenses.md", /^## (\S+) - \d\S+ \((.+)\)$/gm, "react"],
])(
  "%s has the license of each package whose code is packed, and all of them permit that",
  (file, heading, known) => {
    const packages = [...readFileSync(join(SERVER, file), "utf8").matchAll(heading)];
    expect(packages.map(([, name]) => name)).toContain(known);
    const permissive = /^(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|Unlicense)$/;
    expect(packages.filter(([, , license = ""]) => !permissive.test(license))).toEqual([]);
  },
);

describe("packed files", () => {
  const PROGRAM = `(function (exports, require, module, __filename) {"use strict";
    exports.answer = require("./part.cjs").answer() + require("node:path").basename(__filename);
    exports.again = require("./part.cjs") === require("./part.cjs");
  })`;
  const partOf = (answer: string) => `(function (exports) { exports.answer = () => "${answer}"; })`;

  const folderWith = (answer: string) => {
    const folder = tempFolder();
    writeFileSync(join(folder.path, "program.cjs"), PROGRAM);
    writeFileSync(join(folder.path, "part.cjs"), partOf(answer));
    return folder;
  };
  /** In its own process, because V8 does not use the code cache of scripts that it has compiled itself. */
  const load = (folder: string, say: string, flags: readonly string[] = []): string => {
    const script = `
      import { packedFiles } from ${JSON.stringify(loader)};
      const { load, writeCodeCache } = packedFiles(${JSON.stringify(folder)});
      const program = load("./program.cjs");
      console.log(${say});`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...flags, "--input-type=module", "--eval", script],
      { encoding: "utf8", env: {} },
    );
    return (stdout + stderr).trim();
  };
  /** Caches the code of one text and replaces the text, so that the result shows which of them was run. */
  const folderWithCodeOfAnother = (digested: string) => {
    const folder = folderWith("kept");
    load(folder.path, "writeCodeCache()");
    const file = join(folder.path, "part.cjs");
    writeFileSync(file, partOf("text"));
    const code = readFileSync(`${file}.code`).subarray(32);
    const digest = createHash("sha256").update(digested).update(code).digest();
    writeFileSync(`${file}.code`, Buffer.concat([digest, code]));
    return folder;
  };

  it("load each other once, and Node's own modules", () => {
    using folder = folderWith("text");
    expect(load(folder.path, "program.answer, program.again")).toBe("textprogram.cjs true");
  });

  it("run the code that was kept of them", () => {
    using folder = folderWithCodeOfAnother(partOf("text"));
    expect(load(folder.path, "program.answer")).toBe("keptprogram.cjs");
  });

  it("are compiled where the code is of another text, and where V8 has other flags", () => {
    using other = folderWithCodeOfAnother(partOf("kept"));
    expect(load(other.path, "program.answer")).toBe("textprogram.cjs");
    using folder = folderWithCodeOfAnother(partOf("text"));
    expect(load(folder.path, "program.answer", ["--stack-size=800"])).toBe("textprogram.cjs");
  });

  it("are compiled where the code is damaged", () => {
    using folder = folderWithCodeOfAnother(partOf("text"));
    const file = join(folder.path, "part.cjs.code");
    const kept = readFileSync(file);
    for (const damaged of [
      kept.map((byte, at) => (at === 200 ? byte ^ 1 : byte)),
      kept.subarray(0, 100),
      Buffer.alloc(0),
    ]) {
      writeFileSync(file, damaged);
      expect(load(folder.path, "program.answer")).toBe("textprogram.cjs");
    }
  });
});

it("a package without the files that others load is not packed", async () => {
  using folder = tempFolder();
  const at = (file: string): string => join(folder.path, file);
  const entries = { types: "./dist/index.d.ts", default: "./dist/index.js" };
  const manifest = { name: "@invigil/some", bin: { some: "./dist/cli.js" }, exports: { ".": entries } };
  writeFileSync(at("package.json"), JSON.stringify(manifest));
  mkdirSync(at("dist"));
  writeFileSync(at("dist/index.d.ts"), "");
  writeFileSync(at("dist/cli.js"), "");
  const check = () => paste(`node "${join(REPOSITORY, "scripts/entries.mjs")}" .`, { cwd: folder.path });
  const stderr =
    "@invigil/some cannot be packed, because it has no ./dist/index.js: npm run setup, then npm run build\n";
  expect(await check()).toMatchObject({ code: 1, stderr });
  writeFileSync(at("dist/index.js"), "");
  expect(await check()).toMatchObject({ code: 0, stderr: "" });
});

// The compiler of a project reads all of these files. Some, such as drizzle's, do not compile without packages that nobody installs.
it("publishes types that import nothing but tRPC, zod and the schema", () => {
  const files = new Set([join(SERVER, "dist/index.d.ts")]);
  const packages = new Set<string>();
  for (const file of files)
    for (const [, from = ""] of readFileSync(file, "utf8").matchAll(/(?:from |import\()"([^"]+)"/g)) {
      if (from.startsWith(".")) files.add(join(file, "..", from.replace(/\.js$/, ".d.ts")));
      else packages.add(from);
    }
  expect([...packages].sort()).toEqual([
    "@invigil/schema",
    "@trpc/server",
    "@trpc/server/unstable-core-do-not-import",
    "zod",
  ]);
});
