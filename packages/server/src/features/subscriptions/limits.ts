import { type CountedCaller, identityKey } from "../../identity/usage-key.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";

/** How many connections and subscriptions one person may have open in this process at a time. */
export interface LimitSettings {
  readonly connections: number;
  readonly subscriptions: number;
}

export interface SubscriptionRequest {
  readonly caller: CountedCaller;
  /** The connection that the subscription shares with others. Absent if the subscription has its own connection. */
  readonly connection?: object | undefined;
  /** The input field that names the room or exam. */
  readonly field: "roomId" | "examId";
  readonly id: string;
  /** What of the room or exam. Default: its events. */
  readonly of?: "people" | undefined;
}

/**
 * Counts the connections and subscriptions of each identity. An identity is a person together with what their token is bound to.
 * Each method returns a function that releases what it acquired. Calling that function again has no effect.
 */
export interface SubscriptionLimits {
  /** @throws TOO_MANY_REQUESTS */
  acquireConnection(caller: CountedCaller): () => void;
  /** @throws INVALID_INPUT if the connection already has a subscription to the same room or exam, TOO_MANY_REQUESTS */
  acquireSubscription(request: SubscriptionRequest): () => void;
}

const RETRY_AFTER_SECONDS = 10;

const createCounter = (max: number, message: string) => {
  const counts = new Map<string, number>();
  return (caller: CountedCaller): (() => void) => {
    const key = identityKey(caller);
    const count = counts.get(key) ?? 0;
    if (count >= max)
      throw new InvigilError("TOO_MANY_REQUESTS", message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    counts.set(key, count + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (counts.get(key) ?? 1) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    };
  };
};

export const createSubscriptionLimits = ({
  connections,
  subscriptions,
}: LimitSettings): SubscriptionLimits => {
  const acquireConnection = createCounter(
    connections,
    `A person may have ${connections} connections open at a time.`,
  );
  const countSubscription = createCounter(
    subscriptions,
    `A person may have ${subscriptions} subscriptions open at a time.`,
  );
  const targetsOfConnection = new WeakMap<object, Set<string>>();

  return {
    acquireConnection,
    acquireSubscription({ caller, connection, field, id, of = "" }) {
      if (!connection) {
        const releaseConnection = acquireConnection(caller);
        try {
          const releaseSubscription = countSubscription(caller);
          return () => {
            releaseSubscription();
            releaseConnection();
          };
        } catch (error) {
          releaseConnection();
          throw error;
        }
      }
      const target = `${of} ${field} ${id}`;
      const targets = targetsOfConnection.get(connection) ?? new Set();
      if (targets.has(target))
        throw invalidInput(field, `is subscribed to on this connection already: ${id}`);
      const releaseSubscription = countSubscription(caller);
      targetsOfConnection.set(connection, targets.add(target));
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        targets.delete(target);
        releaseSubscription();
      };
    },
  };
};
