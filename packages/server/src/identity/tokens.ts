import { createSecretKey } from "node:crypto";
import { type Caller, claimsSchema, type IssuedToken, type Role } from "@invigil/schema";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { InvigilError } from "../platform/errors.js";
import type { Ids } from "../platform/ids.js";
import { atMost } from "../platform/lru.js";
import { SetupError } from "../platform/setup-error.js";
import type { CountedCaller } from "./usage-key.js";

/** `subject` is the user id in the token, if its signature is valid. */
export const unauthenticated = (what: string, subject?: string): InvigilError =>
  new InvigilError("UNAUTHENTICATED", what, { subject });

/** Why a token with a good signature is not good any more. */
export type TokenEnd =
  | "TOKEN_EXPIRED"
  | "TOKEN_REVOKED"
  | "SESSION_ENDED"
  | "ACCOUNT_DISABLED"
  | "LINKS_REVOKED";

/** The refusal of a token. Callers learn only that it is refused. The log and the audit also say why. */
export class TokenError extends InvigilError {
  readonly refusal: TokenEnd | "TOKEN_INVALID";
  /** Whose token it was. Undefined if its signature is not good, because then anyone may have written it. */
  readonly caller: Principal | undefined;

  constructor(what: string, refusal: TokenError["refusal"], caller?: Principal) {
    super("UNAUTHENTICATED", what, { subject: caller?.userId });
    this.refusal = refusal;
    this.caller = caller;
  }
}
const invalidToken = (what: string): TokenError => new TokenError(what, "TOKEN_INVALID");

/** The error for a token that was revoked, or whose session, account or links have ended. */
export const tokenEnded = (caller: Principal, end: TokenEnd): TokenError =>
  new TokenError("The token in the authorization header is no longer valid: log in again.", end, caller);

/** Longer tokens are refused without parsing. Node limits all headers to 16 KiB anyway. */
const MAX_TOKEN_LENGTH = 8192;
/** The number of verified tokens in the cache: two devices for each of 20,000 candidates. */
const MAX_CACHED_TOKENS = 40_000;

/** A caller with the details of their token. */
export interface Principal extends Caller, CountedCaller {
  /** The id of the token, by which it can be revoked. */
  readonly tokenId?: string | undefined;
  /** The login session that the token ends with. */
  readonly sessionId?: string | undefined;
  /** Whether the token was issued during that session for another person. It cannot be refreshed. */
  readonly isIssued?: boolean | undefined;
  /**
   * For a token of Invigil that is restricted to a room: how many times the links of this person had been
   * revoked when it was issued. Undefined if revoking links does not affect the token, because it comes from
   * an identity service or is not restricted to a room.
   */
  readonly generation?: number | undefined;
}

/** The caller of every request while `INVIGIL_AUTH` is off. */
const DEMO_CALLER: Principal = {
  userId: "teacher1",
  role: "admin",
  name: "teacher1",
  expiresAt: new Date(8.64e15),
};

export interface Authenticator {
  /**
   * Identifies the caller from the `authorization` header: the token itself or `Bearer <token>`. It does not
   * check whether the token was revoked.
   * @throws UNAUTHENTICATED without a valid token, PROVIDER_FAILED if the keys of an identity service are
   * unknown
   */
  identify(authorization: string | undefined): Principal | Promise<Principal>;
}

/** Verifies tokens that another service signed. */
export interface ExternalTokens {
  /** The `alg` headers of these tokens. Never HS256, because a public key must not be used as a secret. */
  readonly algorithms: readonly string[];
  /** How long a verified token is cached at most, in milliseconds. */
  readonly cacheMs: number;
  /** @throws UNAUTHENTICATED, PROVIDER_FAILED */
  verify(token: string, now: Date): Promise<Principal>;
}

export interface TokenRequest {
  readonly userId: string;
  readonly role: Role;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  readonly name?: string | undefined;
  /** The login session that the token ends with. */
  readonly sessionId?: string | undefined;
  /** Whether the token is issued during that session for another person. */
  readonly isIssued?: boolean | undefined;
  /** With `roomId`: the generation of the person's links. Default: 0. */
  readonly generation?: number | undefined;
  readonly ttlSeconds: number;
}

/** A header whose sender wrote `Bearer` before a token that has it already. */
const BEARER_TWICE = /^bearer\s+bearer\s/i;

