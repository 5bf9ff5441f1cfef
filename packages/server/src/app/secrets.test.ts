import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseConfig } from "../config/config.js";
import { ownKeyOf } from "./secrets.js";

const POSTGRES = { INVIGIL_DATABASE_URL: "postgres://invigil@127.0.0.1/invigil" };

it.each([
  ["SQLite", {}],
  ["PostgreSQL", POSTGRES],
])("gives tokens for media another key when the root secret changes, with %s", (_, database) => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-secrets-"));
  try {
    const keyWith = (secrets: Readonly<Record<string, string>>): string =>
      ownKeyOf(
        parseConfig({
          INVIGIL_DATA_DIR: dataDir,
          ...database,
          ...secrets,
          INVIGIL_PUBLIC_URL: "https://x.example",
        }),
        "media-key",
      );
    const auth = { INVIGIL_AUTH_SECRET: "a".repeat(32) };
    const root = (letter: string) => ({ ...auth, INVIGIL_ROOT_SECRET: letter.repeat(32) });
    const before = keyWith(root("r"));
    expect(keyWith(root("r"))).toBe(before);
    expect(keyWith(root("s"))).not.toBe(before);
    // Without one of its own, the auth secret is the root secret.
    expect(keyWith(auth)).toBe(keyWith(root("a")));
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

it("keeps the key of tokens for media in the data folder if no secret is set", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-secrets-"));
  try {
    const key = () => ownKeyOf(parseConfig({ INVIGIL_DATA_DIR: dataDir }), "media-key");
    expect(key()).toBe(key());
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
