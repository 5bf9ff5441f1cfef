import { mkdirSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsdown";
import { thirdPartyLicenses } from "../../scripts/third-party-licenses.mjs";

// Where the server looks for the program and the certificate of --lan, and nothing else lies.
const folder = new URL("../server/dist/media/", import.meta.url);

export default defineConfig({
  entry: { "media-server": "src/main.ts", certificate: "src/certificate.ts" },
  outDir: "../server/dist/media",
  format: "cjs",
  platform: "node",
  target: "node20.19",
  hash: false,
  outputOptions: { chunkFileNames: "[name]" },
  minify: true,
  dts: false,
  report: false,
  plugins: [
    thirdPartyLicenses((text) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL("third-party-licenses.txt", folder), `${text}\n`);
    }),
  ],
  // Published packages do not depend on werift.
  deps: { alwaysBundle: [/^[^.]/] },
});
