import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cases } from "../../test/support/effort.js";
import { SetupError } from "../platform/setup-error.js";
import { storedSecret, temporarySecret } from "./secrets.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "invigil-secrets-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("a stored secret", () => {
  it("is generated once: 32 random bytes in a file that only its owner can read", () => {
    const dataDir = join(root, "new", "data");
    const made = storedSecret(dataDir, "auth-secret");
    expect(made.value).toMatch(/^[0-9a-f]{64}$/);
    expect(made.file).toBe(join(dataDir, "auth-secret"));
    expect(statSync(join(dataDir, "auth-secret")).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o007).toBe(0);
    expect(storedSecret(dataDir, "auth-secret")).toEqual(made);
  });

  it("is different for every name and folder", () => {
    const values = [
      storedSecret(root, "a").value,
      storedSecret(root, "b").value,
      storedSecret(join(root, "other"), "a").value,
    ];
    expect(new Set(values).size).toBe(3);
  });

  it("can be provided as a file, which is not changed", () => {
    const own = "a secret of 32 bytes or more, as it must be";
    writeFileSync(join(root, "auth-secret"), `  ${own}\n\n`);
    expect(storedSecret(root, "auth-secret").value).toBe(own);
    expect(readFileSync(join(root, "auth-secret"), "utf8")).toBe(`  ${own}\n\n`);
  });

  it.each(["", "\n", "x".repeat(31)])(
    "is refused without displaying it if its file is too short (%j)",
    (text) => {
      const file = join(root, "auth-secret");
      writeFileSync(file, text);
      const expected = `The secret in ${file} is too short. Delete the file to generate a new one.`;
      expect(() => storedSecret(root, "auth-secret")).toThrow(new SetupError(expected));
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );

  it("is the same for processes that start at the same time", async () => {
    // Several threads read each secret at the same time, and return its value or their error.
    const ROUNDS = cases(200);
    const THREADS = 4;
    const gate = new Int32Array(new SharedArrayBuffer(4 * ROUNDS));
    const thread = `
      const { workerData: { module, root, gate, rounds, threads }, parentPort } = require("node:worker_threads");
      import(module).then(({ storedSecret }) => {
        const read = [];
        for (let round = 0; round < rounds; round += 1) {
          Atomics.add(gate, round, 1);
          while (Atomics.load(gate, round) < threads);
          try { read.push(storedSecret(root, "secret-" + round).value); } catch (error) { read.push(error.message); }
        }
        parentPort.postMessage(read);
      });`;
    const module = new URL("../../dist/identity/secrets.js", import.meta.url).href;
    const read = await Promise.all(
      Array.from({ length: THREADS }, () => {
        const workerData = { module, root, gate, rounds: ROUNDS, threads: THREADS };
        const worker = new Worker(thread, { eval: true, workerData });
        return new Promise<string[]>((resolve, reject) => {
          worker.once("message", resolve).once("error", reject);
        });
      }),
    );
    const rounds = Array.from({ length: ROUNDS }, (_, round) => new Set(read.map((values) => values[round])));
    expect(rounds.filter((values) => values.size !== 1)).toHaveLength(0);
    for (const [value] of rounds) expect(value).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("a temporary secret is new each time and not stored", () => {
  expect(temporarySecret().file).toBeUndefined();
  expect(temporarySecret().value).toMatch(/^[0-9a-f]{64}$/);
  expect(temporarySecret().value).not.toBe(temporarySecret().value);
});
