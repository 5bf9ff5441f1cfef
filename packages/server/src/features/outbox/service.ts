import type { DeadLetterPage, ListDeadLettersInput, Retried } from "@invigil/schema";
import type { Opened } from "../../domain/opened.js";
import type { DeadLetters } from "../../domain/outbox/dead-letters.js";
import { InvigilError } from "../../platform/errors.js";

export type OutboxService = ReturnType<typeof createOutboxService>;

/** What administrators do about calls to message services that were given up. */
export const createOutboxService = ({ deadLetters }: { deadLetters: DeadLetters }) => ({
  async list(
    _caller: Opened<"unbound">,
    { pageSize: limit, cursor: before }: ListDeadLettersInput,
  ): Promise<DeadLetterPage> {
    const { rows, ...next } = await deadLetters.list({ limit, before });
    return {
      // The payload may hold messages to people.
      letters: rows.map(({ payload: _payload, lastError, ...letter }) => ({
        ...letter,
        ...(lastError !== null && { lastError }),
      })),
      ...next,
    };
  },
  /** @throws PROVIDER_NOT_CONFIGURED */
  async retry(caller: Opened<"unbound">, id: string): Promise<Retried> {
    const outcome = await deadLetters.retry(id, caller);
    if (outcome === "unhandled")
      throw new InvigilError(
        "PROVIDER_NOT_CONFIGURED",
        `The call ${id} cannot be tried again, because its message service is not configured.`,
      );
    return { retried: outcome === "retried" };
  },
});
