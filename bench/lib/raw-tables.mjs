// The server's tables without its storage layer. The server's code creates the file, so the tables, indexes and journal mode are the same.
// The other pragmas of the writing connection are repeated here.
import { openSqlite } from "../../packages/server/dist/storage/sqlite/client.js";
import { Sqlite } from "./server-modules.mjs";

export const openTables = async (file) => {
  await openSqlite({ file }).close();
  const sqlite = new Sqlite(file);
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("foreign_keys = ON");
  return sqlite;
};
