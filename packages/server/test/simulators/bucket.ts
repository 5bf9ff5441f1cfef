import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { portOf } from "../support/ports.js";
import { Refusal } from "./acs3.js";
import { createVerifier, type VerifierOptions } from "./sigv4.js";

// A bucket with the API of Amazon S3, as a real HTTP server on loopback. Its URLs name the bucket in their path.

/** How the service can fail. */
export type BucketFault =
  /** Never answers. */
  | "hang"
  /** Status 500 without a body. */
  | "error"
  /** Status 503 with the code for too many calls. */
  | "slow down"
  /** Status 403 with a message that repeats parts of the call. */
  | "denied"
  /** Closes the connection. */
  | "reset"
  /** Sends less than was asked for. */
  | "short"
  /** Sends the whole object, whatever was asked for. */
  | "whole";

/** Stands for what a refusal of the service repeats of a call. Must not appear in responses or log lines. */
export const SPILLED = "the authorization header of the call";

export interface BucketCallSeen {
  readonly method: string;
  readonly key: string;
  readonly range: string | undefined;
}

export interface SimulatedBucket extends AsyncDisposable {
  readonly url: string;
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Every call that arrived with a right signature, in order. */
  readonly calls: readonly BucketCallSeen[];
  /** The codes of every check that failed. */
  readonly failedChecks: readonly string[];
  /** Fails calls from now on: all of them, or so many, and of all methods or one. */
  fail(fault: BucketFault, how?: { readonly times?: number; readonly method?: string }): void;
  /** Fails no more. */
  heal(): void;
}

export interface SimulatedBucketOptions extends VerifierOptions {
  readonly bucket: string;
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** The bytes of a range header, which the service has to be asked for one by one. */
const partOf = (object: Buffer, range: string): { part: Buffer; first: number } => {
  const [, first = "", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === "" || Number(first) >= object.length)
    throw new Refusal(416, "InvalidRange", `There is no part ${range}.`);
  return { part: object.subarray(Number(first), Number(last) + 1), first: Number(first) };
};

export const openBucket = async ({
  bucket,
  ...verifying
}: SimulatedBucketOptions): Promise<SimulatedBucket> => {
  const verify = createVerifier(verifying);
  const objects = new Map<string, Buffer>();
  const calls: BucketCallSeen[] = [];
  const failedChecks: string[] = [];
  let plan: { fault: BucketFault; times: number; method: string | undefined } | undefined;

  const refuse = (response: ServerResponse, { status, code, message }: Refusal): void => {
    response
      .writeHead(status, { "content-type": "application/xml", "x-amz-request-id": `REQUEST-${calls.length}` })
      .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  };
  /** What fails a call at once. The other faults are those of an answer with content. */
  const failing: Partial<Record<BucketFault, (response: ServerResponse) => void>> = {
    hang: () => undefined,
    error: (response) => response.writeHead(500).end(),
    "slow down": (response) => refuse(response, new Refusal(503, "SlowDown", "Reduce your request rate.")),
    denied: (response) => refuse(response, new Refusal(403, "AccessDenied", `There was: ${SPILLED}`)),
    reset: (response) => response.socket?.resetAndDestroy(),
  };
  const faultOf = (method: string): BucketFault | undefined => {
    if (!plan || plan.times === 0 || (plan.method !== undefined && plan.method !== method)) return undefined;
    plan.times -= 1;
    return plan.fault;
  };

  const put = (request: IncomingMessage, name: string, body: Buffer, response: ServerResponse): void => {
    // The service does not take a body whose length it does not know before.
    if (request.headers["content-length"] === undefined)
      throw new Refusal(411, "MissingContentLength", "The length is missing.");
    if (!/^[0-9a-f]{64}$/.test(String(request.headers["x-amz-content-sha256"])))
      throw new Refusal(400, "InvalidDigest", "A file has to come with its hash.");
    objects.set(name, body);
    response.writeHead(200).end();
  };
  const get = (name: string, range: string, fault: BucketFault | undefined, response: ServerResponse) => {
    const object = objects.get(name);
    if (!object) throw new Refusal(404, "NoSuchKey", "There is no such object.");
    const { part, first } = partOf(object, range);
    if (fault === "whole") return response.writeHead(200).end(object);
    const sent = fault === "short" ? part.subarray(0, -1) : part;
    const last = first + sent.length - 1;
    return response.writeHead(206, { "content-range": `bytes ${first}-${last}/${object.length}` }).end(sent);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const { method = "", url = "", headers } = request;
    try {
      verify(request, body);
      const prefix = `/${bucket}/`;
      if (!url.startsWith(prefix)) throw new Refusal(404, "NoSuchBucket", "There is no such bucket.");
      const name = url.slice(prefix.length);
      calls.push({ method, key: name, range: headers.range });
      const fault = faultOf(method);
      const fails = fault && failing[fault];
      if (fails) {
        fails(response);
        return;
      }
      if (method === "PUT") return put(request, name, body, response);
      if (method === "GET") return void get(name, headers.range ?? "", fault, response);
      if (method !== "DELETE") throw new Refusal(405, "MethodNotAllowed", `There is no ${method}.`);
      objects.delete(name);
      response.writeHead(204).end();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failedChecks.push(error.code);
      refuse(response, error);
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    calls,
    failedChecks,
    fail(fault, { times = Number.POSITIVE_INFINITY, method } = {}) {
      plan = { fault, times, method };
    },
    heal() {
      plan = undefined;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
