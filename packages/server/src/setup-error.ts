/**
 * Something outside Invigil must change before it can start: a setting, a file, a port.
 * The message is one line for the person who starts it, and holds no secret.
 */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
