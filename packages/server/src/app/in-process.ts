import { getTRPCErrorShape, isTrackedEnvelope } from "@trpc/server";
import type { ServedRouter } from "../api/router.js";
import type { Services } from "../api/services.js";

/** Signs a token with this lifetime. */
type Sign = (ttlSeconds: number) => Promise<string>;

const HOUR_SECONDS = 3600;

export interface InProcessOptions {
  readonly clock: () => Date;
  /**
   * The lifetime of a token, which is used for half of it. A subscription lasts as long as its token. Default:
   * an hour.
   */
  readonly ttlSeconds?: number | undefined;
  /** Ends the caller's subscriptions. */
  readonly signal?: AbortSignal | undefined;
}

type Caller = ReturnType<ServedRouter["createCaller"]>;

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

/** Converts the events of a subscription to the form in which clients over HTTP receive them: an id and data. */
async function* toClientEvents(events: AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
  for await (const event of events) {
    yield isTrackedEnvelope(event) ? { id: event[0], data: event[1] } : event;
  }
}

/** A caller of tRPC yields the events of a subscription as pairs, although its types promise objects. The caller that this returns keeps the promise. */
const withClientEvents = <Of extends object>(caller: Of): Of =>
  new Proxy(caller, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      return typeof member === "function" ? withClientEvents(member) : member;
    },
    async apply(target, self, args: unknown[]) {
      // Safe: only members that are functions are called.
      const result: unknown = await Reflect.apply(target as (...given: unknown[]) => unknown, self, args);
      return isAsyncIterable(result) ? toClientEvents(result) : result;
    },
  });

/**
 * Calls procedures in-process with a token, through the same checks as over HTTP. The token is signed and
 * verified on first use, which takes turns of the event loop, and then cached. Simultaneous calls begin in the
 * order in which they were made.
 */
export const callInProcess = (
  router: ServedRouter,
  { auth, gate, accessLog, meters }: Pick<Services, "auth" | "gate" | "accessLog" | "meters">,
  sign: Sign,
  { clock, ttlSeconds = HOUR_SECONDS, signal }: InProcessOptions,
): Caller => {
  let current: { readonly token: Promise<string>; readonly since: number } | undefined;

  const signed = async (): Promise<string> => {
    const token = await sign(ttlSeconds);
    await auth.verify(token);
    return token;
  };

  const tokenNow = (): Promise<string> => {
    const now = clock().getTime();
    const isUsedUp = current && Math.abs(now - current.since) > ttlSeconds * 500;
    if (!current || isUsedUp) current = { token: signed(), since: now };
    return current.token;
  };

  const { _config: config } = router._def;
  const caller = router.createCaller(
    async () => {
      const token = await tokenNow();
      return {
        identity: await auth.verify(token),
        ...auth.callsWith(token),
        address: "in-process",
        isLocal: true,
        entryPoint: "in-process",
        gate,
        accessLog,
        meters,
        trace: { requestId: "in-process", procedures: [] },
      };
    },
    {
      ...(signal && { signal }),
      // The fields of an error that clients over HTTP receive. The client's `isInvigilError` recognizes them.
      onError: ({ error, ...call }) => {
        Object.assign(error, { data: getTRPCErrorShape({ config, error, ...call }).data });
      },
    },
  );
  return withClientEvents(caller);
};
