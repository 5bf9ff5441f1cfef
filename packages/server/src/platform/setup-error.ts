/**
 * Something outside Invigil must change before it can start: a setting, a file, a port. The message is one
 * line for the person who starts it, and contains no secret.
 */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** Whether a system call failed with this code (`ENOENT`, `EEXIST`). */
export const failedWith = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
