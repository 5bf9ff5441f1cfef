import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { REPOSITORY, startPaste, tempFolder } from "./support/process.js";

const { href } = pathToFileURL(join(REPOSITORY, "scripts/restarting.mjs"));
/** Serves until a signal; a `src/fault` ends it at once, as a fault in the sources does. */
const SERVER = `
const { existsSync, readFileSync } = require("node:fs");
if (existsSync("src/fault")) process.exit(1);
console.log(JSON.stringify({ answer: readFileSync("src/answer", "utf8") }));
console.log("How to call it.");
process.on("SIGTERM", () => process.exit());
setInterval(() => undefined, 1000);
`;
/** What \`npm run dev\` does with the server. */
const DEV = `
import { serveRestarting } from ${JSON.stringify(href)};
const stop = serveRestarting({ args: ["server.cjs"], folders: ["src"], files: [".env"] });
process.once("SIGTERM", async () => {
  await stop();
  console.log("stopped");
  process.exit();
});
`;

it("starts the server anew when a source or a setting changes, also after one that did not start", async () => {
  using folder = tempFolder();
  const write = (file: string, text: string) => writeFileSync(join(folder.path, file), text);
  mkdirSync(join(folder.path, "src/deep"), { recursive: true });
  write("server.cjs", SERVER);
  write("dev.mjs", DEV);
  write("src/answer", "one");
  await using dev = startPaste("exec node dev.mjs", { cwd: folder.path });
  await dev.line('{"answer":"one"}');
  await dev.line("How to call it.");

  write("src/answer", "two");
  await dev.line('{"answer":"two"}');
  await dev.line("Serving again.");

  write("src/fault", "");
  await dev.line("It starts again when a file changes.");
  // What comes first is seen first.
  write("src/deep/source.test.ts", "");
  write("notes", "");
  rmSync(join(folder.path, "src/fault"));
  write("src/answer", "three");
  write(".env", "");
  await dev.line('{"answer":"three"}');
  await dev.line(".env");

  dev.kill("SIGTERM");
  await dev.line("stopped");
  expect(await dev.ended()).toMatchObject({ code: 0, stderr: "" });
  const printed = dev.stdout();
  expect(printed.match(/How to call it\./g)).toHaveLength(1);
  expect(printed).not.toMatch(/test\.ts|notes/);
});
