"use strict";
// Runs after the packages are installed. The binding is an optional dependency, because only one of its two versions fits a
// given Node, so that an installation does not fail when the binding cannot be compiled. It fails here.

try {
  const Sqlite = require("./index.cjs");
  new Sqlite(":memory:").close();
} catch (error) {
  process.stderr.write(
    [
      `SQLite's binding does not work under Node ${process.version}: ${error.message.split("\n", 1)[0]}`,
      "Before Node 22.14 it is downloaded or compiled, which takes Python 3, make and a C++ compiler. Install those and run",
      "`npm run setup`, or use Node 22.14 or newer, for which the binding is part of its package.",
      "",
    ].join("\n"),
  );
  process.exitCode = 1;
}
