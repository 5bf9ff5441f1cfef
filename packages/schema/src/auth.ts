import { z } from "zod";
import {
  idSchema,
  label,
  marksPcCamera,
  optional,
  STORABLE_MESSAGE,
  storable,
  verbatimText,
  wholeNumber,
} from "./common.js";

/** What a caller may be. A teacher watches, an inspector only reads, an examinee sits the exam. */
export const roles = ["admin", "teacher", "inspector", "examinee"] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/**
 * A caller's id as its token gives it: 1 to 128 characters, no white space at the ends. An id that is written like a PC
 * camera's is refused: its holder would pass for the second camera of another person.
 */
const subject = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$/u, "must be 1 to 128 printable characters")
  .refine((id) => !marksPcCamera(id), "must not begin with 'pc_' or end with '_pc' (those mark a PC camera)");

/** The claims of a token that Invigil reads; others are ignored. `exp`, `nbf`, `iat` are seconds since 1970. */
export const claimsSchema = z.object({
  sub: subject,
  role: roleSchema,
  // The last second that a Date can hold.
  exp: z.number().max(8.64e12),
  room: z.string().min(1, "must not be empty").optional(),
  exam: z.string().min(1, "must not be empty").optional(),
  name: label(64).optional(),
  /** The token's own id, by which it can be revoked. */
  jti: z.string().optional(),
  /** The login that it belongs to: good while that lasts. */
  sid: z.string().optional(),
  /** Whether somebody issued it with that login: it ends with the login, and is none of it, so it cannot be refreshed. */
  issued: z.boolean().optional().catch(undefined),
  /** With `room`: how often the links of that seat had been revoked when it was made. Absent: never. */
  gen: z.int().nonnegative().optional().catch(undefined),
});

/** Who is calling: what a valid token says. `room` and `exam` bind the token to that room or exam alone. */
export const callerSchema = z.object({
  userId: z.string(),
  role: roleSchema,
  roomId: z.string().optional(),
  examId: z.string().optional(),
  name: z.string().optional(),
  expiresAt: z.date(),
});
export type Caller = z.infer<typeof callerSchema>;

/** A password as it is chosen: 8 to 256 characters, any. */
export const newPasswordSchema = z
  .string()
  .min(8, "must be at least 8 characters")
  .max(256, "must be at most 256 characters")
  .refine(storable, STORABLE_MESSAGE);

export const loginInput = z.object({ username: idSchema, password: verbatimText(1, 256) });
export type LoginInput = z.infer<typeof loginInput>;

/** A login: a token, and how long it can be exchanged for a newer one. */
export const sessionSchema = z.object({
  token: z.string(),
  expiresAt: z.date(),
  /** `auth.refresh` works until then; afterwards only logging in again does. */
  refreshableUntil: z.date(),
  userId: z.string(),
  role: roleSchema,
  name: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

export const changePasswordInput = z.object({
  currentPassword: verbatimText(1, 256),
  newPassword: newPasswordSchema,
});
export type ChangePasswordInput = z.infer<typeof changePasswordInput>;

/**
 * Whom a token is for. With `roomId`: for a person in that room, in the role that it has there, and good there only.
 * With `examId`: good in that exam only. Neither, and no role of a room: administrators may ask for it.
 */
export const issueTokenInput = z.object({
  userId: subject,
  role: roleSchema,
  roomId: optional(idSchema),
  examId: optional(idSchema),
  name: optional(label(64)),
  /** In seconds, 60 to a year. Absent: until the exam is over, or 8 hours where it belongs to none. */
  ttlSeconds: optional(wholeNumber(60, 31_536_000)),
});
export type IssueTokenInput = z.infer<typeof issueTokenInput>;

export const issuedTokenSchema = z.object({
  token: z.string(),
  /** Its `jti`, by which it can be revoked. */
  tokenId: z.string(),
  /** Sooner than asked where the exam is over sooner. */
  expiresAt: z.date(),
});
export type IssuedToken = z.infer<typeof issuedTokenSchema>;

export const revokeTokenInput = z.object({ tokenId: verbatimText(1, 1024) });
export type RevokeTokenInput = z.infer<typeof revokeTokenInput>;
