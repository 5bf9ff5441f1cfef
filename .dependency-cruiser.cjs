// The folders of packages/server/src are layers (ARCHITECTURE.md), listed from the top. A folder imports from itself, from its own line
// and from lines below it. Circles are forbidden everywhere.
const layers = [
  ["cli"],
  ["demo"],
  ["app"],
  ["rest"],
  ["http"],
  ["api"],
  ["features"],
  ["trpc"],
  ["coordination", "limits", "providers", "backup"],
  ["domain"],
  ["metrics"],
  ["identity", "config", "files"],
  ["storage"],
  ["platform"],
];

const server = "^packages/server/src/";
const page = "^packages/console/src/";
const store = `${server}features/[^/]+/[^/]*store`;
const inside = (names) => `${server}(${names.join("|")})/`;
const rule = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });

const onlyDown = layers
  .slice(1)
  .map((names, above) =>
    rule(
      `${names.join("-")}-imports-only-down`,
      "A layer knows nothing of the layers above it.",
      { path: inside(names) },
      { path: inside(layers.slice(0, above + 1).flat()) },
    ),
  );

module.exports = {
  forbidden: [
    ...onlyDown,
    rule(
      "every-folder-is-a-layer",
      "Name the new folder in `layers`. The root holds the package's two entries alone.",
      { path: server },
      { path: server, pathNot: [inside(layers.flat()), `${server}(cli|index)\\.ts$`] },
    ),
    rule("no-circle", "Not even one of types alone.", {}, { circular: true }),
    {
      ...rule(
        "no-circle-of-features",
        "Of two features, one uses the other.",
        { path: `${server}features/` },
        { circular: true },
      ),
      scope: "folder",
    },
    rule(
      "feature-to-feature-by-service",
      "A feature may use another feature's service, which it is given, and its rules. It imports nothing else of it.",
      { path: `${server}features/([^/]+)/` },
      {
        path: `${server}features/`,
        pathNot: [`${server}features/$1/`, `${server}features/[^/]+/(service|rules)\\.ts$`],
      },
    ),
    rule(
      "service-of-another-feature-as-a-type",
      "api/services.ts hands services over. A function that two features need belongs in rules.ts.",
      { path: `${server}features/([^/]+)/` },
      {
        path: `${server}features/[^/]+/service\\.ts$`,
        pathNot: `${server}features/$1/`,
        dependencyTypesNot: ["type-only"],
      },
    ),
    rule(
      "routers-call-their-own-services",
      "The folder that answers a procedure has it (api/router.ts).",
      { path: `${server}features/([^/]+)/router\\.ts$` },
      { path: `${server}features/`, pathNot: `${server}features/$1/` },
    ),
    rule(
      "only-routers-know-trpc",
      "Services are called by other entry points, too. What they share with trpc/ is below both.",
      { path: `${server}features/`, pathNot: ["/router\\.ts$"] },
      { path: [inside(["trpc"]), "(^|/)@trpc/"] },
    ),
    rule(
      "rules-are-pure",
      "Rules are functions of what they are given: they know no store and no service but by type.",
      { path: `${server}features/[^/]+/rules\\.ts$` },
      { path: `${server}features/[^/]+/(?!rules)`, dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "store-behind-its-service",
      "Only its own feature knows a store, and api/services.ts, which assembles it.",
      { pathNot: [`${server}features/`, `${server}api/services\\.ts$`] },
      { path: store },
    ),
    rule(
      "sql-only-in-stores",
      "Only stores, coordination/, domain/ and storage/ know the database library.",
      { path: server, pathNot: [store, `${server}(coordination|domain|storage)/`] },
      // The server's better-sqlite3 is a link to packages/sqlite-binding.
      { path: "(^|/)(drizzle-orm|better-sqlite3|sqlite-binding)(/|$)" },
    ),
    rule(
      "prom-client-only-in-metrics",
      "What counts knows its own counters alone. A server without metrics loads no library for them.",
      { pathNot: [`${server}metrics/`] },
      { path: "(^|/)prom-client(/|$)" },
    ),
    rule(
      "metrics-are-loaded-when-they-are-on",
      "An import in the code of http/metrics.ts would load them with each server.",
      { path: server, pathNot: [`${server}(http/metrics\\.ts|metrics/)`] },
      { path: `${server}(http/metrics\\.ts|metrics/)`, dependencyTypesNot: ["type-only", "dynamic-import"] },
    ),
    rule(
      "schema-imports-zod-only",
      "The schema runs in browsers and servers alike.",
      { path: "^packages/schema/src/" },
      { pathNot: ["^packages/schema/src/", "(^|/)zod(/|$)"] },
    ),
    rule(
      "trpc-fastify-imports-its-peers-only",
      "Anybody with Fastify and tRPC can install it.",
      { path: "^packages/trpc-fastify/src/" },
      {
        pathNot: [
          "^packages/trpc-fastify/src/",
          "(^|/)(@trpc/server|fastify)(/|$)",
          "^(node:)?timers/promises$",
        ],
      },
    ),
    rule(
      "trpc-internals-in-one-file",
      "An upgrade of tRPC may change them.",
      { path: "^packages/[^/]+/src/", pathNot: ["^packages/trpc-fastify/src/internals\\.ts$"] },
      { path: "unstable-core-do-not-import" },
    ),
    // Needs the build: a package that is not resolved counts as a value.
    rule(
      "client-takes-types-from-the-server",
      "The published client must not carry the server.",
      { path: "^packages/client/src/" },
      { path: "^(packages|@invigil)/server(/|$)", dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "react-imports-its-peers-only",
      "What the hooks do, an app of a user can do with the client.",
      { path: "^packages/react/src/" },
      {
        pathNot: [
          "^packages/react/src/",
          "(^|/)@invigil/client(/|$)|^packages/client/(src|dist)/(index|media|session)\\.",
          "(^|/)(react|@types/react|@tanstack/react-query|@trpc/tanstack-react-query)(/|$)",
        ],
      },
    ),
    rule(
      "script-takes-types-alone",
      "What pages load carries nothing but itself.",
      { path: "^packages/im-script/src/" },
      { pathNot: "^packages/im-script/src/", dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "console-imports-only-down",
      "main, then app, screens, actions and components. What is live and the texts know only themselves.",
      { path: `${page}(screens|actions|components|live|texts)/` },
      { path: `${page}(main|app/)` },
    ),
    rule(
      "actions-know-no-screen",
      "What two screens need is an action or a component.",
      { path: `${page}(actions|components|live|texts)/` },
      { path: `${page}screens/` },
    ),
    rule(
      "components-know-no-action",
      "A component shows. What it does is handed to it.",
      { path: `${page}(components|live|texts)/` },
      { path: `${page}actions/` },
    ),
    rule(
      "live-and-texts-know-no-component",
      "They are functions of what they are given.",
      { path: `${page}(live|texts)/` },
      {
        path: [`${page}components/`, "(^|/)@?(react|react-dom|mantine|invigil/(client|react))(/|$)"],
        dependencyTypesNot: ["type-only"],
      },
    ),
    rule(
      "screens-do-not-know-each-other",
      "What two screens need is an action or a component.",
      { path: `${page}screens/([^/]+)/` },
      { path: `${page}screens/`, pathNot: `${page}screens/$1/` },
    ),
    rule(
      "pages-talk-to-the-server-like-any-app",
      "What the server's pages can do, an app of our users can do: with @invigil/react and @invigil/client.",
      { path: "^packages/(console|candidate)/src/" },
      {
        path: ["^packages/(server|im-script|trpc-fastify)/", "(^|/)@trpc/(?!client|tanstack-react-query)"],
        dependencyTypesNot: ["type-only"],
      },
    ),
    rule(
      "pages-do-not-know-each-other",
      "Each is built, served and loaded alone.",
      { path: "^packages/(console|candidate)/src/" },
      { path: "^packages/(console|candidate)/", pathNot: "^packages/$1/" },
    ),
    // What is not resolved is in no layer, so every rule above would be silent about it.
    rule("resolved", "The import leads nowhere.", {}, { path: "^\\.", couldNotResolve: true }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    exclude: { path: "\\.test(-d)?\\.tsx?$" },
    doNotFollow: { path: ["node_modules", "/dist/"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
