import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { z } from "zod";
import { portOf } from "../support/ports.js";
import { type AccessKey, createVerifier, Refusal } from "./acs3.js";

// What all of Aliyun's OpenAPI services have in common, as a real HTTP server on loopback.

/** What one action takes, exactly (a strict object), and what it does. */
export interface Action<Params> {
  readonly params: z.ZodType<Params>;
  run(params: Params, key: AccessKey): object;
}

/** Keeps an action's parameters and its code of one type. */
export const action = <Params>(one: Action<Params>) => ({
  /** Checks what was sent, and returns what is then to be done. */
  check(sent: Record<string, string>, key: AccessKey): () => object {
    const params = one.params.safeParse(sent);
    if (params.success) return () => one.run(params.data, key);
    const [issue] = params.error.issues;
    throw new Refusal(400, "InputInvalid", `${issue?.path.join(".")} ${issue?.message}`);
  },
});

/** How a service can fail. */
export type Fault =
  /** Never answers. */
  | "hang"
  /** Its own failure, in JSON with status 500. */
  | "error"
  /** A gateway's page with status 502. */
  | "gateway"
  | "throttle"
  /** Status 429 without a code. */
  | "busy"
  /** Status 503 with the code of a service that is overloaded. */
  | "overload"
  /** Status 200 and no JSON. */
  | "nonsense"
  /** Status 200 and JSON of another shape. */
  | "wrong"
  /** Says that the signature is wrong, with what it made of what was sent. */
  | "signature"
  /** Closes the connection. */
  | "reset"
  /** Answers what is not HTTP. */
  | "garbage"
  /** Begins an answer, and sends a byte of it now and then. */
  | "drip"
  /** Sends an answer that has no end, as fast as it is taken. */
  | "endless"
  /** The same with a status of failure. */
  | "endless-failure";

interface Plan {
  readonly fault: Fault;
  /** Only this action's calls. */
  readonly action?: string;
  /** So many calls; all of them when absent. */
  times?: number;
  /** The call is carried out, and only its answer fails. */
  readonly afterwards?: boolean;
}

export interface AliyunService extends AsyncDisposable {
  readonly url: string;
  /** Every call that arrived with a right signature, in order. */
  readonly calls: readonly { readonly action: string; readonly params: Readonly<Record<string, string>> }[];
  /** Every check that failed. */
  readonly failedChecks: readonly { readonly code: string; readonly message: string }[];
  /** The request ids that it answered, in order. */
  readonly requestIds: readonly string[];
  /** Fails calls from now on. */
  fail(fault: Fault, how?: Omit<Plan, "fault">): void;
  /** Fails no more. */
  heal(): void;
  /** The next call waits: until it is there, and until it may be answered. */
  hold(): { readonly arrived: Promise<void>; release(): void };
  /** Calls of one action so far, or of all. */
  count(action?: string): number;
  /** Answers that somebody is still taking. */
  answering(): number;
  /** Bytes that endless answers have sent. */
  flooded(): number;
  /** Headers of the last call. */
  lastHeaders(): Readonly<IncomingMessage["headers"]>;
}

