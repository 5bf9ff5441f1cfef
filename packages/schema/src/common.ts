import { z } from "zod";
import { numberAsText, optional, wholeNumber } from "./common-parts.js";
import { isPcLogin, isPcStream } from "./login-parts.js";

export { FIRST_INSTANT, LAST_INSTANT } from "./common-parts.js";

/**
 * The id of a new person: 1 to 61 letters, digits, `_`, `-` and `.`. With the prefix `pc_`, the login of the
 * second camera, it fits the 64 characters of the message services. Ids that begin with `pc_` or end with
 * `_pc` are refused, because the streams of two people would have the same name.
 */
export const userIdSchema = z.preprocess(
  numberAsText,
  z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,61}$/, "must be 1 to 61 letters, digits, '_', '-' or '.'")
    .refine((value) => !isPcLogin(value), "must not begin with 'pc_' (reserved for PC cameras)")
    .refine((value) => !isPcStream(value), "must not end with '_pc' (reserved for streams of PC cameras)"),
);

/** The number of rows per page: 1 to `max`. 0 or absent means the default. */
export const pageSizeSchema = (byDefault: number, max = 100) =>
  optional(wholeNumber(0, max))
    .transform((size) => size || byDefault)
    .meta({ description: "The number of rows per page. 0 means the default.", default: byDefault });

/** Output of procedures that only confirm. */
export const doneSchema = z.literal(true).describe("Confirms that the call is done, and on disk.");
