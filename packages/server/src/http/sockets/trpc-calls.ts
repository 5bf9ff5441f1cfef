/** What a client sent, as far as it can be read. */
export interface Sent {
  readonly id: string | number;
  readonly method: "query" | "mutation" | "subscription" | "subscription.stop";
}
const METHODS: ReadonlySet<unknown> = new Set(["query", "mutation", "subscription", "subscription.stop"]);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const idOf = (message: unknown): string | number | null => {
  const id = isObject(message) ? message.id : undefined;
  return typeof id === "string" || (typeof id === "number" && !Number.isNaN(id)) ? id : null;
};

/** Whether it ends a subscription, and is no call of its own. */
export const isStop = (message: unknown): boolean =>
  isObject(message) && message.method === "subscription.stop";

/** Whether tRPC can make a call of it, whatever the call's input is worth. */
const isSent = (message: unknown): message is Sent => {
  if (!isObject(message) || idOf(message) === null || !METHODS.has(message.method)) return false;
  if (message.jsonrpc !== undefined && message.jsonrpc !== "2.0") return false;
  if (isStop(message)) return true;
  const { params } = message;
  return (
    isObject(params) &&
    typeof params.path === "string" &&
    (params.lastEventId === undefined || typeof params.lastEventId === "string")
  );
};

/** Why a message is not taken. */
export type Refusal = "unreadable" | "duplicate" | "too many";

/** The calls of one connection that are under way, and the subscriptions that are open. */
export interface Calls {
  /** Takes a message, or says why not. */
  receive(message: unknown): Refusal | undefined;
  /** Notes what is answered. */
  answer(message: unknown): void;
  /** Answers that are still owed. */
  pending(): number;
  subscriptions(): number;
  /** How many calls there were. */
  total(): number;
  /** Resolves when none is left; at once when there is none. */
  settled(): Promise<void>;
  /** Forgets all: nobody is left to be answered. */
  clear(): void;
}

export const createCalls = ({
  maxPending,
  maxSubscriptions,
}: {
  readonly maxPending: number;
  readonly maxSubscriptions: number;
}): Calls => {
  const open = new Map<string | number, "call" | "subscription">();
  let subscriptions = 0;
  let total = 0;
  let waiting: (() => void)[] = [];

  const settle = (): void => {
    if (open.size > 0) return;
    for (const tell of waiting) tell();
    waiting = [];
  };
  const end = (id: string | number): void => {
    if (open.get(id) === "subscription") subscriptions--;
    open.delete(id);
    settle();
  };

  return {
    receive(message) {
      if (!isSent(message)) return "unreadable";
      if (isStop(message)) return undefined;
      const { id, method } = message;
      if (open.has(id)) return "duplicate";
      const isSubscription = method === "subscription";
      if (isSubscription ? subscriptions >= maxSubscriptions : open.size - subscriptions >= maxPending)
        return "too many";
      open.set(id, isSubscription ? "subscription" : "call");
      if (isSubscription) subscriptions++;
      total++;
      return undefined;
    },
    answer(message) {
      const id = idOf(message);
      if (id === null || !isObject(message)) return;
      // A subscription ends with an error or with `stopped`.
      const { result } = message;
      const goesOn = open.get(id) === "subscription" && isObject(result) && result.type !== "stopped";
      if (!goesOn) end(id);
    },
    pending: () => open.size - subscriptions,
    subscriptions: () => subscriptions,
    total: () => total,
    settled: () =>
      open.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve);
          }),
    clear() {
      open.clear();
      subscriptions = 0;
      settle();
    },
  };
};