export interface AliyunServiceOptions {
  readonly version: string;
  readonly keys: readonly AccessKey[];
  readonly actions: Readonly<Record<string, ReturnType<typeof action>>>;
  readonly clock?: () => Date;
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

export const openAliyunService = async ({
  version,
  keys,
  actions,
  clock,
}: AliyunServiceOptions): Promise<AliyunService> => {
  const verify = createVerifier({ version, keys, ...(clock && { clock }) });
  const calls: { action: string; params: Readonly<Record<string, string>> }[] = [];
  const failedChecks: { code: string; message: string }[] = [];
  const requestIds: string[] = [];
  let headers: IncomingMessage["headers"] = {};
  let plan: Plan | undefined;
  let flooded = 0;
  let answering = 0;
  let held: { arrive(): void; readonly released: Promise<void> } | undefined;

  const send = (response: ServerResponse, status: number, body: object): void => {
    const RequestId = `VENDOR-REQUEST-${requestIds.length + 1}`;
    requestIds.push(RequestId);
    response.writeHead(status, { "content-type": "application/json", "x-acs-request-id": RequestId });
    response.end(JSON.stringify({ RequestId, ...body }));
  };
  const raw = (response: ServerResponse, status: number, type: string, body: string): void => {
    const id = `VENDOR-REQUEST-${requestIds.length + 1}`;
    requestIds.push(id);
    response.writeHead(status, { "content-type": type, "x-acs-request-id": id }).end(body);
  };
  const refuse = (response: ServerResponse, { status, code, message }: Refusal): void =>
    send(response, status, { Code: code, Message: message, HostId: "vendor" });

  const flood = (response: ServerResponse, status: number): void => {
    response.writeHead(status, { "content-type": "application/json" });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, " "))) flooded += 65_536;
    };
    response.on("drain", more).on("error", () => undefined);
    more();
  };

  const failing: Record<Fault, (response: ServerResponse, request: IncomingMessage) => void> = {
    hang: () => undefined,
    error: (response) => refuse(response, new Refusal(500, "ServerError", "Unknown error.")),
    gateway: (response) => raw(response, 502, "text/html", "<html>502 Bad Gateway</html>"),
    throttle: (response) => refuse(response, new Refusal(400, "Throttling.User", "Request was denied.")),
    busy: (response) => send(response, 429, {}),
    overload: (response) => refuse(response, new Refusal(503, "ServiceUnavailable", "Try again later.")),
    nonsense: (response) => raw(response, 200, "text/html", "<html>welcome</html>"),
    wrong: (response) => raw(response, 200, "application/json", '"what"'),
    signature: (response, request) =>
      refuse(
        response,
        new Refusal(
          400,
          "SignatureDoesNotMatch",
          `string to sign is ${String(request.headers["x-acs-security-token"])} ${request.headers.authorization}`,
        ),
      ),
    reset: (response) => response.socket?.resetAndDestroy(),
    drip: (response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("{");
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    },
    endless: (response) => flood(response, 200),
    "endless-failure": (response) => flood(response, 500),
    garbage: (response) => response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n"),
  };

  /** The plan that fails this call, used up by one. */
  const planFor = (name: string): Plan | undefined => {
    const now = plan;
    if (!now || (now.action !== undefined && now.action !== name) || now.times === 0) return undefined;
    if (now.times !== undefined) now.times -= 1;
    return now;
  };

  /** Signature, action and parameters: what is wrong with these is the caller's fault. */
  const check = (request: IncomingMessage, body: Buffer): { name: string; run: () => object } => {
    try {
      const { action: name, params, key } = verify(request, body);
      calls.push({ action: name, params });
      const known = actions[name];
      if (!known) throw new Refusal(404, "InvalidAction.NotFound", `There is no ${name}.`);
      return { name, run: known.check({ ...params }, key) };
    } catch (error) {
      if (error instanceof Refusal) failedChecks.push({ code: error.code, message: error.message });
      throw error;
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    answering += 1;
    response.once("close", () => {
      answering -= 1;
    });
    try {
      const body = await readBody(request);
      headers = request.headers;
      const { name, run } = check(request, body);
      const failure = planFor(name);
      const waiting = held;
      held = undefined;
      waiting?.arrive();
      await waiting?.released;
      if (failure && !failure.afterwards) return failing[failure.fault](response, request);
      const answer = run();
      if (failure) return failing[failure.fault](response, request);
      send(response, 200, answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuse(response, error);
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);

  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    failedChecks,
    requestIds,
    fail(fault, how = {}) {
      plan = { fault, ...how };
    },
    heal() {
      plan = undefined;
    },
    hold() {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const arrived = new Promise<void>((resolve) => {
        held = { arrive: resolve, released };
      });
      return { arrived, release: () => release() };
    },
    count: (name) => calls.filter(({ action }) => name === undefined || action === name).length,
    lastHeaders: () => headers,
    answering: () => answering,
    flooded: () => flooded,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
