import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

const LICENSE_FILE = /^(licen[sc]e|copying|notice)(\.|-|$)/i;

/** Returns the folder of the package of `node_modules` that a bundled module comes from. Undefined: it is our own. */
const packageOf = (id) => {
  const file = id.replace(/^\0+/, "").replace(/\?.*$/, "");
  if (!file.includes(`${sep}node_modules${sep}`)) return undefined;
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    // Some packages have further files of this name, which only configure how a folder is loaded.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version) return folder;
  }
  return undefined;
};

const textOf = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
};

/**
 * A plugin for rolldown, which collects the licenses of the packages that it bundles.
 * @param write gets their text, which is empty if no third-party package was bundled
 */
export const thirdPartyLicenses = (write) => ({
  name: "third-party-licenses",
  generateBundle(_options, bundle) {
    const folders = new Set(
      Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds.flatMap((id) => packageOf(id) ?? [])),
    );
    // A package may be installed more than once.
    write([...new Set([...folders].map(textOf))].sort().join(`\n\n${"-".repeat(80)}\n\n`));
  },
});
