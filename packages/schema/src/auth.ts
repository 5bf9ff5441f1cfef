import { z } from "zod";
import { label } from "./common.js";

/** What a caller may be. A teacher watches, an inspector only reads, an examinee sits the exam. */
export const roles = ["admin", "teacher", "inspector", "examinee"] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/** A caller's id as its token gives it: 1 to 128 characters, no white space at the ends. */
const subject = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]{0,126}[^\s\p{C}])?$/u, "must be 1 to 128 printable characters");

/** The claims of a token that Invigil reads; others are ignored. `exp`, `nbf`, `iat` are seconds since 1970. */
export const claimsSchema = z.object({
  sub: subject,
  role: roleSchema,
  // The last second that a Date can hold.
  exp: z.number().max(8.64e12),
  room: z.string().min(1, "must not be empty").optional(),
  exam: z.string().min(1, "must not be empty").optional(),
  name: label(64).optional(),
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
