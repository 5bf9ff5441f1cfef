import type { JsonValue } from "@invigil/schema";
import { isNetworkError } from "../errors.js";
import type { SentMessage } from "../procedures.js";
import { backoffMs, type RetryOptions } from "../retry.js";
import { delay } from "./delay.js";

/** A message to send. */
export interface MessageRequest {
  readonly type: number;
  readonly data: JsonValue;
  readonly to: string[] | undefined;
  /** The idempotency key. The server ignores a message with a key that it already received. */
  readonly key: string;
}
export type Send = (
  message: MessageRequest,
  options: { readonly signal: AbortSignal },
) => Promise<SentMessage>;

export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );

/** Sends a message, and repeats it if the response is lost. */
export const sendMessage = async (
  send: Send,
  message: Omit<MessageRequest, "key">,
  { signal, retry }: { readonly signal: AbortSignal; readonly retry: RetryOptions | false },
): Promise<SentMessage> => {
  const { attempts = 3, ...backoff } = retry || { attempts: 1 };
  const key = randomId();
  for (let failures = 1; ; failures += 1) {
    try {
      return await send({ ...message, key }, { signal });
    } catch (error) {
      if (!isNetworkError(error) || failures >= attempts) throw error;
      await delay(backoffMs(failures, backoff, Math.random), signal);
    }
  }
};
