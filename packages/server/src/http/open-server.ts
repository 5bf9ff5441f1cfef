import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import { InvigilError } from "../platform/errors.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** Which pages may call. */
export interface Origins {
  /** Whether every page may, whatever its origin. */
  readonly any: boolean;
  /** Whether a page of this origin may. */
  allows(origin: string): boolean;
}

/**
 * The origins of the setting. While INVIGIL_AUTH is off, every caller is an administrator, and `*` stands for the pages of this machine and
 * of INVIGIL_PUBLIC_URL: otherwise any page that is open in a browser here could call.
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

/** Why a request may not be served while INVIGIL_AUTH is off; undefined: it may. */
export type OpenServerCheck = (headers: IncomingHttpHeaders) => InvigilError | undefined;

/**
 * Looks at what browsers say of the page that calls, and at the name under which the server was called: a page may have given a
 * name of its own this machine's address.
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
        "While INVIGIL_AUTH is off, the server is called by a loopback address or by INVIGIL_PUBLIC_URL.",
      );
    const isForeign = origin === undefined ? site === "cross-site" : !origins.allows(origin);
    return isForeign
      ? new InvigilError("FORBIDDEN", "While INVIGIL_AUTH is off, pages of other origins may not call.")
      : undefined;
  };
};

/** Refuses requests of other pages while INVIGIL_AUTH is off. Comes after CORS, so that preflights are answered. */
export const guardOpenServer = (app: FastifyInstance, check: OpenServerCheck): void => {
  app.addHook("onRequest", ({ headers }, _reply, done) => done(check(headers)));
};
