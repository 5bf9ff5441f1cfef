import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { PACKAGE_ROOT } from "./package-root.js";

/**
 * The options of Node for a thread in a project of Yarn's Plug'n'Play; none anywhere else. Packages are in archives there, which a thread can
 * read only with Yarn's hooks. It would inherit them through the environment, which our threads do not get.
 */
export const plugAndPlayHooks = (): readonly string[] => {
  if (process.versions.pnp === undefined) return [];
  const hooks = createRequire(PACKAGE_ROOT).resolve("pnpapi");
  const loader = pathToFileURL(hooks.replace(/\.cjs$/, ".loader.mjs")).href;
  return ["--require", hooks, "--experimental-loader", loader];
};
