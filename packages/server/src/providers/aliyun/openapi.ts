import { z } from "zod";
import { AnswerTooLong, boundedText } from "../../platform/bounded-body.js";
import { parseJson } from "../parse-json.js";
import type { VendorPolicy } from "../policy.js";
import { VendorError } from "../vendor-error.js";
import type { AliyunAccount } from "./credentials.js";
import type { Sdk } from "./sdk.js";

type SignedRequest = Parameters<Sdk["signing"]["getAuthorization"]>[0];

export interface OpenApiOptions {
  /** The origin of the service. */
  readonly url: string;
  /** The version of the API, a date. */
  readonly version: string;
  readonly account: AliyunAccount;
  readonly policy: VendorPolicy;
}

export interface OpenApiCall<Schema extends z.ZodType> {
  readonly action: string;
  readonly query: Readonly<Record<string, string>>;
  /** Whether the call is idempotent. */
  readonly idempotent: boolean;
  /** Parses the response. */
  readonly schema: Schema;
  /** Error codes that count as success, and the result to return for them. */
  readonly tolerated?: { readonly codes: readonly string[]; readonly answer: z.output<Schema> };
  readonly signal?: AbortSignal | undefined;
}

const AGENT = "invigil";
/** `ServiceUnavailable` means that the call was not executed and can be retried, as for throttling. */
const THROTTLED = /Throttling|^ServiceUnavailable/;
/** The messages of these errors may repeat credentials from the request. */
const REPEATS_CREDENTIALS = /signature|token|accesskey/i;
const MAX_MESSAGE_LENGTH = 200;

const errorBody = z.object({
  Code: z.string().optional(),
  Message: z.string().optional(),
  RequestId: z.string().optional(),
});
const idBody = z.object({ RequestId: z.string() });

interface ApiResponse {
  readonly status: number;
  readonly body: string;
  /** From the response header. */
  readonly requestId: string | undefined;
}

/** Converts an error response of the vendor. */
const errorOf = ({ status, body, requestId }: ApiResponse): VendorError => {
  const { data } = errorBody.safeParse(parseJson(body));
  // An HTML page of a gateway, for example.
  if (!data) return new VendorError("an error response that is not JSON", { fault: "unavailable" });
  const code = data.Code || undefined;
  const message =
    data.Message && !REPEATS_CREDENTIALS.test(code ?? "")
      ? `: ${data.Message.slice(0, MAX_MESSAGE_LENGTH)}`
      : "";
  const fault = status >= 500 ? "unavailable" : "refused";
  const throttled = status === 429 || THROTTLED.test(code ?? "");
  return new VendorError(`${code ?? `HTTP ${status}`}${message}`, {
    fault: throttled ? "throttled" : fault,
    code,
    requestId: data.RequestId || requestId,
  });
};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Converts the error of an attempt without a response. */
const vendorErrorOf = (error: unknown, signal: AbortSignal): VendorError => {
  if (error instanceof VendorError) return error;
  if (error instanceof AnswerTooLong) return new VendorError(error.message, { fault: "unreadable" });
  if (signal.aborted) return new VendorError("no response in time", { fault: "timeout" });
  // `fetch` only reports that it failed. The reason is in the cause.
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const code = codeOf(cause);
  // Only Node 20 sets a code for HTTP parser errors.
  if (cause instanceof Error && cause.name === "HTTPParserError")
    return new VendorError(`no HTTP (${code || cause.name})`, { fault: "unreadable" });
  return new VendorError(`no connection (${code || "closed"})`, { fault: "unreachable" });
};

const read = <Schema extends z.ZodType>(
  schema: Schema,
  { body, requestId }: ApiResponse,
): z.output<Schema> => {
  const json = parseJson(body);
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join(".");
  const what = json === undefined ? "is not JSON" : `lacks the documented ${field || "object"}`;
  throw new VendorError(`the response ${what}`, {
    fault: "unreadable",
    requestId: idBody.safeParse(json).data?.RequestId ?? requestId,
  });
};

/** Percent-encoding of RFC 3986, which the vendor uses for signatures. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const ALGORITHM = "ACS3-HMAC-SHA256";

/** Calls the actions of one service of the vendor. */
export type OpenApi = ReturnType<typeof createOpenApi>;

/**
 * The vendor's SDK signs the calls, but `fetch` sends them, because the SDK's transport has no limits of size
 * and time and cannot be aborted.
 */
export const createOpenApi = ({ url, version, account, policy }: OpenApiOptions) => {
  const { host, origin } = new URL(url);

  const post = async (
    action: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ApiResponse> => {
    const { sdk, credential } = await account.open();
    const { accessKeyId = "", accessKeySecret = "", securityToken } = await credential.getCredential();
    const method = "POST";
    const payload = sdk.signing.hash(Buffer.alloc(0), ALGORITHM).toString("hex");
    const headers: Record<string, string> = {
      "x-acs-version": version,
      "x-acs-action": action,
      "x-acs-date": sdk.signing.getTimestamp(),
      "x-acs-signature-nonce": sdk.signing.getNonce(),
      "x-acs-content-sha256": payload,
      ...(securityToken && { "x-acs-accesskey-id": accessKeyId, "x-acs-security-token": securityToken }),
    };
    const request: Pick<SignedRequest, "method" | "pathname" | "query" | "headers"> = {
      method,
      pathname: "/",
      query: { ...query },
      headers: { ...headers, host },
    };
    const authorization = sdk.signing.getAuthorization(
      // Safe: the SDK signs only these four fields.
      request as SignedRequest,
      ALGORITHM,
      payload,
      accessKeyId,
      accessKeySecret,
    );
    const text = Object.entries(query)
      .map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`)
      .join("&");
    const response = await fetch(`${origin}/?${text}`, {
      method,
      headers: { ...headers, authorization, accept: "application/json", "user-agent": AGENT },
      redirect: "manual",
      signal,
    });
    return {
      status: response.status,
      body: await boundedText(response),
      requestId: response.headers.get("x-acs-request-id") ?? undefined,
    };
  };

  return {
    /** @throws PROVIDER_FAILED */
    call<Schema extends z.ZodType>({
      action,
      query,
      idempotent,
      schema,
      tolerated,
      signal: callerSignal,
    }: OpenApiCall<Schema>): Promise<z.output<Schema>> {
      const attempt = async (signal: AbortSignal) => {
        await account.ready();
        const response = await post(action, query, signal).catch((error: unknown) => {
          throw vendorErrorOf(error, signal);
        });
        if (response.status < 300) return read(schema, response);
        const error = errorOf(response);
        if (tolerated && error.code !== undefined && tolerated.codes.includes(error.code))
          return tolerated.answer;
        throw error;
      };
      return policy.run({ action, idempotent, signal: callerSignal, attempt });
    },
  };
};
