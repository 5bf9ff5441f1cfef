import { z } from "zod";
import { parsedJson } from "../parsed-json.js";
import type { VendorPolicy } from "../policy.js";
import { VendorError } from "../vendor-error.js";
import type { AliyunAccount } from "./credentials.js";
import type { Sdk } from "./sdk.js";

export interface OpenApiOptions {
  /** Where the service is: an origin. */
  readonly url: string;
  /** The version of its API, a day. */
  readonly version: string;
  readonly account: AliyunAccount;
  readonly policy: VendorPolicy;
  /** How long one try may take to connect, and to be answered. */
  readonly timeoutMs: number;
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

const errorBody = z.object({ Message: z.string() });
const idBody = z.object({ RequestId: z.string() });

/** The SDK makes texts of what is missing. */
const given = (text: string | undefined): string | undefined =>
  text === "undefined" || text === "" ? undefined : text;

/** What the vendor answered instead of doing what it was asked. */
const refusal = (error: InstanceType<Sdk["VendorSaid"]>): VendorError => {
  const code = given(error.code);
  const { statusCode: status = 0 } = error;
  const { data } = errorBody.safeParse(error.data);
  const said = data && !TELLS_TOO_MUCH.test(code ?? "") ? `: ${data.Message.slice(0, MAX_SAID)}` : "";
  const answered = status >= 500 ? "unavailable" : "refused";
  const throttled = status === 429 || THROTTLED.test(code ?? "");
  return new VendorError(`${code ?? `HTTP ${status}`}${said}`, {
    fault: throttled ? "throttled" : answered,
    code,
    requestId: given(error.requestId),
  });
};

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

/** A failed try, as what the vendor did. The SDK's errors are not passed on: they hold what was sent and answered. */
const vendorErrorOf = (error: unknown, { VendorSaid }: Sdk): unknown => {
  if (error instanceof VendorError) return error;
  if (error instanceof VendorSaid) return refusal(error);
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (error.name.startsWith("RequestTimeout"))
    return new VendorError("no answer in time", { fault: "timeout" });
  // Node's HTTP parser.
  if (code.startsWith("HPE_")) return new VendorError(`no HTTP (${code})`, { fault: "unreadable" });
  if (code) return new VendorError(`no connection (${code})`, { fault: "unreachable" });
  // Answers of success are read here, so what the SDK could not read came with a status of failure: a gateway's page.
  if (error instanceof SyntaxError || error instanceof TypeError)
    return new VendorError("a failure that is not JSON", { fault: "unavailable" });
  return error;
};

const answer = z.object({ body: z.string(), headers: z.record(z.string(), z.unknown()) });

const read = <Schema extends z.ZodType>(schema: Schema, answered: unknown): z.output<Schema> => {
  const { body, headers } = answer.parse(answered);
  const json = parsedJson(body);
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const header = headers["x-acs-request-id"];
  const requestId =
    idBody.safeParse(json).data?.RequestId ?? (typeof header === "string" ? header : undefined);
  const field = result.error.issues[0]?.path.join(".");
  const what = json === undefined ? "is not JSON" : `has no ${field || "object"} as documented`;
  throw new VendorError(`the answer ${what}`, { fault: "unreadable", requestId });
};

export const createOpenApi = ({ url, version, account, policy, timeoutMs }: OpenApiOptions): OpenApi => {
  const { host, protocol } = new URL(url);

  const connect = async () => {
    const { sdk, credential } = await account.open();
    // Nothing here asks for the SDK's own retries: the policy decides about those.
    const client = new sdk.Client(
      new sdk.Settings({
        credential,
        endpoint: host,
        protocol: protocol.slice(0, -1),
        userAgent: AGENT,
        connectTimeout: timeoutMs,
        readTimeout: timeoutMs,
      }),
    );
    const post = (action: string, query: Readonly<Record<string, string>>): Promise<unknown> =>
      client.callApi(
        new sdk.Params({
          action,
          version,
          protocol: protocol.slice(0, -1),
          pathname: "/",
          method: "POST",
          authType: "AK",
          style: "RPC",
          reqBodyType: "formData",
          // As a text, so that what cannot be read keeps its request id.
          bodyType: "string",
        }),
        new sdk.Request({ query: { ...query } }),
        { toMap: () => ({}) },
      );
    return { sdk, post };
  };
  let connected: ReturnType<typeof connect> | undefined;

  return {
    async call({ action, query, repeatable, schema, unless, signal }) {
      connected ??= connect();
      const { sdk, post } = await connected;
      const attempt = async () => {
        await account.ready();
        try {
          return read(schema, await post(action, query));
        } catch (caught) {
          const error = vendorErrorOf(caught, sdk);
          const settled =
            error instanceof VendorError && error.code !== undefined && unless?.codes.includes(error.code);
          if (unless && settled) return unless.answer;
          throw error;
        }
      };
      return policy.run({ action, repeatable, signal, attempt });
    },
  };
};
