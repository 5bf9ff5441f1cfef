/**
 * The database files were replaced or deleted while open, so a write would be lost. The message names the files
 * and is for the log.
 */
export class StorageLostError extends Error {
  override readonly name = "StorageLostError";
}
