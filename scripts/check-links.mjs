#!/usr/bin/env node
// Checks the documents: node scripts/check-links.mjs
// Every relative link leads to a file, every `#anchor` to a heading, and every path in `code` that begins with a folder of this
// repository to something that exists. Links to other sites are not followed. Exit 1 if anything is missing.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

/** Folders that a path in a document may be relative to, besides the document's own. */
const bases = [
  root,
  ...readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = join(root, "packages", name);
    return [folder, join(folder, "src")].filter((path) => existsSync(path));
  }),
];

const withoutCode = (text) => text.replace(/^```.*?^```$/gms, "").replace(/^ {4}.*$/gm, "");

/** The anchor that GitHub gives a heading. */
const slugOf = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

const anchorsOf = (path) => {
  const seen = new Map();
  return [...withoutCode(readFileSync(path, "utf8")).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => {
    const slug = slugOf(heading);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
};

const isIgnored = (path) => spawnSync("git", ["check-ignore", "-q", path], { cwd: root }).status === 0;

function* missingLinks(path, text) {
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/i.test(target)) continue;
    const [file, anchor] = target.split("#");
    const to = file === "" ? path : resolve(dirname(path), decodeURIComponent(file));
    if (!existsSync(to)) yield target;
    else if (anchor !== undefined && !anchorsOf(to).includes(anchor)) yield target;
  }
}

function* missingPaths(path, text) {
  const places = [dirname(path), ...bases];
  for (const [, name] of text.matchAll(/`([\w.@-]+(?:\/[\w.@-]*)+)`/g)) {
    const [first = ""] = name.split("/");
    const begin = places.filter((base) => existsSync(join(base, first)));
    if (begin.length === 0) continue;
    const candidates = begin.map((base) => join(base, name));
    if (!candidates.some((one) => existsSync(one) || isIgnored(one))) yield name;
  }
}

let missing = 0;
for (const document of documents) {
  const path = join(root, document);
  const text = withoutCode(readFileSync(path, "utf8"));
  for (const what of [...missingLinks(path, text), ...missingPaths(path, text)]) {
    missing += 1;
    console.error(`${relative(root, path)}: ${what} does not exist`);
  }
}
console.log(`${documents.length} documents, ${missing} missing`);
process.exitCode = missing > 0 ? 1 : 0;