/** The token in an `authorization` header. Undefined if there is none. */
const tokenOf = (authorization = ""): string | undefined =>
  /^(?:bearer(?:\s+|$))?(\S*)$/i.exec(authorization.trim())?.[1] || undefined;

/**
 * The error for a token that `jwtVerify` refused.
 * @param callerOf converts the claims of a token to its caller
 */
export const tokenError = (error: unknown, callerOf: (payload: JWTPayload) => Principal): InvigilError => {
  if (!(error instanceof errors.JWTExpired))
    return invalidToken("The token in the authorization header is not valid.");
  // jose verifies the signature before the expiry.
  try {
    const caller = callerOf(error.payload);
    return new TokenError("The token in the authorization header has expired.", "TOKEN_EXPIRED", caller);
  } catch {
    return invalidToken("The token in the authorization header has expired.");
  }
};

/**
 * Converts the claims of a verified token to a caller.
 * @throws UNAUTHENTICATED
 */
export const principalOf = (payload: unknown): Principal => {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    throw invalidToken(
      `The token's claim ${String(claims.error.issues[0]?.path[0])} is missing or not valid.`,
    );
  const { sub, role, exp, room, exam, name, jti, sid, issued, gen } = claims.data;
  return {
    userId: sub,
    role,
    expiresAt: new Date(exp * 1000),
    ...(room !== undefined && { roomId: room }),
    ...(exam !== undefined && { examId: exam }),
    ...(name !== undefined && { name }),
    ...(jti !== undefined && { tokenId: jti }),
    ...(sid !== undefined && { sessionId: sid }),
    ...(issued && { isIssued: true }),
    ...(gen !== undefined && { generation: gen }),
  };
};

const ownPrincipalOf = (payload: JWTPayload): Principal => {
  const principal = principalOf(payload);
  // A token without the claim was issued before the person's links were first revoked.
  return principal.roomId === undefined ? principal : { ...principal, generation: principal.generation ?? 0 };
};

const algorithmOf = (token: string): string | undefined => {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
};

/**
 * Verifies HS256 tokens with the secret or the secondary one, and tokens of the identity service if there is one. Verified tokens
 * are cached until they expire.
 */
