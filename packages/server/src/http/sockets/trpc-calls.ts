export interface ClientMessage {
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

/** Whether the message ends a subscription. */
export const isStop = (message: unknown): boolean =>
  isObject(message) && message.method === "subscription.stop";

/** Whether tRPC can handle the message. The input of its call may still be invalid. */
const isClientMessage = (message: unknown): message is ClientMessage => {
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

/** Why a message is refused. */
export type Refusal = "unreadable" | "duplicate" | "too many";

export type Calls = ReturnType<typeof createCalls>;

/** The pending calls and active subscriptions of one connection. */
export const createCalls = ({
  maxPending,
  maxSubscriptions,
}: {
  readonly maxPending: number;
  readonly maxSubscriptions: number;
}) => {
  const open = new Map<string | number, "call" | "subscription">();
  let subscriptions = 0;
  let total = 0;
  let waiting: (() => void)[] = [];

  const settle = (): void => {
    if (open.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const end = (id: string | number): void => {
    if (open.get(id) === "subscription") subscriptions--;
    open.delete(id);
    settle();
  };

  return {
    /** Accepts a message, or returns why it is refused. */
    receive(message: unknown): Refusal | undefined {
      if (!isClientMessage(message)) return "unreadable";
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
    /** Registers an answer. */
    answer(message: unknown): void {
      const id = idOf(message);
      if (id === null || !isObject(message)) return;
      // A subscription ends with an error or with `stopped`.
      const { result } = message;
      const continues = open.get(id) === "subscription" && isObject(result) && result.type !== "stopped";
      if (!continues) end(id);
    },
    /** The number of calls without an answer. */
    pending: (): number => open.size - subscriptions,
    subscriptions: (): number => subscriptions,
    /** The number of calls so far. */
    total: (): number => total,
    /** Resolves when no call is pending and no subscription is active. */
    settled: (): Promise<void> =>
      open.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve);
          }),
    /** Forgets all calls, because the client has disconnected. */
    clear(): void {
      open.clear();
      subscriptions = 0;
      settle();
    },
  };
};
