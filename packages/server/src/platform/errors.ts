import { type ErrorCode, errorCodes, type ProviderDetails } from "@invigil/schema";
import type { output, ZodError, ZodType } from "zod";

interface InvigilErrorOptions extends ErrorOptions {
  readonly fields?: Record<string, string[]>;
  readonly retryAfterSeconds?: number;
  readonly limit?: string;
  readonly scope?: string;
  readonly details?: ProviderDetails;
  readonly subject?: string | undefined;
}

/**
 * An error that Invigil reports on purpose. Any other error is reported as `INTERNAL`. Callers see the
 * message: one sentence that names the field or the id, and never contains a secret.
 */
export class InvigilError extends Error {
  override readonly name = "InvigilError";
  readonly code: ErrorCode;
  /** The invalid input fields, by their names over tRPC (`records[0].userId`), with the problems of each. */
  readonly fields: Readonly<Record<string, string[]>>;
  /** When the call may be repeated, in seconds. Undefined if waiting does not help. */
  readonly retryAfterSeconds: number | undefined;
  /** The limit or quota that was reached, in words, and whose it is. They contain no id. Only for metrics. */
  readonly limit: string | undefined;
  readonly scope: string | undefined;
  /** The vendor's error, for administrators. Undefined if no vendor was called. */
  readonly details: ProviderDetails | undefined;
  /** The user id in a refused token whose signature is valid. Only for the log. */
  readonly subject: string | undefined;

  constructor(code: ErrorCode, message: string, options: InvigilErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.limit = options.limit;
    this.scope = options.scope;
    this.details = options.details;
    this.subject = options.subject;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** An error about one field. */
export const invalidInput = (field: string, what: string): InvigilError =>
  new InvigilError("INVALID_INPUT", `${field} ${what}`, { fields: { [field]: [what] } });

export const forbidden = (what: string): InvigilError => new InvigilError("FORBIDDEN", what);
export const examNotFound = (examId: string): InvigilError =>
  new InvigilError("EXAM_NOT_FOUND", `There is no exam ${examId}.`);
export const roomNotFound = (roomId: string): InvigilError =>
  new InvigilError("ROOM_NOT_FOUND", `There is no room ${roomId}.`);
export const notInRoom = ({
  roomId,
  userId,
}: {
  readonly roomId: string;
  readonly userId: string;
}): InvigilError => new InvigilError("PARTICIPANT_NOT_FOUND", `There is no ${userId} in the room ${roomId}.`);
export const roomEnded = (roomId: string): InvigilError =>
  new InvigilError("ROOM_ENDED", `The room ${roomId} has ended.`);
/** Clients retry after half a minute, because an operator must free space first. */
export const storageFull = (cause?: unknown): InvigilError =>
  new InvigilError(
    "STORAGE_FULL",
    "The server's disk is nearly full: writes are refused until space is freed. Reads continue.",
    { retryAfterSeconds: 30, cause },
  );

type Issue = ZodError["issues"][number];

/** Formats a path as `records[0].userId`. */
const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`;
    return name ? `${name}.${String(key)}` : String(key);
  }, "") || "input";

const faultOf = (issue: Issue): string => {
  const { message } = issue;
  if (issue.code === "invalid_value") {
    return `must be ${issue.values.map((value) => `'${String(value)}'`).join(" or ")}`;
  }
  // Custom messages are kept. Zod's default messages are replaced.
  if (!message.startsWith("Invalid input")) return message;
  if (message.endsWith("received undefined")) return "is required";
  return issue.code === "invalid_type" ? `must be of type ${issue.expected}` : "is not valid";
};

/** Converts a validation error. The message is about the first invalid field. */
export const invalidInputOf = (error: ZodError): InvigilError => {
  const fields: Record<string, string[]> = {};
  for (const issue of error.issues) {
    const field = fieldName(issue.path);
    fields[field] = [...(fields[field] ?? []), faultOf(issue)];
  }
  const [field, faults] = Object.entries(fields)[0] ?? ["input", ["is not valid"]];
  return new InvigilError("INVALID_INPUT", `${field} ${faults[0]}`, { fields, cause: error });
};

/**
 * Parses data that did not come through a procedure.
 * @throws INVALID_INPUT
 */
export const parsed = <Schema extends ZodType>(schema: Schema, value: unknown): output<Schema> => {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInputOf(result.error);
  return result.data;
};
