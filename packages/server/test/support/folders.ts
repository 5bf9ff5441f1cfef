import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole repository, where `npm start` runs. */
export const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));

// A test deletes its folders. A test that exceeds its time limit cannot, so the process deletes the rest.
const folders = new Set<string>();
process.once("exit", () => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** Creates a temporary folder, which is deleted when the test disposes of it. */
export const tempFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), "invigil-test-"));
  folders.add(path);
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
      folders.delete(path);
    },
  };
};
