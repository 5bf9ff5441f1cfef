import pg from "pg";
import { DatabaseUnavailableError, ForeignKeyError, TransactionLostError, UniqueError } from "../errors.js";

/** Codes of PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CODE = {
  foreignKey: "23503",
  unique: "23505",
  serialization: "40001",
  deadlock: "40P01",
  privilege: "42501",
  schema: "3F000",
  lock: "55P03",
  idle: "25P03",
  noSetting: "42704",
  /** The class of these codes. */
  authorization: "28",
  noDatabase: "3D000",
};
/** The server is stopping, starting, out of connections or memory, or did not finish in time. */
const UNAVAILABLE = new Set([
  "53000",
  "53200",
  "53300",
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  "25P04",
]);
/** The server is a standby, or was until a moment ago. */
const READ_ONLY = "25006";

/** The setting that a statement reads if another transaction has locked a name. It does not exist, so the statement fails. */
export const NAME_IS_LOCKED = "invigil.name_is_locked";

const isConnectionCode = (code: string): boolean => code.startsWith("08");

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code);

/** The driver's messages for a connection that it lost or gave up. */
const LOST = /^(Connection terminated|timeout exceeded|Client was closed|Client has encountered)/;

const codeOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** Whether a transaction failed only because of others at the same time, so that it can be repeated. */
export const isConflict = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === CODE.serialization || code === CODE.deadlock;
};

/** Whether the user may not do this, or has no schema for it. */
export const isDenied = (error: unknown): error is Error => {
  const code = codeOf(error);
  return code === CODE.privilege || code === CODE.schema;
};

/** Whether the server refuses connections with these settings: the password is wrong or missing, or there is no such user or database. */
export const isRefusal = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code !== undefined) return code.startsWith(CODE.authorization) || code === CODE.noDatabase;
  return error instanceof Error && error.message.startsWith("SASL");
};

/** Whether the connection can no longer be used. */
export const isLost = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code !== undefined)
    return code.startsWith("57P") || isConnectionCode(code) || code === CODE.idle || code === READ_ONLY;
  return isSystemError(error) || (error instanceof Error && LOST.test(error.message));
};

/** Converts an error of the driver to one of the storage interface; returns other errors unchanged. */
export const asPortError = (error: unknown): unknown => {
  const code = codeOf(error);
  // The details of an error quote values of rows.
  const { message } = error instanceof Error ? error : { message: String(error) };
  if (code === CODE.foreignKey) return new ForeignKeyError(message, { cause: error });
  if (code === CODE.unique) return new UniqueError(message, { cause: error });
  const isAboutLock = code === CODE.lock || (code === CODE.noSetting && message.includes(NAME_IS_LOCKED));
  if (isAboutLock || code === CODE.idle)
    return new TransactionLostError(`the database ended the transaction: ${message}`, isAboutLock, {
      cause: error,
    });
  if (isLost(error) || code === READ_ONLY || (code !== undefined && UNAVAILABLE.has(code)))
    return new DatabaseUnavailableError(`the database did not respond: ${message}`, { cause: error });
  return error;
};
