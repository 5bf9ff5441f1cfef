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
  /** Returns how many are acquired, by all identities. */
  inUse(): { readonly connections: number; readonly subscriptions: number };
}

const RETRY_AFTER_SECONDS = 10;

const createCounter = (max: number, what: string) => {
  const counts = new Map<string, number>();
  let all = 0;
  const acquire = (caller: CountedCaller): (() => void) => {
    const key = identityKey(caller);
    const count = counts.get(key) ?? 0;
    if (count >= max)
      throw new InvigilError("TOO_MANY_REQUESTS", `A person may have ${max} ${what} open at a time.`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        limit: what,
      });
    counts.set(key, count + 1);
    all += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      all -= 1;
      const left = (counts.get(key) ?? 1) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    };
  };
  return { acquire, all: () => all };
};

export const createSubscriptionLimits = ({
  connections,
  subscriptions,
}: LimitSettings): SubscriptionLimits => {
  const { acquire: acquireConnection, all: allConnections } = createCounter(connections, "connections");
  const { acquire: countSubscription, all: allSubscriptions } = createCounter(subscriptions, "subscriptions");
  const targetsOfConnection = new WeakMap<object, Set<string>>();

  return {
    acquireConnection,
    inUse: () => ({ connections: allConnections(), subscriptions: allSubscriptions() }),
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
