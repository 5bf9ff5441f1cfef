import type { ServedRouter } from "./router.js";
import type { Services } from "./services.js";
import { failureOf } from "./trpc.js";

/** Signs a token that is good for an hour. */
type Sign = () => Promise<string>;

/** A token is used for half of its hour. */
const USED_FOR_MS = 30 * 60 * 1000;

export interface InProcessOptions {
  readonly clock: () => Date;
  /** Ends the caller's subscriptions. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls procedures in-process with a token, through the same checks as over HTTP. The token is signed and verified when it is
 * first needed, which takes turns of the event loop, and kept: calls that are made at once begin in the order in which they were made.
 */
export const callInProcess = (
  router: ServedRouter,
  auth: Services["auth"],
  sign: Sign,
  { clock, signal }: InProcessOptions,
): ReturnType<ServedRouter["createCaller"]> => {
  let current: { readonly token: Promise<string>; readonly since: number } | undefined;

  const signed = async (): Promise<string> => {
    const token = await sign();
    await auth.identify(token).catch(failureOf);
    return token;
  };

  const tokenNow = (): Promise<string> => {
    const now = clock().getTime();
    if (!current || Math.abs(now - current.since) > USED_FOR_MS) current = { token: signed(), since: now };
    return current.token;
  };

  return router.createCaller(
    async () => {
      const token = await tokenNow();
      return {
        identity: await auth.identify(token),
        identify: () => auth.identify(token).catch(failureOf),
        address: "in-process",
        trace: { requestId: "in-process", procedures: [] },
      };
    },
    signal ? { signal } : {},
  );
};
