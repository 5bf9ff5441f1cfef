import { z } from "zod";
import {
  idSchema,
  isStorable,
  label,
  NOT_STORABLE,
  optional,
  utf8Length,
  verbatimText,
  wholeNumber,
} from "./common.js";
import { isPcLogin, isPcStream } from "./login.js";

/** The roles of callers. Teachers watch, inspectors only read, and examinees sit the exam. */
export const roles = ["admin", "teacher", "inspector", "examinee"] as const;
export const roleSchema = z.enum(roles);
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

/** The last second of the year 9999, in seconds since 1970. */
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/**
 * The token claims that Invigil reads. Other claims are ignored. `exp` is in seconds since 1970. A later expiry counts as the end of the
 * year 9999, because not every database stores later times.
 */
export const claimsSchema = z.object({
  sub: subject,
  role: roleSchema,
  // The last second that a JavaScript `Date` can represent.
  exp: z
    .number()
    .max(8.64e12)
    .transform((exp) => Math.min(exp, LAST_SECOND)),
  room: claimedId.min(1, "must not be empty").optional(),
  exam: claimedId.min(1, "must not be empty").optional(),
  name: label(64).optional(),
  /** The id of the token. An administrator revokes the token by this id. */
  jti: claimedId.refine(isIndexable, NOT_INDEXABLE).optional(),
  /** The id of the login session that the token belongs to. The token is valid while that session lasts. */
  sid: claimedId.optional(),
  /**
   * Whether the token was issued during that session for somebody else. It ends with the session, but cannot
   * be refreshed.
   */
  issued: z.boolean().optional().catch(undefined),
  /**
   * With `room`: how many times the links of this person had been revoked when the token was issued. Absent
   * means 0.
   */
  gen: z.int().nonnegative().optional().catch(undefined),
});

/**
 * The caller of a procedure, as their token describes them. `roomId` and `examId` restrict the token to that
 * room or exam.
 */
export const callerSchema = z.object({
  userId: z.string(),
  role: roleSchema,
  roomId: z.string().optional(),
  examId: z.string().optional(),
  name: z.string().optional(),
  expiresAt: z.date(),
});
export type Caller = z.infer<typeof callerSchema>;

/** A new password: 8 to 256 characters of any kind. */
export const newPasswordSchema = z
  .string()
  .min(8, "must be at least 8 characters")
  .max(256, "must be at most 256 characters")
  .refine(isStorable, NOT_STORABLE);

/** Input of `auth.login`. */
export const loginInput = z.object({ username: idSchema, password: verbatimText(1, 256) });
export type LoginInput = z.infer<typeof loginInput>;

/** Output of `auth.login` and `auth.refresh`: a token, and how long it can be exchanged for a newer one. */
export const sessionSchema = z.object({
  token: z.string(),
  expiresAt: z.date(),
  /** The time until which `auth.refresh` works. After it, the person must log in again. */
  refreshableUntil: z.date(),
  userId: z.string(),
  role: roleSchema,
  name: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

/** Input of `auth.changePassword`. */
export const changePasswordInput = z.object({
  currentPassword: verbatimText(1, 256),
  newPassword: newPasswordSchema,
});
export type ChangePasswordInput = z.infer<typeof changePasswordInput>;

/**
 * Input of `auth.issueToken`. With `roomId`, the token is for a person of that room in their role there, and
 * works only in that room. With `examId`, it works only in that exam. Only administrators may omit `roomId`,
 * or issue tokens for the role `admin`.
 */
export const issueTokenInput = z.object({
  userId: subject,
  role: roleSchema,
  roomId: optional(idSchema),
  examId: optional(idSchema),
  name: optional(label(64)),
  /**
   * The lifetime in seconds, from 60 to one year. Default: until the exam is over, or 8 hours for a token
   * without an exam.
   */
  ttlSeconds: optional(wholeNumber(60, 31_536_000)),
});
export type IssueTokenInput = z.infer<typeof issueTokenInput>;

/** Output of `auth.issueToken`. */
export const issuedTokenSchema = z.object({
  token: z.string(),
  /** The `jti` of the token, by which it can be revoked. */
  tokenId: z.string(),
  /** Earlier than requested if the exam is over earlier. */
  expiresAt: z.date(),
});
export type IssuedToken = z.infer<typeof issuedTokenSchema>;

/** Input of `auth.revokeToken`. */
export const revokeTokenInput = z.object({
  tokenId: verbatimText(1, MAX_TOKEN_ID_BYTES).refine(isIndexable, NOT_INDEXABLE),
});
export type RevokeTokenInput = z.infer<typeof revokeTokenInput>;
