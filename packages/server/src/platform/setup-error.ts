/**
 * Something outside Invigil must change before it can start: a setting, a file, a port. The message is one
 * line for the person who starts it, and contains no secret.
 */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** The person who runs a command has interrupted it. The message says what was done, and how to go on. */
export class InterruptedError extends SetupError {}

/** Whether a system call failed with this code (`ENOENT`, `EEXIST`). */
export const failedWith = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
