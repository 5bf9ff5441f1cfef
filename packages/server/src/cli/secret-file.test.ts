import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeSecretFile } from "./secret-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-secret-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, parts: Iterable<string> = ["new", " text"]) =>
  writeSecretFile(path, parts, "nonce");
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("a file of secrets", () => {
  it("is accessible only to its owner, new or existing, and leaves no temporary file", async () => {
    const file = join(folder, "links.csv");
    await write(file);
    expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["new text", 0o600]);
    writeFileSync(join(folder, "old.csv"), "old and much longer", { mode: 0o644 });
    await write(join(folder, "old.csv"));
    expect([readFileSync(join(folder, "old.csv"), "utf8"), modeOf(join(folder, "old.csv"))]).toEqual([
      "new text",
      0o600,
    ]);
    expect(readdirSync(folder)).toEqual(["links.csv", "old.csv"]);
  });

  it("is unchanged if writing fails", async () => {
    const file = join(folder, "old.csv");
    writeFileSync(file, "old", { mode: 0o640 });
    function* broken() {
      yield "half";
      throw new RangeError("too much");
    }
    await expect(write(file, broken())).rejects.toThrow(RangeError);
    expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["old", 0o640]);
    expect(readdirSync(folder)).toEqual(["old.csv"]);
  });

  it("can be the target of a symbolic link, existing or not", async () => {
    mkdirSync(join(folder, "kept"));
    writeFileSync(join(folder, "kept/there"), "old", { mode: 0o644 });
    for (const name of ["there", "missing"]) {
      const link = join(folder, `${name}-link`);
      symlinkSync(`kept/${name}`, link);
      await write(link);
      const file = join(folder, "kept", name);
      expect([readFileSync(file, "utf8"), modeOf(file)]).toEqual(["new text", 0o600]);
    }
    expect(readdirSync(join(folder, "kept"))).toEqual(["missing", "there"]);
    expect(readdirSync(folder)).toEqual(["kept", "missing-link", "there-link"]);
  });

  it("can be a device, which is not replaced", async () => {
    const before = statSync("/dev/null");
    await write("/dev/null");
    const { mode, ino } = statSync("/dev/null");
    expect({ mode, ino }).toEqual({ mode: before.mode, ino: before.ino });
    await expect(write("/dev/full")).rejects.toThrow(
      "The file /dev/full cannot be written: no space left on device",
    );
  });

  it("reports the file that cannot be written", async () => {
    await expect(write(folder)).rejects.toThrow(
      `The file ${folder} cannot be written: illegal operation on a directory`,
    );
    const nowhere = join(folder, "missing/links.csv");
    await expect(write(nowhere)).rejects.toThrow(
      `The file ${nowhere} cannot be written: no such file or directory`,
    );
  });
});
