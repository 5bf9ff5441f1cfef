import { readFileSync } from "node:fs";

/** The oldest Node that the root package.json allows, as `[major, minor]`. */
const oldest = () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.engines.node.replace(">=", "").split(".").map(Number);
};

/** Ends the process with one line when Node is older than the root package.json allows. */
export const refuseOldNode = (version = process.versions.node) => {
  const [major, minor] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldest();
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  process.stderr.write(`Invigil needs Node ${oldestMajor}.${oldestMinor} or newer; this is ${version}.\n`);
  process.exit(1);
};
