import { type Role, roles } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import type { Config } from "../config/config.js";
import { AnswerTooLong, boundedText } from "../platform/bounded-body.js";
import { InvigilError } from "../platform/errors.js";
import { type ExternalTokens, principalOf, tokenError } from "./tokens.js";

/** Signature algorithms with a public key. HS256 is excluded, even if the service publishes it. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const CACHE_MS = 5 * 60_000;
/** How long the service is not called after a failure, in milliseconds. */
const PAUSE_MS = 10_000;

type Settings = NonNullable<Config["jwks"]>;
type Claims = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Claims => typeof value === "object" && value !== null;

/** The claim with this name. A dot refers to a nested object, unless a claim has exactly this name. */
const claimAt = (claims: Claims, name: string): unknown => {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split(".")
    .reduce<unknown>(
      (found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
      claims,
    );
};

/** The role with the most rights that the claim names. If roles are mapped, only mapped roles count. */
const roleOf = (claim: unknown, mapping: Settings["roles"]): Role | undefined => {
  const serviceClaims = [claim].flat();
  const isMapped = Object.keys(mapping).length > 0;
  return roles.find((role) => {
    const name = isMapped ? mapping[role] : role;
    return name !== undefined && serviceClaims.includes(name);
  });
};

const isUsableName = (name: unknown): name is string =>
  typeof name === "string" && name.trim() !== "" && name.isWellFormed() && !name.includes("\u0000");

/**
 * Converts claims of the service to Invigil's claims. `sid` is omitted because it identifies a session of the
 * service.
 */
const toClaims = (theirs: Claims, { claims, roles: mapping }: Settings): Claims => {
  const at = (name: string) => claimAt(theirs, claims[name] ?? name);
  const sub = at("sub");
  const name = at("name");
  return {
    sub: Number.isSafeInteger(sub) ? String(sub) : sub,
    role: roleOf(at("role"), mapping),
    exp: theirs.exp,
    room: at("room"),
    exam: at("exam"),
    // The name is only displayed, so a long one is cut instead of refused.
    name: isUsableName(name) ? Array.from(name.trim()).slice(0, 32).join("") : undefined,
    jti: theirs.jti,
  };
};

/** Whether the keys could not be fetched. Other errors are about the token or its key. */
const isUnreachable = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  // The error of jose for an invalid response, and of `fetch` for a failed connection.
  (error instanceof errors.JOSEError && error.code === "ERR_JOSE_GENERIC") ||
  error instanceof AnswerTooLong ||
  (error instanceof TypeError && error.message === "fetch failed");

/** Limits the size of the response. The library limits only its duration. */
const boundedFetch: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  return new Response(await boundedText(response), { status: response.status, headers: response.headers });
};
const remoteKeys = (url: string) => createRemoteJWKSet(new URL(url), { [customFetch]: boundedFetch });

/**
 * The keys of the service. They are fetched when needed, fetched again for an unknown key, and kept while the
 * service is unreachable.
 */
const createKeys = ({
  url,
  monotonic,
  log,
}: { url: string } & Omit<IdentityServiceOptions, "settings">): JWTVerifyGetKey => {
  const remote = remoteKeys(url);
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const lastKnownKeys: JWTVerifyGetKey = async (header, token) => {
    const unknown = new InvigilError("PROVIDER_FAILED", "The identity service's keys cannot be fetched.");
    const keys = remote.jwks();
    if (!keys) throw unknown;
    return createLocalJWKSet(keys)(header, token).catch((error: unknown) => {
      // The key may be new, which cannot be checked now.
      throw error instanceof errors.JWKSNoMatchingKey ? unknown : error;
    });
  };

  return async (header, token) => {
    if (monotonic() < pausedUntil) return lastKnownKeys(header, token);
    try {
      return await remote(header, token);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      pausedUntil = monotonic() + PAUSE_MS;
      log.warn({ err: error }, "the identity service's keys cannot be fetched");
      return lastKnownKeys(header, token);
    }
  };
};

/**
 * Fetches the keys of the service.
 * @returns the number of keys
 * @throws Error if the service is unreachable or sends something else
 */
export const countIdentityKeys = async (url: string): Promise<number> => {
  const remote = remoteKeys(url);
  await remote.reload();
  return remote.jwks()?.keys.length ?? 0;
};

interface IdentityServiceOptions {
  readonly settings: Settings;
  readonly monotonic: () => number;
  readonly log: Pick<FastifyBaseLogger, "warn">;
}

/** Verifies the tokens of an organization's identity service. */
export const createIdentityService = ({
  settings,
  monotonic,
  log,
}: IdentityServiceOptions): ExternalTokens => {
  const { url, issuer, audience } = settings;
  const keys = createKeys({ url, monotonic, log });
  const callerOf = (payload: Claims) => principalOf(toClaims(payload, settings));
  return {
    algorithms: ALGORITHMS,
    cacheMs: CACHE_MS,
    async verify(token, now) {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        requiredClaims: ["exp"],
        currentDate: now,
      }).catch((error: unknown) => {
        throw error instanceof InvigilError ? error : tokenError(error, callerOf);
      });
      return callerOf(payload);
    },
  };
};
