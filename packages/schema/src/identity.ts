import { z } from "zod";

// Whether staff have checked who a candidate is.

export const identityStatuses = ["confirmed", "refused", "later"] as const;
export type IdentityStatus = (typeof identityStatuses)[number];

const identityStatusSchema = z
  .enum(identityStatuses)
  .describe("What staff say of a person's identity. `later`: it is still to be checked.");

export const identitySchema = z
  .object({
    status: identityStatusSchema,
    since: z.date().describe("When staff said so last."),
  })
  .describe("What staff found of a person's identity.");
