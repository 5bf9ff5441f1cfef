import { createHash } from "node:crypto";
import { z } from "zod";
import { AnswerTooLong, boundedText } from "../../platform/bounded-body.js";
import { parseJson } from "../parse-json.js";
import type { PolicyLog, VendorPolicy } from "../policy.js";
import { VendorError, type VendorFault } from "../vendor-error.js";

/** The parameters of a call, in order. Names may repeat. */
export type RongForm = readonly (readonly [name: string, value: string])[];

export interface RongCall<Answer> {
  /** The path without the leading slash and `.json`: `group/create`. */
  readonly action: string;
  readonly form: RongForm;
  /** Whether the call is idempotent. */
  readonly idempotent: boolean;
  /** The schema of the response's other fields. */
  readonly answer: z.ZodType<Answer>;
  readonly signal?: AbortSignal | undefined;
}

export interface RongClientOptions {
  readonly appKey: string;
  readonly appSecret: string;
  /** The first host, and the hosts to use if it does not respond. */
  readonly urls: readonly string[];
  readonly policy: VendorPolicy;
  /** The time limit of the policy, which all hosts share. */
  readonly timeoutMs: number;
  readonly clock: () => Date;
  /** Random letters and digits, different for every call. */
  readonly nonce: () => string;
  readonly log: Pick<PolicyLog, "warn">;
}

/** The maximum length of a nonce. */
const NONCE_LENGTH = 18;

/** The SHA-1 in hexadecimal of secret, nonce and timestamp (in milliseconds). */
export const rongSignature = (appSecret: string, nonce: string, timestamp: string): string =>
  createHash("sha1").update(`${appSecret}${nonce}${timestamp}`).digest("hex");

/** A host did not respond. Unless `reached` is false, it may have executed the call. */
class NoResponse extends VendorError {
  readonly reached: boolean;

  constructor(
    message: string,
    { reached, ...options }: { fault: VendorFault; requestId: string; reached: boolean; cause: unknown },
  ) {
    super(message, options);
    this.reached = reached;
  }
}

/** The error codes of a connection that was never established. */
const NEVER_REACHED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** `fetch` only reports that it failed. The reason is in the cause, if it has a code. */
const codeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && "code" in error.cause
    ? error.cause.code
    : undefined;

const answerSchema = z.object({ code: z.int(), errorMessage: z.string().optional() });
const OK = 200;
/** The code of the service, and the corresponding HTTP status. */
const THROTTLED: ReadonlySet<number> = new Set([1008, 429]);

const faultOf = (status: number, code: number): VendorFault => {
  if (THROTTLED.has(code)) return "throttled";
  if (status >= 500) return "unavailable";
  return "refused";
};

interface Response {
  readonly status: number;
  readonly body: string;
  readonly requestId: string;
}

/**
 * Parses a successful response.
 * @throws VendorError for other responses
 */
const read = <Answer>({ status, body, requestId }: Response, schema: z.ZodType<Answer>): Answer => {
  const json = parseJson(body);
  const parsed = answerSchema.safeParse(json).data;
  // Without a code in the body, only an HTTP error status is an error code.
  const code = parsed?.code ?? (status >= 400 ? status : undefined);
  if (code === undefined)
    throw new VendorError(`HTTP ${status} without a code`, { fault: "unreadable", requestId });
  if (code !== OK) {
    const message = parsed?.errorMessage?.slice(0, 200) ?? `HTTP ${status}`;
    throw new VendorError(message, { fault: faultOf(status, code), code: String(code), requestId });
  }
  const answer = schema.safeParse(json);
  if (answer.success) return answer.data;
  throw new VendorError("the response lacks the requested data", { fault: "unreadable", requestId });
};

/** The server API of RongCloud: form posts with signature headers and JSON responses. */
export type RongClient = ReturnType<typeof createRongClient>;

/**
 * RongCloud's own SDK uses the same nonce for all calls of a process, so Invigil has its own client. If a
 * host does not respond, or reports a server error, the next call or attempt starts with the next host.
 */
export const createRongClient = (options: RongClientOptions) => {
  const { appKey, appSecret, urls, policy, timeoutMs, clock, nonce, log } = options;
  let first = 0;
  /** Starts further calls with the next host. */
  const skipHost = (host: number): void => {
    first = (host + 1) % urls.length;
  };

  const post = async (url: string, form: RongForm, signal: AbortSignal): Promise<Response> => {
    const requestId = nonce();
    const once = requestId.slice(0, NONCE_LENGTH);
    const timestamp = String(clock().getTime());
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "app-key": appKey,
          nonce: once,
          timestamp,
          signature: rongSignature(appSecret, once, timestamp),
          "x-request-id": requestId,
          "content-type": "application/x-www-form-urlencoded",
          // The vendor requires it, because persistent connections bypass its load balancing.
          connection: "close",
        },
        body: new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])),
        redirect: "manual",
        signal,
      });
      const body = await boundedText(response);
      return {
        status: response.status,
        body,
        requestId: response.headers.get("x-request-id")?.slice(0, 64) ?? requestId,
      };
    } catch (cause) {
      if (cause instanceof AnswerTooLong)
        throw new VendorError(cause.message, { fault: "unreadable", requestId, cause });
      const code = codeOf(cause);
      throw signal.aborted
        ? new NoResponse("no response in time", { fault: "timeout", requestId, reached: true, cause })
        : new NoResponse(typeof code === "string" ? code : "the connection failed", {
            fault: "unreachable",
            requestId,
            reached: !NEVER_REACHED.has(code),
            cause,
          });
    }
  };

  /** Sends a request with a time limit. Without `waitMs`, only the signal limits it. */
  const postWithin = async (waitMs: number | undefined, url: string, form: RongForm, signal: AbortSignal) => {
    const ending = new AbortController();
    const stop = (): void => ending.abort();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const timer = waitMs === undefined ? undefined : setTimeout(stop, waitMs);
    try {
      return await post(url, form, ending.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  };

  return {
    /** @throws PROVIDER_FAILED */
    call<Answer>({
      action,
      form,
      idempotent,
      answer,
      signal: callerSignal,
    }: RongCall<Answer>): Promise<Answer> {
      const ends = performance.now() + timeoutMs;

      const attempt = async (signal: AbortSignal): Promise<Response> => {
        for (let remainingHosts = urls.length - 1; ; remainingHosts -= 1) {
          const host = first;
          const url = `${urls[host]}/${action}.json`;
          // The remaining hosts share the remaining time. If no other host may be called, this one gets all
          // of it.
          const waitMs =
            idempotent && remainingHosts > 0 ? (ends - performance.now()) / (remainingHosts + 1) : undefined;
          try {
            const response = await postWithin(waitMs, url, form, signal);
            if (response.status >= 500) skipHost(host);
            return response;
          } catch (error) {
            if (!(error instanceof NoResponse)) throw error;
            skipHost(host);
            if (remainingHosts === 0 || signal.aborted || (error.reached && !idempotent)) throw error;
            const { fault, message, requestId } = error;
            log.warn(
              { provider: "rong_cloud", action, url, fault, reason: message, vendorRequestId: requestId },
              "vendor host did not respond: calling the next one",
            );
          }
        }
      };
      return policy.run({
        action,
        idempotent,
        signal: callerSignal,
        attempt: async (signal) => read(await attempt(signal), answer),
      });
    },
  };
};
