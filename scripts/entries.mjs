#!/usr/bin/env node
// Checks that packages have their entry files: node scripts/entries.mjs FOLDER... A package is packed without them if it was not built.
// Exit 1 with a line for each missing file.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const filesIn = (value) =>
  typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(filesIn);

const missing = process.argv.slice(2).flatMap((folder) => {
  const { name, bin, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return [...new Set(filesIn([bin, exports]))]
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => `${name} cannot be packed, because it has no ${file}: npm run setup, then npm run build`);
});
for (const line of missing) console.error(line);
if (missing.length > 0) process.exitCode = 1;
