import Sqlite from "better-sqlite3";

/** Whether a row was refused because what it belongs to is not there: it was deleted after it was looked up. */
export const isOrphan = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code === "SQLITE_CONSTRAINT_FOREIGNKEY";

/** Whether something was written; false where what it belongs to is not there any more. */
export const isWritten = async (written: Promise<unknown>): Promise<boolean> => {
  try {
    await written;
    return true;
  } catch (error) {
    if (isOrphan(error)) return false;
    throw error;
  }
};
