import { unauthenticated } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
import { DatabaseUnavailableError } from "../../storage/errors.js";

/** An event is delivered only if access was confirmed at most this long ago. The dispatcher has it confirmed every four seconds. */
const MAX_CONFIRMED_AGE_MS = 5_000;

/** Whether an error says that the caller has no access any more, or that there is nothing left to access. */
export const isAccessEnd = (error: unknown): error is InvigilError =>
  error instanceof InvigilError && ["FORBIDDEN", "ROOM_NOT_FOUND", "EXAM_NOT_FOUND"].includes(error.code);

export type SubscriptionAccess = ReturnType<typeof createSubscriptionAccess>;

/** The access of one subscriber, which is checked again and again. */
export const createSubscriptionAccess = ({
  expiresAt,
  checkAccess,
  clock,
  monotonic,
}: {
  /** When the token expires. */
  readonly expiresAt: Date;
  readonly checkAccess: () => Promise<InvigilError | undefined>;
  readonly clock: () => Date;
  readonly monotonic: () => number;
}) => {
  /** The time of the last successful check, by the monotonic clock. */
  let confirmedAt = Number.NEGATIVE_INFINITY;
  const hasExpired = (): boolean => clock() >= expiresAt;
  /** @throws UNAUTHENTICATED */
  const assertNotExpired = (): void => {
    if (hasExpired()) throw unauthenticated("The token has expired.");
  };
  return {
    hasExpired,
    assertNotExpired,
    /** Whether access has to be checked before a delivery. The periodic check may be late: the process may have been paused. */
    isStale: (): boolean => monotonic() - confirmedAt > MAX_CONFIRMED_AGE_MS,
    /** @throws InvigilError if the caller may not subscribe any more */
    recheck: async (): Promise<void> => {
      // The result may be as old as the beginning of the check.
      const startedAt = monotonic();
      const failed = await checkAccess();
      if (failed?.code === "UNAUTHENTICATED") throw failed;
      // Whether the token was revoked is not known.
      if (failed?.cause instanceof DatabaseUnavailableError) throw failed.cause;
      // Other failures mean that the identity service did not answer. They say nothing about the caller.
      assertNotExpired();
      confirmedAt = startedAt;
    },
  };
};
