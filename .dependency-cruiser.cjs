// The house has floors (ARCHITECTURE.md), and imports only run down. A file or folder named here stands
// on its floor; the same floor is allowed, a circle is not.
const floors = [
  ["cli", "demo"],
  ["main", "testing", "in-process", "index"],
  ["app"],
  ["rest", "http"],
  ["router", "services", "app-router"],
  ["features"],
  ["trpc", "deps"],
  ["providers", "auth", "jwks", "passwords", "audio-files", "limits"],
  ["backup"],
  ["data-folder"],
  ["config", "settings", "setting-forms", "errors", "identity"],
  ["db", "sheets", "ids", "secrets", "setup-error", "mp4", "serialize", "log-lines", "lru", "pace"],
];

const server = "^packages/server/src/";
const test = "\\.test\\.ts$";
const store = `${server}features/[^/]+/[^/]*store`;
const on = (names) => `${server}(${names.join("|")})(/|\\.ts$)`;
const rule = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });

const onlyDown = floors
  .slice(1)
  .map((names, above) =>
    rule(
      `${names.join("-")}-imports-only-down`,
      "A lower floor knows nothing of the floors above it.",
      { path: on(names), pathNot: test },
      { path: on(floors.slice(0, above + 1).flat()) },
    ),
  );

module.exports = {
  forbidden: [
    ...onlyDown,
    rule(
      "every-file-has-a-floor",
      "Name the new file or folder in `floors`.",
      { path: server, pathNot: test },
      { path: server, pathNot: [on(floors.flat()), test] },
    ),
    rule("no-circle", "Not even one of types alone.", { pathNot: test }, { circular: true }),
    rule(
      "feature-to-feature-by-service",
      "A feature may use another feature's service, nothing else of it.",
      { path: `${server}features/([^/]+)/`, pathNot: test },
      { path: `${server}features/`, pathNot: [`${server}features/$1/`, `${server}features/[^/]+/service`] },
    ),
    rule(
      "store-behind-its-service",
      "Only its own feature knows a store, and services.ts, which assembles it.",
      { pathNot: [`${server}features/`, `${server}services\\.ts$`, test] },
      { path: store },
    ),
    rule(
      "sql-only-in-stores",
      "Only store files and db/ know the database library.",
      { path: server, pathNot: [store, `${server}db/`, test] },
      // The server's better-sqlite3 is a link to packages/sqlite-binding.
      { path: "(^|/)(drizzle-orm|better-sqlite3|sqlite-binding)(/|$)" },
    ),
    rule(
      "schema-imports-zod-only",
      "The schema runs in browsers and servers alike.",
      { path: "^packages/schema/src/", pathNot: test },
      { pathNot: ["^packages/schema/src/", "(^|/)zod(/|$)"] },
    ),
    // Needs the build: a package that is not resolved counts as a value.
    rule(
      "client-takes-types-from-the-server",
      "The published client must not carry the server.",
      { path: "^packages/client/src/", pathNot: test },
      { path: "^(packages|@invigil)/server(/|$)", dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "script-takes-types-alone",
      "What pages load carries nothing but itself.",
      { path: "^packages/im-script/src/", pathNot: test },
      { pathNot: "^packages/im-script/src/", dependencyTypesNot: ["type-only"] },
    ),
    // What is not resolved is on no floor, so every rule above would be silent about it.
    rule("resolved", "The import leads nowhere.", {}, { path: "^\\.", couldNotResolve: true }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    doNotFollow: { path: ["node_modules", "/dist/"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
