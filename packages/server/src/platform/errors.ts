import { type ErrorCode, errorCodes, type ProviderDetails } from "@invigil/schema";
import type { output, ZodError, ZodType } from "zod";

interface InvigilErrorOptions extends ErrorOptions {
  readonly fields?: Record<string, string[]>;
  readonly retryAfterSeconds?: number;
  readonly details?: ProviderDetails;
  readonly subject?: string | undefined;
}

/**
 * A failure that Invigil reports on purpose. Anything else that is thrown is a fault (`INTERNAL`).
 * The message is shown to callers: one sentence that names the field or the id, and never a secret.
 */
export class InvigilError extends Error {
  override readonly name = "InvigilError";
  readonly code: ErrorCode;
  /** The input fields at fault, by their names over tRPC (`records[0].userId`), with what is wrong with each. */
  readonly fields: Readonly<Record<string, string[]>>;
  /** When the same call may be made again; undefined where that does not depend on time. */
  readonly retryAfterSeconds: number | undefined;
  /** What a vendor said, for administrators; undefined where none was asked. */
  readonly details: ProviderDetails | undefined;
  /** The user id in a token that was signed rightly and is refused. For the log alone. */
  readonly subject: string | undefined;

  constructor(code: ErrorCode, message: string, options: InvigilErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details;
    this.subject = options.subject;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** One wrong field. */
export const invalidInput = (field: string, what: string): InvigilError =>
  new InvigilError("INVALID_INPUT", `${field} ${what}`, { fields: { [field]: [what] } });

export const forbidden = (what: string): InvigilError => new InvigilError("FORBIDDEN", what);
export const examNotFound = (examId: string): InvigilError =>
  new InvigilError("EXAM_NOT_FOUND", `There is no exam ${examId}.`);
export const roomNotFound = (roomId: string): InvigilError =>
  new InvigilError("ROOM_NOT_FOUND", `There is no room ${roomId}.`);

type Issue = ZodError["issues"][number];

/** `records[0].userId` */
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
  // Messages of our own pass; zod's own are not written for people.
  if (!message.startsWith("Invalid input")) return message;
  if (message.endsWith("received undefined")) return "is required";
  return issue.code === "invalid_type" ? `must be of type ${issue.expected}` : "is not valid";
};

/** What a schema found wrong: every field, and the first of them in the message. */
export const invalidInputOf = (error: ZodError): InvigilError => {
  const fields: Record<string, string[]> = {};
  for (const issue of error.issues) {
    const field = fieldName(issue.path);
    fields[field] = [...(fields[field] ?? []), faultOf(issue)];
  }
  const [field, faults] = Object.entries(fields)[0] ?? ["input", ["is not valid"]];
  return new InvigilError("INVALID_INPUT", `${field} ${faults[0]}`, { fields, cause: error });
};

/** Reads what came by no procedure. @throws INVALID_INPUT */
export const parsed = <Schema extends ZodType>(schema: Schema, value: unknown): output<Schema> => {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInputOf(result.error);
  return result.data;
};
