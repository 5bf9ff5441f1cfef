// The benchmark measures the current sources.
import { join, resolve } from "node:path";
import { environment, run } from "./processes.mjs";

const root = resolve(import.meta.dirname, "../..");

/** Builds the server and, if needed, the published client or the console. Ends the process if that fails. */
export const build = async ({ client = false, console: pages = false } = {}) => {
  const bin = (name) => join(root, "node_modules/.bin", name);
  try {
    await run(bin("tsc"), ["-b", "packages/server"], { cwd: root, env: environment });
    await run(process.execPath, [join(root, "scripts/pack.mjs")], { cwd: root, env: environment });
    for (const name of ["im-script", "media-server", ...(client ? ["client"] : [])])
      await run(bin("tsdown"), [], { cwd: join(root, "packages", name), env: environment });
    if (pages)
      await run(join(root, "packages/console/node_modules/.bin/vite"), ["build"], {
        cwd: join(root, "packages/console"),
        env: environment,
      });
  } catch (error) {
    console.error(
      error.code === "ENOENT" ? "The compiler is missing: run npm run setup first." : error.message,
    );
    process.exit(1);
  }
};
