"use strict";
// pnpm writes what this returns into the lock file, together with a hash of this file: install after a change.

/** Which Node each version of better-sqlite3 is installed for (packages/sqlite-binding). They declare wider ranges. */
const NODES_OF_SQLITE_BINDING = {
  12: "<22.14 || >=23.0 <23.6",
  13: "^22.14 || >=23.6",
};

module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name !== "better-sqlite3") return manifest;
      const node = NODES_OF_SQLITE_BINDING[manifest.version.split(".", 1)[0]];
      return node ? { ...manifest, engines: { ...manifest.engines, node } } : manifest;
    },
  },
};
