import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "tsdown";
import { expect, it } from "vitest";

// What a page loads that needs a constant alone, from the built packages.

it.each(["client/dist/index.js", "schema/dist/index.js"])(
  "the known detection types of %s bring no zod along",
  async (entry) => {
    const folder = mkdtempSync(join(tmpdir(), "invigil-constants-"));
    try {
      const from = JSON.stringify(resolve(import.meta.dirname, "../..", entry));
      writeFileSync(
        join(folder, "page.mjs"),
        `import { knownDetectTypes } from ${from};\nconsole.log(knownDetectTypes);\n`,
      );
      const bundles = await build({
        cwd: folder,
        entry: ["page.mjs"],
        config: false,
        write: false,
        dts: false,
        platform: "browser",
        deps: { alwaysBundle: [/./] },
        logLevel: "silent",
      });
      const chunks = bundles.flatMap((bundle) => bundle.chunks).filter((chunk) => "code" in chunk);
      // Chunks for uploads and live events stand beside the page and load with the first upload or event.
      const page = chunks.find((chunk) => chunk.isEntry);
      expect(page?.code).toContain("scenePersonExit");
      expect(page?.code.length).toBeLessThan(2000);
      expect(page?.imports).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
