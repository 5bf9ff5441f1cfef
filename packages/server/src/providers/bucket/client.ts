import { boundedText } from "../../platform/bounded-body.js";
import type { VendorPolicy } from "../policy.js";
import { VendorError, type VendorFault } from "../vendor-error.js";

/** Where a bucket is, and the access key that opens it. */
export interface BucketSettings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly addressing: "host" | "path";
}

export interface BucketCall<Answer> {
  readonly method: "GET" | "PUT" | "DELETE";
  /** The name of the object. */
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Opens the content to send. It is called for each attempt. */
  readonly body?: () => AsyncIterable<Uint8Array>;
  /** Default: the time limit of the policy. */
  readonly timeoutMs?: number;
  /** Reads a successful response, or throws a `VendorError`. */
  readonly read: (response: Response) => Promise<Answer>;
}

/** Error responses are short XML texts. */
const MAX_ERROR_BYTES = 64 * 1024;

const faultOf = (status: number): VendorFault => {
  // Amazon S3 and others also throttle with 503.
  if (status === 429 || status === 503) return "throttled";
  return status >= 500 ? "unavailable" : "refused";
};

/** Converts an error response. Its message is left out, because it can contain parts of the request. */
const refusal = async (response: Response): Promise<VendorError> => {
  const { status } = response;
  const text = await boundedText(response, MAX_ERROR_BYTES).catch(() => "");
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1];
  const requestId = response.headers.get("x-amz-request-id")?.slice(0, 64);
  return new VendorError(`HTTP ${status}`, { fault: faultOf(status), code, requestId });
};

/** Converts an error of `fetch`, which has the reason in its cause. */
const failure = (cause: unknown, signal: AbortSignal): VendorError => {
  if (cause instanceof VendorError) return cause;
  if (signal.aborted) return new VendorError("no response in time", { fault: "timeout", cause });
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : undefined;
  const code = reason && "code" in reason ? String(reason.code) : "the connection failed";
  return new VendorError(code, { fault: "unreachable", cause });
};

export const objectUrl = (
  { endpoint, bucket, addressing }: Pick<BucketSettings, "endpoint" | "bucket" | "addressing">,
  key: string,
): string => {
  if (addressing === "path") return `${endpoint}/${bucket}/${key}`;
  const { protocol, host } = new URL(endpoint);
  return `${protocol}//${bucket}.${host}/${key}`;
};

export type BucketClient = ReturnType<typeof createBucketClient>;

/** Calls a bucket of a service with the API of Amazon S3. All its calls are idempotent. */
export const createBucketClient = ({
  settings,
  policy,
  clock,
}: {
  readonly settings: BucketSettings;
  readonly policy: VendorPolicy;
  readonly clock: () => Date;
}) => {
  const { accessKeyId, secretAccessKey, region } = settings;

  const sign = async ({
    method,
    key,
    headers = {},
  }: Pick<BucketCall<unknown>, "method" | "key" | "headers">) => {
    // Imported on first use, so that it does not delay the start.
    const { AwsV4Signer } = await import("aws4fetch");
    const signer = new AwsV4Signer({
      method,
      url: objectUrl(settings, key),
      headers: { ...headers },
      accessKeyId,
      secretAccessKey,
      region,
      service: "s3",
      datetime: clock()
        .toISOString()
        .replaceAll(/[:-]|\.\d{3}/g, ""),
    });
    return signer.sign();
  };

  return {
    /** @throws PROVIDER_FAILED */
    call: <Answer>(call: BucketCall<Answer>): Promise<Answer> =>
      policy.run({
        action: `${call.method} object`,
        idempotent: true,
        timeoutMs: call.timeoutMs,
        attempt: async (signal) => {
          try {
            const { method, url, headers } = await sign(call);
            const body = call.body?.();
            const response = await fetch(url, {
              method,
              headers,
              redirect: "manual",
              signal,
              ...(body && { body, duplex: "half" }),
            });
            if (!response.ok) throw await refusal(response);
            return await call.read(response);
          } catch (error) {
            throw failure(error, signal);
          }
        },
      }),
  };
};
