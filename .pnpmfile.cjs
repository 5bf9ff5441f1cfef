"use strict";
// pnpm writes what this returns into the lock file, together with a hash of this file: install after a change.

/**
 * Which Node each version of better-sqlite3 is installed for in this workspace. They declare wider ranges. Outside of it the `engines` of
 * packages/sqlite-binding-12 do the same, but a package of the workspace is always installed.
 */
const NODES_OF_SQLITE_BINDING = {
  12: "<22.14 || >=23.0 <23.6",
  13: "^22.14 || >=23.6",
};

const without = (object, ...names) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

const MANIFESTS = {
  "better-sqlite3": (manifest) => {
    const node = NODES_OF_SQLITE_BINDING[manifest.version.split(".", 1)[0]];
    return node ? { ...manifest, engines: { ...manifest.engines, node } } : manifest;
  },
  // pnpm would give it the tools of the checks as its optional peers, and `npm start` would install them.
  tsdown: ({ peerDependencies: { typescript }, peerDependenciesMeta, ...manifest }) => ({
    ...manifest,
    peerDependencies: { typescript },
    peerDependenciesMeta: { typescript: peerDependenciesMeta.typescript },
  }),
  // For types, which are resolved without it as well.
  "dts-resolver": (manifest) => without(manifest, "peerDependencies", "peerDependenciesMeta"),
  // esbuild, which tsx brings, minifies the console's styles as well.
  vite: ({ dependencies, peerDependencies, peerDependenciesMeta, ...manifest }) => ({
    ...manifest,
    dependencies: without(dependencies, "lightningcss"),
    peerDependencies: { esbuild: peerDependencies.esbuild },
    peerDependenciesMeta: { esbuild: peerDependenciesMeta.esbuild },
  }),
  // Only the part of it that records to files imports mediabunny, which has 12 MB. The media server does not record.
  werift: ({ dependencies, ...manifest }) => ({
    ...manifest,
    dependencies: without(dependencies, "mediabunny"),
  }),
};

module.exports = {
  hooks: { readPackage: (manifest) => MANIFESTS[manifest.name]?.(manifest) ?? manifest },
};
