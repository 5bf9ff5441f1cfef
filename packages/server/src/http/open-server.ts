import type { IncomingHttpHeaders } from "node:http";
import { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyRequest } from "fastify";
import ipaddr from "ipaddr.js";
import type { Config } from "../config/config.js";
import { InvigilError } from "../platform/errors.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** The origins whose pages may call the server. */
export interface Origins {
  /** Whether pages of any origin may call. */
  readonly any: boolean;
  /** Whether pages of this origin may call. */
  allows(origin: string): boolean;
}

/**
 * The allowed origins. While INVIGIL_AUTH is off, every caller is an administrator. Then `*` allows only
 * pages of this machine and of INVIGIL_PUBLIC_URL, because otherwise any page in a local browser could call.
 */
export const originsOf = ({
  auth,
  corsOrigins,
  publicUrl,
}: Pick<Config, "auth" | "corsOrigins" | "publicUrl">): Origins => {
  const known = new Set(corsOrigins);
  const isAny = known.has("*");
  if (auth !== "off" || !isAny) return { any: isAny, allows: (origin) => isAny || known.has(origin) };
  const own = publicUrl === undefined ? undefined : urlOf(publicUrl)?.origin;
  return {
    any: false,
    allows: (origin) => known.has(origin) || origin === own || LOOPBACK.has(urlOf(origin)?.hostname ?? ""),
  };
};

/** The headers with which proxies say for whom they ask. */
const OF_PROXIES = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
] as const;

/** Whether pages of an origin, or programs, are of this machine. */
const isLocalPage = ({ origin, "sec-fetch-site": site }: IncomingHttpHeaders): boolean =>
  origin === undefined ? site !== "cross-site" : LOOPBACK.has(urlOf(origin)?.hostname ?? "");

/**
 * Whether a program or a page of this machine asks, without a proxy in between. A foreign page in a local browser does not count, nor one
 * whose domain resolves to this machine (DNS rebinding).
 */
export const isOfThisMachine = ({
  raw: { socket },
  headers,
}: Pick<FastifyRequest, "raw" | "headers">): boolean => {
  const { remoteAddress = "" } = socket;
  return (
    ipaddr.isValid(remoteAddress) &&
    ipaddr.process(remoteAddress).range() === "loopback" &&
    OF_PROXIES.every((name) => headers[name] === undefined) &&
    LOOPBACK.has(urlOf(`http://${headers.host ?? ""}`)?.hostname ?? "") &&
    isLocalPage(headers)
  );
};

/** Returns the base URL at which a caller reached this server. */
export type ReachedAt = (request: Pick<FastifyRequest, "raw" | "headers">) => string | undefined;

/**
 * Undefined if the public URL is set, or a proxy may be in between. A page may load only from the host name that it was opened with, and one
 * server has several: `localhost`, and that of the local network.
 */
export const reachedAtOf = ({ publicUrl, lan }: Pick<Config, "publicUrl" | "lan">): ReachedAt => {
  if (publicUrl !== lan?.url) return () => undefined;
  return (request) => {
    const protocol =
      request.raw.socket instanceof TLSSocket ? "https" : isOfThisMachine(request) ? "http" : undefined;
    return protocol && urlOf(`${protocol}://${request.headers.host}`)?.origin;
  };
};

/** Returns why a request is refused while INVIGIL_AUTH is off. Undefined if it is allowed. */
export type OpenServerCheck = (headers: IncomingHttpHeaders) => InvigilError | undefined;

/**
 * Checks the browser's headers about the calling page, and the host name of the request, because the domain
 * of an attacker's page may resolve to this machine (DNS rebinding).
 */
export const openServerCheck = (
  config: Pick<Config, "auth" | "corsOrigins" | "publicUrl">,
): OpenServerCheck => {
  if (config.auth !== "off") return () => undefined;
  const origins = originsOf(config);
  const own = config.publicUrl === undefined ? undefined : urlOf(config.publicUrl)?.hostname;
  return ({ origin, host = "localhost", "sec-fetch-site": site }) => {
    const name = urlOf(`http://${host}`)?.hostname;
    if (name === undefined || !(LOOPBACK.has(name) || name === own))
      return new InvigilError(
        "FORBIDDEN",
        "While INVIGIL_AUTH is off, the server must be called at a loopback address or at INVIGIL_PUBLIC_URL.",
      );
    const isForeign = origin === undefined ? site === "cross-site" : !origins.allows(origin);
    return isForeign
      ? new InvigilError("FORBIDDEN", "While INVIGIL_AUTH is off, pages of other origins may not call.")
      : undefined;
  };
};

/**
 * Refuses requests of foreign pages while INVIGIL_AUTH is off. Register it after CORS, so that preflight
 * requests are answered.
 */
export const guardOpenServer = (app: FastifyInstance, check: OpenServerCheck): void => {
  app.addHook("onRequest", ({ headers }, _reply, done) => done(check(headers)));
};
