import { type ErrorCode, errorCodes } from "@invigil/schema";

/**
 * A failure that Invigil reports on purpose. Anything else that is thrown is a fault (`INTERNAL`).
 * The message is shown to callers: one sentence that names the field or the id, and never a secret.
 */
export class InvigilError extends Error {
  override readonly name = "InvigilError";
  readonly code: ErrorCode;
  /** The input fields at fault, by their names over tRPC (`records[0].userId`), with what is wrong with each. */
  readonly fields: Readonly<Record<string, string[]>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { fields?: Record<string, string[]> } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? {};
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** One wrong field. */
export const invalidInput = (field: string, what: string): InvigilError =>
  new InvigilError("INVALID_INPUT", `${field} ${what}`, { fields: { [field]: [what] } });

export const forbidden = (what: string): InvigilError => new InvigilError("FORBIDDEN", what);
