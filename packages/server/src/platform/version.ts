import { readFileSync } from "node:fs";
import { PACKAGE_ROOT } from "./package-root.js";

/** The version of this package. */
export const { version } = JSON.parse(readFileSync(new URL("package.json", PACKAGE_ROOT), "utf8")) as {
  version: string;
}; // Safe: npm requires a version in every package.
