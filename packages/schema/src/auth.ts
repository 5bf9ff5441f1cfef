import { z } from "zod";
import { LAST_INSTANT } from "./common.js";
import {
  idSchema,
  isStorable,
  label,
  NOT_STORABLE,
  optional,
  utf8Length,
  verbatimText,
  wholeNumber,
} from "./common-parts.js";
import { found, personName } from "./fields.js";
import { isPcLogin, isPcStream } from "./login-parts.js";

export const roles = ["admin", "teacher", "inspector", "examinee"] as const;
export const roleSchema = z
  .enum(roles)
  .describe("The role of the caller. Teachers watch, inspectors only read, and examinees sit the exam.");
export type Role = z.infer<typeof roleSchema>;

/**
 * The user id in a token: 1 to 128 printable characters without white space at the ends. Ids that are
 * reserved for PC cameras are refused, because their holder would act as another person's second camera.
 */
const subject = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$/u, "must be 1 to 128 printable characters")
  .refine(
    (id) => !isPcLogin(id) && !isPcStream(id),
    "must not begin with 'pc_' or end with '_pc' (reserved for PC cameras)",
  );

/** An id in a token. No database can look up one that it cannot store. */
const claimedId = z.string().refine(isStorable, NOT_STORABLE);

/** The maximum size of a token's id, in bytes of UTF-8. Databases limit the keys of an index. */
const MAX_TOKEN_ID_BYTES = 1024;
const isIndexable = (id: string): boolean => utf8Length(id) <= MAX_TOKEN_ID_BYTES;
const NOT_INDEXABLE = `must be at most ${MAX_TOKEN_ID_BYTES} bytes`;

const LAST_SECOND = LAST_INSTANT.getTime() / 1000;

export const claimsSchema = z
  .object({
    sub: subject.describe("The user id of the caller."),
    role: roleSchema,
    // The last second that a JavaScript `Date` can represent.
    exp: z
      .number()
      .max(8.64e12)
      .transform((exp) => Math.min(exp, LAST_SECOND))
      .describe(
        "When the token expires, in seconds since 1970. A later expiry counts as the end of the year 9999, because not every database " +
          "stores later times.",
      ),
    room: claimedId
      .min(1, "must not be empty")
      .optional()
      .describe("The id of the room that the token is bound to. Absent: none."),
    exam: claimedId
      .min(1, "must not be empty")
      .optional()
      .describe("The id of the exam that the token is bound to. Absent: none."),
    name: label(64).optional().describe("The name of the caller. Absent: unknown."),
    jti: claimedId
      .refine(isIndexable, NOT_INDEXABLE)
      .optional()
      .describe(
        `The id of the token, of at most ${MAX_TOKEN_ID_BYTES} bytes. An administrator revokes the token by this id. Absent: it cannot be revoked by itself.`,
      ),
    sid: claimedId
      .optional()
      .describe(
        "The id of the login session that the token belongs to. The token is valid while that session lasts. Absent: none.",
      ),
    issued: z
      .boolean()
      .optional()
      .catch(undefined)
      .describe(
        "Whether the token was issued during that session for another person. It ends with the session, but cannot be refreshed. Absent: no.",
      ),
    gen: z
      .int()
      .nonnegative()
      .optional()
      .catch(undefined)
      .describe(
        "With `room`: how many times the links of this person had been revoked when the token was issued. Absent: 0.",
      ),
  })
  .describe("The token claims that Invigil reads. Other claims are ignored.");

export const callerSchema = z
  .object({
    userId: z.string().describe("The user id of the caller."),
    role: roleSchema,
    roomId: z
      .string()
      .optional()
      .describe("The only room in which the token works. Absent: it is bound to none."),
    examId: z
      .string()
      .optional()
      .describe("The only exam in which the token works. Absent: it is bound to none."),
    name: z.string().optional().describe("The name of the caller, if their token has one."),
    expiresAt: z.date().describe("When the token expires."),
  })
  .describe("The caller of a procedure, as their token describes them.");
export type Caller = z.infer<typeof callerSchema>;

export const newPasswordSchema = z
  .string()
  .min(8, "must be at least 8 characters")
  .max(256, "must be at most 256 characters")
  .refine(isStorable, NOT_STORABLE)
  .describe("The new password, of characters of any kind.");

export const loginInput = z
  .object({
    username: idSchema.describe("The user id of the account."),
    password: verbatimText(1, 256).describe("The password of the account."),
  })
  .describe("Input of `auth.login`.");
export type LoginInput = z.infer<typeof loginInput>;

export const sessionSchema = z
  .object({
    token: z.string().describe("The token to send as the `authorization` header."),
    expiresAt: z.date().describe("When the token expires."),
    refreshableUntil: z
      .date()
      .describe("The time until which `auth.refresh` works. After it, the person must log in again."),
    userId: found.userId,
    role: roleSchema,
    name: personName,
  })
  .describe(
    "Output of `auth.login` and `auth.refresh`: a token, and how long it can be exchanged for a newer one.",
  );
export type Session = z.infer<typeof sessionSchema>;

export const changePasswordInput = z
  .object({
    currentPassword: verbatimText(1, 256).describe("The password until now."),
    newPassword: newPasswordSchema,
  })
  .describe("Input of `auth.changePassword`.");
export type ChangePasswordInput = z.infer<typeof changePasswordInput>;

export const issueTokenInput = z
  .object({
    userId: subject.describe(
      "The user id of the token's holder: printable characters without white space at the ends.",
    ),
    role: roleSchema,
    roomId: optional(idSchema).describe(
      "The only room in which the token works. The token is then for a person of that room, in their role there. Only administrators " +
        "may omit it.",
    ),
    examId: optional(idSchema).describe(
      "The only exam in which the token works. Absent: it is bound to none.",
    ),
    name: optional(label(64)).describe("The name of the token's holder. Absent: none."),
    ttlSeconds: optional(wholeNumber(60, 31_536_000)).describe(
      "The lifetime of the token in seconds. Absent: until the exam is over, or 8 hours for a token without an exam.",
    ),
  })
  .describe("Input of `auth.issueToken`. Only administrators may issue tokens for the role `admin`.");
export type IssueTokenInput = z.infer<typeof issueTokenInput>;

export const issuedTokenSchema = z
  .object({
    token: z.string().describe("The token to send as the `authorization` header."),
    tokenId: z.string().describe("The `jti` of the token, by which it can be revoked."),
    expiresAt: z
      .date()
      .describe("When the token expires. Earlier than requested if the exam is over earlier."),
  })
  .describe("Output of `auth.issueToken`.");
export type IssuedToken = z.infer<typeof issuedTokenSchema>;

export const revokeTokenInput = z
  .object({
    tokenId: verbatimText(1, MAX_TOKEN_ID_BYTES)
      .refine(isIndexable, NOT_INDEXABLE)
      .describe(`The \`jti\` of the token, of at most ${MAX_TOKEN_ID_BYTES} bytes.`),
  })
  .describe("Input of `auth.revokeToken`.");
export type RevokeTokenInput = z.infer<typeof revokeTokenInput>;
