import { z } from "zod";

/** Reports every user id that occurs more than once. */
const rejectDuplicates = (people: readonly { userId: string }[], context: z.RefinementCtx): void => {
  const seen = new Set<string>();
  people.forEach(({ userId }, index) => {
    if (seen.has(userId))
      context.addIssue({ code: "custom", path: [index, "userId"], message: `'${userId}' occurs twice` });
    seen.add(userId);
  });
};

/** A list that names each person once. */
export const eachOnce = <T extends z.ZodType<{ userId: string }>>(person: T, max: number) =>
  z.array(person).max(max, `must be at most ${max}`).superRefine(rejectDuplicates);
