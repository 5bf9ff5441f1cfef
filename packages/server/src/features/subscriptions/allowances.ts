import { type CountedCaller, identityKey } from "../../identity/usage-key.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";

/** What one person may hold open in this process at a time. */
export interface Allowed {
  readonly connections: number;
  readonly subscriptions: number;
}

/** A subscription that is about to begin. */
export interface Subscriber {
  readonly listener: CountedCaller;
  /** The connection that carries it beside others; absent where the subscription has a connection of its own. */
  readonly connection?: object | undefined;
  /** What is listened to: the field of the input that names it, and its id. */
  readonly field: "roomId" | "examId";
  readonly id: string;
}

/** Counts the connections and subscriptions of each identity, which is a person with what their token is bound to. Every function that is returned gives back what was taken; calling it again changes nothing. */
export interface Allowances {
  /** @throws TOO_MANY_REQUESTS */
  connection(listener: CountedCaller): () => void;
  /** @throws INVALID_INPUT when the connection has a subscription to the same already, TOO_MANY_REQUESTS */
  subscription(subscriber: Subscriber): () => void;
}

/** When a refused client may try again, in seconds. */
const RETRY_AFTER_SECONDS = 10;

const createCounter = (most: number, refusal: string) => {
  const counts = new Map<string, number>();
  return (listener: CountedCaller): (() => void) => {
    const key = identityKey(listener);
    const count = counts.get(key) ?? 0;
    if (count >= most)
      throw new InvigilError("TOO_MANY_REQUESTS", refusal, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    counts.set(key, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (counts.get(key) ?? 1) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    };
  };
};

export const createAllowances = ({ connections, subscriptions }: Allowed): Allowances => {
  const takeConnection = createCounter(
    connections,
    `A person may have ${connections} connections open at a time.`,
  );
  const takeSubscription = createCounter(
    subscriptions,
    `A person may have ${subscriptions} subscriptions open at a time.`,
  );
  const listening = new WeakMap<object, Set<string>>();

  return {
    connection: takeConnection,
    subscription({ listener, connection, field, id }) {
      if (!connection) {
        const freeConnection = takeConnection(listener);
        try {
          const free = takeSubscription(listener);
          return () => {
            free();
            freeConnection();
          };
        } catch (error) {
          freeConnection();
          throw error;
        }
      }
      const what = `${field} ${id}`;
      const known = listening.get(connection) ?? new Set();
      if (known.has(what)) throw invalidInput(field, `is subscribed to on this connection already: ${id}`);
      const free = takeSubscription(listener);
      listening.set(connection, known.add(what));
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        known.delete(what);
        free();
      };
    },
  };
};
