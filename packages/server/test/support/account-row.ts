/** When the rows of these tests were made. */
export const now = new Date("2026-01-02T03:04:05.678Z");

/** A row of `accounts`. */
export const account = (userId: string) => ({
  userId,
  role: "teacher" as const,
  name: `Name of ${userId}`,
  passwordHash: "hash",
  disabled: false,
  createdAt: now,
  updatedAt: now,
});
