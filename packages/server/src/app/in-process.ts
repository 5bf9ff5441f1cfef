import type { ServedRouter } from "../api/router.js";
import type { Services } from "../api/services.js";
import { failureOf } from "../trpc/failures.js";

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

/**
 * Calls procedures in-process with a token, through the same checks as over HTTP. The token is signed and
 * verified on first use, which takes turns of the event loop, and then cached. Simultaneous calls begin in the
 * order in which they were made.
 */
export const callInProcess = (
  router: ServedRouter,
  { auth, gate }: Pick<Services, "auth" | "gate">,
  sign: Sign,
  { clock, ttlSeconds = HOUR_SECONDS, signal }: InProcessOptions,
): ReturnType<ServedRouter["createCaller"]> => {
  let current: { readonly token: Promise<string>; readonly since: number } | undefined;

  const signed = async (): Promise<string> => {
    const token = await sign(ttlSeconds);
    await auth.identify(token).catch(failureOf);
    return token;
  };

  const tokenNow = (): Promise<string> => {
    const now = clock().getTime();
    const isUsedUp = current && Math.abs(now - current.since) > ttlSeconds * 500;
    if (!current || isUsedUp) current = { token: signed(), since: now };
    return current.token;
  };

  return router.createCaller(
    async () => {
      const token = await tokenNow();
      return {
        identity: await auth.identify(token),
        identify: () => auth.identify(token).catch(failureOf),
        address: "in-process",
        gate,
        trace: { requestId: "in-process", procedures: [] },
      };
    },
    signal ? { signal } : {},
  );
};
