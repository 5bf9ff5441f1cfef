#!/usr/bin/env node
// Copies the server's version to files that changesets does not update: node scripts/move-versions.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const read = (path) => readFileSync(join(root, path), "utf8");
const { version } = JSON.parse(read("packages/server/package.json"));

/** Each file, and the text with its version. `check-deploy.mjs` compares the tag with the server. */
const PLACES = [
  ["package.json", /(?<="version": ")[^"]+/],
  ["packages/console/package.json", /(?<="version": ")[^"]+/],
  ["packages/candidate/package.json", /(?<="version": ")[^"]+/],
  ["packages/im-script/package.json", /(?<="version": ")[^"]+/],
  ["packages/media-server/package.json", /(?<="version": ")[^"]+/],
  // The range is open-ended. If a release is outside of a peer's range, changesets makes it a major release of all packages that share the
  // version.
  ["packages/react/package.json", /(?<="@invigil\/client": "workspace:>=)[^"]+/],
  ["deploy/kubernetes/kustomization.yaml", /(?<=newTag: )\S+/],
];
for (const [path, pattern] of PLACES) writeFileSync(join(root, path), read(path).replace(pattern, version));
