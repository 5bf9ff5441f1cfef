import { z } from "zod";

// Common parts of both message services of Alibaba Cloud.

/** The sender of the server's announcements. */
export const ANNOUNCER = "invigil";
/** The schema of a response without a result. */
export const emptyResponse = z.object({ RequestId: z.string() }).transform(() => undefined);
/** The group does not exist or has no members, or the user is not logged in. The call has nothing to do. */
export const noReceivers = { codes: ["ResourceNotExist"], answer: undefined };
