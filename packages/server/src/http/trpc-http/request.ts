import type { FastifyRequest } from "fastify";

/** A request as far as it can be told without reading its input. */
export interface PlainRequest {
  readonly method: "GET" | "POST";
  /** The path in the URL behind the prefix, decoded. */
  readonly path: string;
  readonly isBatch: boolean;
  /** What the client accepts, when it says so to tRPC. */
  readonly accept: string | null;
  /** JSON: of the query or of the body. */
  readonly input: string | null;
}

// Characters that mean the same to every parser of URLs. A fragment, a second slash in front, spaces, line breaks
// and what is not ASCII are read by `URL` in ways of its own.
const PLAIN_URL = /^\/(?![/\\])[!"$-~]*$/;
const PLAIN_HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const JSON_TYPE = "application/json";
const STREAM = "jsonl";
const BOM = "\uFEFF";

/** Whether a request's content type is JSON. */
const isJson = (type: string): boolean =>
  type === JSON_TYPE || type.toLowerCase().split(";", 1)[0]?.trim() === JSON_TYPE;

const decoded = (path: string): string | undefined => {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

/** Remembers the last host that was good: nearly all requests have the same. */
export const createHostCheck = (): ((host: string) => boolean) => {
  let known: string | undefined;
  return (host) => {
    if (host === known) return true;
    if (!PLAIN_HOST.test(host) || !URL.canParse(`http://${host}`)) return false;
    known = host;
    return true;
  };
};

const hostOf = ({ headers }: FastifyRequest["raw"]): string => {
  const authority = headers[":authority"];
  return headers.host ?? (typeof authority === "string" ? authority : "localhost");
};

/** The whole URL of a request. */
export const urlOf = ({ raw }: FastifyRequest): URL => {
  const { socket, headers } = raw;
  const isSecure = headers[":scheme"] === "https" || ("encrypted" in socket && socket.encrypted === true);
  return new URL(raw.url ?? "/", `${isSecure ? "https" : "http"}://${hostOf(raw)}`);
};

/** What `trpc-accept` says; `undefined` where a stream may be meant. */
const acceptOf = ({ headers }: FastifyRequest["raw"]): string | null | undefined => {
  const accept = headers["trpc-accept"];
  if (headers.accept?.includes(STREAM)) return undefined;
  if (accept === undefined) return null;
  return Array.isArray(accept) || accept.includes(STREAM) || accept !== accept.trim() ? undefined : accept;
};

/**
 * Reads a request of the plain kind: GET or POST, JSON, one answer. `undefined` for all others, which are for the stock
 * adapter to answer or to refuse: streams, forms, files, whatever is malformed or merely unusual.
 */
export const readRequest = (
  request: FastifyRequest,
  { urlPath, isKnownHost }: { urlPath: string; isKnownHost: (host: string) => boolean },
): PlainRequest | undefined => {
  const { raw, body } = request;
  const { method, url = "" } = raw;
  if (method !== "GET" && method !== "POST") return undefined;
  if (!PLAIN_URL.test(url) || !isKnownHost(hostOf(raw))) return undefined;

  const type = raw.headers["content-type"];
  if (type === undefined ? method === "POST" : !isJson(type)) return undefined;
  const accept = acceptOf(raw);
  const path = decoded(urlPath);
  if (accept === undefined || path === undefined) return undefined;

  // With its question mark, of which one is dropped: a second belongs to the first name.
  const start = url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : url.slice(start));
  if (query.has("connectionParams")) return undefined;
  const isBatch = query.get("batch") === "1";
  if (method === "GET") return { method, path, isBatch, accept, input: query.get("input") };
  // Anything but plain text is what a parser of the application's made of it, or what a decoder has to look at.
  if (typeof body !== "string" || body.startsWith(BOM) || !body.isWellFormed()) return undefined;
  return { method, path, isBatch, accept, input: body };
};
