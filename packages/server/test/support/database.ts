import { type Database, type OpenOptions, openDatabase } from "../../src/storage/sqlite/client.js";

/** Opens a database for a test; by default an empty one that is deleted when it is closed. */
export const openTestDatabase = ({ file = ":memory:", ...options }: Partial<OpenOptions> = {}): Database =>
  openDatabase({ file, ...options });