export const createAuthenticator = ({
  secret,
  secondary,
  clock,
  monotonic,
  foreign: external,
}: {
  secret: string;
  /** The secret before or after it, while secrets are rotated. */
  secondary?: string | undefined;
  clock: () => Date;
  monotonic: () => number;
  foreign?: ExternalTokens | undefined;
}): Authenticator => {
  const keys = [secret, ...(secondary === undefined ? [] : [secondary])].map((one) =>
    createSecretKey(Buffer.from(one)),
  );
  /**
   * `until` uses the monotonic clock, so that setting the system clock back does not extend the use of a
   * withdrawn key.
   */
  const cache = new LRUCache<string, { principal: Principal; until: number }>(atMost(MAX_CACHED_TOKENS));

  const payloadOf = async (token: string, now: Date): Promise<JWTPayload> => {
    let failure: unknown;
    for (const key of keys)
      try {
        return (await jwtVerify(token, key, { algorithms: ["HS256"], currentDate: now })).payload;
      } catch (error) {
        failure = error;
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    throw tokenError(failure, ownPrincipalOf);
  };

  const verify = async (token: string, now: Date): Promise<Principal> => {
    const isExternal = external?.algorithms.includes(algorithmOf(token) ?? "");
    if (!external || !isExternal) {
      const principal = ownPrincipalOf(await payloadOf(token, now));
      cache.set(token, { principal, until: Number.POSITIVE_INFINITY });
      return principal;
    }
    const principal = await external.verify(token, now);
    cache.set(token, { principal, until: monotonic() + external.cacheMs });
    return principal;
  };

  return {
    identify(authorization) {
      const token = tokenOf(authorization);
      if (token === undefined)
        throw BEARER_TWICE.test(authorization ?? "")
          ? invalidToken("The authorization header has 'Bearer' twice.")
          : unauthenticated("The authorization header must contain a token.");
      const now = clock();
      const cached = cache.get(token);
      if (cached && cached.principal.expiresAt > now && cached.until > monotonic()) return cached.principal;
      if (token.length > MAX_TOKEN_LENGTH)
        throw invalidToken("The token in the authorization header is too long.");
      return verify(token, now);
    },
  };
};

/** Identifies every caller as the administrator `teacher1`, for local demos. */
export const createOpenAuthenticator = (): Authenticator => ({ identify: () => DEMO_CALLER });

/** Creates a token that `createAuthenticator` with the same secret accepts. */
export const signToken = (
  { userId, role, roomId, examId, name, sessionId, isIssued, generation, ttlSeconds }: TokenRequest,
  { secret, clock, jti }: { secret: string; clock: () => Date; jti: string },
): Promise<string> => {
  const issuedAt = Math.floor(clock().getTime() / 1000);
  const claims = claimsSchema.safeParse({
    sub: userId,
    role,
    exp: issuedAt + ttlSeconds,
    room: roomId,
    exam: examId,
    name,
    sid: sessionId,
    issued: isIssued || undefined,
    // Omitted if 0, because every claim enlarges the QR code of a card.
    gen: generation || undefined,
  });
  if (!claims.success) {
    const [issue] = claims.error.issues;
    throw new SetupError(`The token's claim ${String(issue?.path[0])} cannot be used: ${issue?.message}`);
  }
  const { jti: _, ...signed } = claims.data;
  return new SignJWT(signed)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(issuedAt)
    .setJti(jti)
    .sign(createSecretKey(Buffer.from(secret)));
};

/** A person of an exam for whom a token is issued. */
export interface ExamPerson {
  readonly userId: string;
  readonly role: Role;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  readonly name?: string | undefined;
  /** With `roomId`: the generation of the person's links. */
  readonly generation?: number | undefined;
  /** The id of the token that this one continues: whoever revokes it revokes both. Default: a new one. */
  readonly tokenId?: string | undefined;
  /** When the exam ends for this person. */
  readonly endsAt: Date;
}

/** Whether a text has the format of the token ids that this server generates. Any other text may be a secret. */
export const isOwnTokenId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** One year. A mistyped end of an exam must not produce a token that never expires. */
const MAX_SECONDS = 366 * 86_400;

export type TokenIssuer = ReturnType<typeof createTokenIssuer>;

export const createTokenIssuer = ({
  secret,
  clock,
  ids,
  afterExamSeconds,
}: {
  secret: string;
  clock: () => Date;
  ids: Ids;
  /** How long a token stays valid after the end of the exam, in seconds. */
  afterExamSeconds: number;
}) => {
  /** Issues a token with a fixed lifetime. */
  const issue = async (request: TokenRequest, tokenId = ids.next()): Promise<IssuedToken> => {
    const now = clock();
    const token = await signToken(request, { secret, clock: () => now, jti: tokenId });
    const issuedAt = Math.floor(now.getTime() / 1000);
    return { token, tokenId, expiresAt: new Date((issuedAt + request.ttlSeconds) * 1000) };
  };
  const nowSeconds = () => Math.floor(clock().getTime() / 1000);
  /** Returns when the last token that is issued for a person of an exam expires, also if that time has passed. */
  const lastUse = (endsAt: Date): Date =>
    new Date(Math.floor(endsAt.getTime() / 1000 + afterExamSeconds) * 1000);
  /**
   * Returns the same.
   * @throws EXAM_OVER if that time has passed
   */
  const lastExpiry = (endsAt: Date): Date => {
    const last = lastUse(endsAt);
    if (last.getTime() / 1000 <= nowSeconds())
      throw new InvigilError("EXAM_OVER", "The exam is over: no tokens are issued for it anymore.");
    return last;
  };
  return {
    issue,
    lastUse,
    lastExpiry,
    /**
     * Issues a token that expires at most `afterExamSeconds` after the end of the exam, or after `ttlSeconds`
     * if that is earlier.
     * @throws EXAM_OVER if that time has passed
     */
    async issueForExam(
      { endsAt, tokenId, ...person }: ExamPerson,
      ttlSeconds: number = Number.POSITIVE_INFINITY,
    ): Promise<IssuedToken> {
      const left = lastExpiry(endsAt).getTime() / 1000 - nowSeconds();
      return issue({ ...person, ttlSeconds: Math.min(ttlSeconds, left, MAX_SECONDS) }, tokenId);
    },
  };
};
