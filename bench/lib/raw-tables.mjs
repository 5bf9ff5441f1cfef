// The server's tables without its storage layer. The file is created by the server's own code, so that tables, indexes
// and its mode are the same. The other pragmas of the writing connection are repeated here.
import { openSqlite } from "../../packages/server/dist/storage/sqlite/client.js";
import { Sqlite } from "./server-modules.mjs";

export const openTables = async (file) => {
  await openSqlite({ file }).close();
  const sqlite = new Sqlite(file);
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("foreign_keys = ON");
  return sqlite;
};
