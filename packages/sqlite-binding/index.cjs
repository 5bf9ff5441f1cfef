"use strict";

/** The version of Node-API that better-sqlite3 13 is compiled against. Node has it from 22.14 and 23.6 on. */
const NODE_API_OF_13 = 10;

const version = Number(process.versions.napi) >= NODE_API_OF_13 ? 13 : 12;

const load = () => {
  if (version === 13) return require("better-sqlite3-13");
  const Sqlite = require("@invigil/sqlite-binding-12");
  // It is downloaded or compiled when it is installed. Where that was not allowed or did not work, opening a database says so.
  new Sqlite(":memory:").close();
  return Sqlite;
};

/** What to do about a binding that does not load. */
const complaint = (error) => {
  if (error.code === "MODULE_NOT_FOUND")
    return `better-sqlite3 ${version} is not installed, which Node ${process.version} needs: install the packages again under this version of Node`;
  return [
    `SQLite's binding does not work under Node ${process.version}: ${error.message.split("\n", 1)[0]}`,
    "Node 22.14 and newer need nothing more than the installed package. Older ones need better-sqlite3's install script, which downloads the",
    "binding or compiles it with Python 3, make and a C++ compiler. Package managers may ask you to allow that script.",
  ].join("\n");
};

try {
  module.exports = load();
} catch (error) {
  throw new Error(complaint(error), { cause: error });
}
