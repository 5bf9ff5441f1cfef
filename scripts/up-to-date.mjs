import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** A digest of files, and of all files in folders. It changes if one is missing. */
const digestOf = (paths) => {
  const digest = createHash("sha256");
  const add = (path) => {
    const at = join(root, path);
    digest.update(`\n${path}\n`);
    if (!existsSync(at)) digest.update("missing");
    else if (statSync(at).isDirectory()) for (const name of readdirSync(at).sort()) add(`${path}/${name}`);
    else digest.update(readFileSync(at));
  };
  for (const path of paths) add(path);
  return digest.digest("hex");
};

/**
 * Tells whether a part of the build is up to date: neither its inputs (`from`) nor its output (`makes`) have changed since the last build.
 * @param {string} name
 * @param {{ from: readonly string[], makes: string, salt?: string }} part paths from the root of the repository; `salt` is any further
 *   input
 */
export const upToDate = (name, { from, makes, salt = "" }) => {
  const record = join(root, "node_modules/.cache/invigil-build", name);
  const state = () => [salt, digestOf(from), digestOf([makes])].join(" ");
  return {
    holds: () => existsSync(record) && readFileSync(record, "utf8") === state(),
    keep: () => {
      mkdirSync(dirname(record), { recursive: true });
      writeFileSync(record, state());
    },
  };
};
