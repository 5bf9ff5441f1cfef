/** A row was refused because a row that it refers to does not exist, or because other rows refer to it. */
export class ForeignKeyError extends Error {
  override readonly name = "ForeignKeyError";
}

/** A row was refused because another row has the same key. */
export class UniqueError extends Error {
  override readonly name = "UniqueError";
}

/** A transaction waited for something other than its database. */
export class TransactionStalledError extends Error {
  override readonly name = "TransactionStalledError";

  constructor() {
    super("a transaction waited for something other than the database, and was rolled back");
  }
}

/** Resolves to false, instead of rejecting, where what a write refers to was deleted meanwhile. */
export const unlessDeleted = async (written: Promise<unknown>): Promise<boolean> => {
  try {
    await written;
    return true;
  } catch (error) {
    if (error instanceof ForeignKeyError) return false;
    throw error;
  }
};
