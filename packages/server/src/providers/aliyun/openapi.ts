import { z } from "zod";
import { AnswerTooLong, boundedText } from "../../platform/bounded-body.js";
import { parsedJson } from "../parsed-json.js";
import type { VendorPolicy } from "../policy.js";
import { VendorError } from "../vendor-error.js";
import type { AliyunAccount } from "./credentials.js";
import type { Sdk } from "./sdk.js";

type SignedRequest = Parameters<Sdk["signing"]["getAuthorization"]>[0];

export interface OpenApiOptions {
  /** Where the service is: an origin. */
  readonly url: string;
  /** The version of its API, a day. */
  readonly version: string;
  readonly account: AliyunAccount;
  readonly policy: VendorPolicy;
}

export interface OpenApiCall<Schema extends z.ZodType> {
  readonly action: string;
  readonly query: Readonly<Record<string, string>>;
  /** Whether doing it twice does what doing it once does. */
  readonly repeatable: boolean;
  /** Reads the answer. */
  readonly schema: Schema;
  /** Codes of refusals that are as good as an answer, and that answer. */
  readonly unless?: { readonly codes: readonly string[]; readonly answer: z.output<Schema> };
  readonly signal?: AbortSignal | undefined;
}

/** Calls the actions of one of the vendor's services. */
export interface OpenApi {
  /** @throws PROVIDER_FAILED */
  call<Schema extends z.ZodType>(call: OpenApiCall<Schema>): Promise<z.output<Schema>>;
}

const AGENT = "invigil";
/** `ServiceUnavailable` says that the call was not taken, and asks for another try, as throttling does. */
const THROTTLED = /Throttling|^ServiceUnavailable/;
/** The vendor explains what it could not verify by repeating what was sent, tokens and all. */
const TELLS_TOO_MUCH = /signature|token|accesskey/i;
const MAX_SAID = 200;

const errorBody = z.object({
  Code: z.string().optional(),
  Message: z.string().optional(),
  RequestId: z.string().optional(),
});
const idBody = z.object({ RequestId: z.string() });

interface Answered {
  readonly status: number;
  readonly body: string;
  /** From the header. */
  readonly requestId: string | undefined;
}

/** What the vendor answered instead of doing what it was asked. */
const refusal = ({ status, body, requestId }: Answered): VendorError => {
  const { data } = errorBody.safeParse(parsedJson(body));
  // A gateway's page.
  if (!data) return new VendorError("a failure that is not JSON", { fault: "unavailable" });
  const code = data.Code || undefined;
  const said = data.Message && !TELLS_TOO_MUCH.test(code ?? "") ? `: ${data.Message.slice(0, MAX_SAID)}` : "";
  const answered = status >= 500 ? "unavailable" : "refused";
  const throttled = status === 429 || THROTTLED.test(code ?? "");
  return new VendorError(`${code ?? `HTTP ${status}`}${said}`, {
    fault: throttled ? "throttled" : answered,
    code,
    requestId: data.RequestId || requestId,
  });
};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** A try that brought no answer, as what the vendor did. */
const vendorErrorOf = (error: unknown, signal: AbortSignal): VendorError => {
  if (error instanceof VendorError) return error;
  if (error instanceof AnswerTooLong) return new VendorError(error.message, { fault: "unreadable" });
  if (signal.aborted) return new VendorError("no answer in time", { fault: "timeout" });
  // `fetch` says no more than that it failed; why stands in the cause.
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const code = codeOf(cause);
  // Its HTTP parser gives a code under Node 20 alone.
  if (cause instanceof Error && cause.name === "HTTPParserError")
    return new VendorError(`no HTTP (${code || cause.name})`, { fault: "unreadable" });
  return new VendorError(`no connection (${code || "closed"})`, { fault: "unreachable" });
};

const read = <Schema extends z.ZodType>(schema: Schema, { body, requestId }: Answered): z.output<Schema> => {
  const json = parsedJson(body);
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join(".");
  const what = json === undefined ? "is not JSON" : `has no ${field || "object"} as documented`;
  throw new VendorError(`the answer ${what}`, {
    fault: "unreadable",
    requestId: idBody.safeParse(json).data?.RequestId ?? requestId,
  });
};

/** RFC 3986: as the vendor encodes what it verifies. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const ALGORITHM = "ACS3-HMAC-SHA256";

/**
 * Calls are signed by the vendor's SDK and sent by `fetch`: the SDK's own transport reads an answer of any length, for as long as it
 * comes, and cannot be ended.
 */
export const createOpenApi = ({ url, version, account, policy }: OpenApiOptions): OpenApi => {
  const { host, origin } = new URL(url);

  const post = async (
    action: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answered> => {
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
      // Safe: these four fields are what the SDK signs.
      request as SignedRequest,
      ALGORITHM,
      payload,
      accessKeyId,
      accessKeySecret,
    );
    const text = Object.entries(query)
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
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
    call({ action, query, repeatable, schema, unless, signal: outer }) {
      const attempt = async (signal: AbortSignal) => {
        await account.ready();
        const answered = await post(action, query, signal).catch((error: unknown) => {
          throw vendorErrorOf(error, signal);
        });
        if (answered.status < 300) return read(schema, answered);
        const error = refusal(answered);
        if (unless && error.code !== undefined && unless.codes.includes(error.code)) return unless.answer;
        throw error;
      };
      return policy.run({ action, repeatable, signal: outer, attempt });
    },
  };
};
