import { z } from "zod";

// What both of the vendor's message services have in common.

/** Who the vendor is told sends what the server announces. */
export const ANNOUNCER = "invigil";
/** The answer to what has no result. */
export const done = z.object({ RequestId: z.string() }).transform(() => undefined);
/** A group that is not there or that nobody has entered, or somebody who is not logged in: nothing is left to do. */
export const nobody = { codes: ["ResourceNotExist"], answer: undefined };
