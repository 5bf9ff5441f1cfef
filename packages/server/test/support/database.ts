import { type Database, type OpenOptions, openDatabase } from "../../src/storage/sqlite/client.js";

/** A database of a test. `await using` closes it. */
export interface TestDatabase extends Omit<Database, "close">, AsyncDisposable {
  close(): Promise<void>;
}

/** Opens a database for a test; by default an empty one that is deleted when it is closed. */
export const openTestDatabase = ({
  file = ":memory:",
  ...options
}: Partial<OpenOptions> = {}): TestDatabase => {
  const db = openDatabase({ file, ...options });
  const close = async (): Promise<void> => db.close();
  return { ...db, close, [Symbol.asyncDispose]: close };
};
