import type { FastifyRequest } from "fastify";

/** A request before its input is parsed. */
export interface PlainRequest {
  readonly method: "GET" | "POST";
  /** The path in the URL after the prefix, decoded. */
  readonly path: string;
  readonly isBatch: boolean;
  /** The header `trpc-accept`. */
  readonly accept: string | null;
  /** JSON, from the query string or the body. */
  readonly input: string | null;
}

// URLs that every parser reads in the same way. `URL` treats fragments, two slashes at the start, spaces, line breaks and characters outside
// ASCII differently.
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

/** Checks the host of a request. It remembers the last valid one, because nearly all requests have the same. */
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

/** The full URL of a request. */
export const urlOf = ({ raw }: FastifyRequest): URL => {
  const { socket, headers } = raw;
  const isSecure = headers[":scheme"] === "https" || ("encrypted" in socket && socket.encrypted === true);
  return new URL(raw.url ?? "/", `${isSecure ? "https" : "http"}://${hostOf(raw)}`);
};

/** The header `trpc-accept`; `undefined` if the client may want a stream. */
const acceptOf = ({ headers }: FastifyRequest["raw"]): string | null | undefined => {
  const accept = headers["trpc-accept"];
  if (headers.accept?.includes(STREAM)) return undefined;
  if (accept === undefined) return null;
  return Array.isArray(accept) || accept.includes(STREAM) || accept !== accept.trim() ? undefined : accept;
};

/**
 * Reads a GET or POST request with JSON that gets one answer. `undefined` for every other request, which tRPC's adapter handles or refuses: streams,
 * forms, files, and malformed or unusual requests.
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

  // URLSearchParams drops one question mark; a second one belongs to the first name.
  const start = url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : url.slice(start));
  if (query.has("connectionParams")) return undefined;
  const isBatch = query.get("batch") === "1";
  if (method === "GET") return { method, path, isBatch, accept, input: query.get("input") };
  // Any other body was parsed by the application, or has to go through a decoder.
  if (typeof body !== "string" || body.startsWith(BOM) || !body.isWellFormed()) return undefined;
  return { method, path, isBatch, accept, input: body };
};
