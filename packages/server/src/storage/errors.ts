/** A row that this row refers to does not exist, or other rows refer to this row. */
export class ForeignKeyError extends Error {
  override readonly name = "ForeignKeyError";
}

/** Another row has the same key. */
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

/** The work of a transaction went on after its last statements, or failed after them. This is a mistake in the code. */
export class LastStatementsError extends Error {
  override readonly name = "LastStatementsError";

  constructor(message = "no statement may follow the last ones of a transaction", options?: ErrorOptions) {
    super(message, options);
  }
}

/** Returns the error for work that failed after its last statements. */
export const failedAfterLast = (error: unknown): LastStatementsError =>
  new LastStatementsError("the work of a transaction failed after its last statements", { cause: error });

/** The caller, or the exam, has too many writes under way. Nothing was written. */
export class TooManyWritesError extends Error {
  override readonly name = "TooManyWritesError";

  constructor() {
    super("too many writes are under way");
  }
}

/** The database did not respond, or did not respond in time. Nothing was written. */
export class DatabaseUnavailableError extends Error {
  override readonly name: string = "DatabaseUnavailableError";
}

/**
 * The database did not grant a lock in time, or ended a transaction that stood still. Nothing was written, and the
 * transaction can be repeated.
 */
export class TransactionLostError extends DatabaseUnavailableError {
  override readonly name = "TransactionLostError";

  constructor(
    message: string,
    /** Whether it did not get a lock in time. */
    readonly isAboutLock: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The connection was lost during a commit, so it is unknown whether the transaction was written. */
export class CommitUnknownError extends DatabaseUnavailableError {
  override readonly name = "CommitUnknownError";
}

/** Another process has changed the schema, so this version does not write any more. Nothing was written. */
export class SchemaChangedError extends DatabaseUnavailableError {
  override readonly name = "SchemaChangedError";

  constructor() {
    super("the schema of the database is of another version of Invigil");
  }
}

/** Returns false instead of rejecting when a row that the write refers to was deleted in the meantime. */
export const unlessDeleted = async (written: Promise<unknown>): Promise<boolean> => {
  try {
    await written;
    return true;
  } catch (error) {
    if (error instanceof ForeignKeyError) return false;
    throw error;
  }
};
