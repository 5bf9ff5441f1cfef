/**
 * What was to be written would be lost: the files of the database are not those that were opened. The message names them, and is for
 * the log.
 */
export class StorageLostError extends Error {
  override readonly name = "StorageLostError";
}
