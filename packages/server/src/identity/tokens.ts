import { createSecretKey } from "node:crypto";
import { type Caller, claimsSchema, type IssuedToken, type Role } from "@invigil/schema";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { InvigilError } from "../platform/errors.js";
import type { Ids } from "../platform/ids.js";
import { atMost } from "../platform/lru.js";
import { SetupError } from "../platform/setup-error.js";
import type { Counted } from "./usage-key.js";

/** `subject`: whose token it is, where it was signed rightly. */
export const unauthenticated = (what: string, subject?: string): InvigilError =>
  new InvigilError("UNAUTHENTICATED", what, { subject });

/** Tokens longer than this are refused unread; a header holds 16 KiB at most anyway. */
const MAX_TOKEN_LENGTH = 8192;
/** Verified tokens that are remembered: two devices for each of 20,000 candidates. */
const REMEMBERED_TOKENS = 40_000;

/** A caller as the server knows it: with the token that it came with. */
export interface Principal extends Caller, Counted {
  /** The token's id, by which it can be revoked. */
  readonly tokenId?: string | undefined;
  /** The login that the token ends with. */
  readonly sessionId?: string | undefined;
  /** Whether it was issued with that login, and is none of its own: it cannot be refreshed. */
  readonly isIssued?: boolean | undefined;
  /**
   * Of a token of ours that is bound to a room: how often its seat's links had been revoked when it was made. Undefined where
   * that does not end the token: an identity service's, and one that is bound to no room.
   */
  readonly generation?: number | undefined;
}

/** What an administrator may do without a token when `INVIGIL_AUTH` is off. */
const DEMO_CALLER: Principal = {
  userId: "teacher1",
  role: "admin",
  name: "teacher1",
  expiresAt: new Date(8.64e15),
};

export interface Authenticator {
  /**
   * Who calls, from the `authorization` header: the token itself or `Bearer <token>`. Whether the token was taken
   * back since it was signed is not looked at.
   * @throws UNAUTHENTICATED without a valid token, PROVIDER_FAILED while an identity service's keys are not known
   */
  identify(authorization: string | undefined): Principal | Promise<Principal>;
}

/** Tokens that are not signed with our secret. */
export interface ForeignTokens {
  /** The header's `alg` of those tokens. Never HS256: a public key must not count as a secret. */
  readonly algorithms: readonly string[];
  /** How long a verified token is remembered at most, in milliseconds. */
  readonly rememberMs: number;
  /** @throws UNAUTHENTICATED, PROVIDER_FAILED */
  verify(token: string, now: Date): Promise<Principal>;
}

export interface TokenRequest {
  readonly userId: string;
  readonly role: Role;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  readonly name?: string | undefined;
  /** The login that it ends with. */
  readonly sessionId?: string | undefined;
  /** Whether it is issued with that login, and is no token of the login itself. */
  readonly isIssued?: boolean | undefined;
  /** With `roomId`: the generation of the seat's links. Absent: the first, 0. */
  readonly generation?: number | undefined;
  readonly ttlSeconds: number;
}

/** The token in an `authorization` header; undefined when there is none. */
const tokenOf = (authorization = ""): string | undefined =>
  /^(?:bearer(?:\s+|$))?(\S*)$/i.exec(authorization.trim())?.[1] || undefined;

/** What to answer about a token that was refused by `jwtVerify`. */
export const refusedToken = (error: unknown): InvigilError => {
  if (!(error instanceof errors.JWTExpired))
    return unauthenticated("The token in the authorization header is not valid.");
  // Its signature was verified before its expiry.
  const subject = claimsSchema.shape.sub.safeParse(error.payload.sub);
  return unauthenticated("The token in the authorization header has expired.", subject.data);
};

/** Who calls, by the claims of a verified token. @throws UNAUTHENTICATED */
export const principalOf = (payload: unknown): Principal => {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    throw unauthenticated(
      `The token's claim ${String(claims.error.issues[0]?.path[0])} is missing or wrong.`,
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

const algorithmOf = (token: string): string | undefined => {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
};

/**
 * Verifies HS256 tokens of one secret, and those of an identity service where there is one. Each is verified once
 * and then remembered until it expires.
 */
export const createAuthenticator = ({
  secret,
  clock,
  monotonic,
  foreign,
}: {
  secret: string;
  clock: () => Date;
  monotonic: () => number;
  foreign?: ForeignTokens | undefined;
}): Authenticator => {
  const key = createSecretKey(Buffer.from(secret));
  /** `until` is of the monotonic clock: a clock that is set back makes no withdrawn key good for longer. */
  const remembered = new LRUCache<string, { principal: Principal; until: number }>(atMost(REMEMBERED_TOKENS));

  const verifyOwn = async (token: string, now: Date): Promise<Principal> => {
    const options = { algorithms: ["HS256"], currentDate: now };
    const { payload } = await jwtVerify(token, key, options).catch((error: unknown) => {
      throw refusedToken(error);
    });
    const principal = principalOf(payload);
    // Also of a token that says nothing of it: it was made before the links of its seat were revoked.
    return principal.roomId === undefined
      ? principal
      : { ...principal, generation: principal.generation ?? 0 };
  };

  const verify = async (token: string, now: Date): Promise<Principal> => {
    const isForeign = foreign?.algorithms.includes(algorithmOf(token) ?? "");
    if (!foreign || !isForeign) {
      const principal = await verifyOwn(token, now);
      remembered.set(token, { principal, until: Number.POSITIVE_INFINITY });
      return principal;
    }
    const principal = await foreign.verify(token, now);
    remembered.set(token, { principal, until: monotonic() + foreign.rememberMs });
    return principal;
  };

  return {
    identify(authorization) {
      const token = tokenOf(authorization);
      if (token === undefined) throw unauthenticated("The authorization header must hold a token.");
      const now = clock();
      const known = remembered.get(token);
      if (known && known.principal.expiresAt > now && known.until > monotonic()) return known.principal;
      if (token.length > MAX_TOKEN_LENGTH)
        throw unauthenticated("The token in the authorization header is too long.");
      return verify(token, now);
    },
  };
};

/** For local demos: everybody is the administrator `teacher1`. */
export const createOpenAuthenticator = (): Authenticator => ({ identify: () => DEMO_CALLER });

/** Makes a token that `createAuthenticator` with the same secret accepts. */
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
    // A card's QR code grows with every claim.
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

/** Somebody of an exam, for whom a token is made. */
export interface ExamPerson {
  readonly userId: string;
  readonly role: Role;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  readonly name?: string | undefined;
  /** Of the seat's links, with `roomId`. */
  readonly generation?: number | undefined;
  /** When the exam ends for everybody, and the minutes that this person has beyond it. */
  readonly examEndTime: Date;
  readonly extraMinutes: number;
}

export interface TokenIssuer {
  /** A token that is good for some seconds, whatever is going on. */
  issue(request: TokenRequest): Promise<IssuedToken>;
  /**
   * A token that does not outlive the exam by more than the setting, good from now: for `ttlSeconds` where that is sooner.
   * @throws EXAM_OVER when nothing would be left of it
   */
  issueForExam(person: ExamPerson, ttlSeconds?: number): Promise<IssuedToken>;
}

/** A year: an end that was mistyped makes no token for ever. */
const LONGEST_SECONDS = 366 * 86_400;

export const createTokenIssuer = ({
  secret,
  clock,
  ids,
  afterExamSeconds,
}: {
  secret: string;
  clock: () => Date;
  ids: Ids;
  /** How long a token outlives the exam's end, at most. */
  afterExamSeconds: number;
}): TokenIssuer => {
  const issue: TokenIssuer["issue"] = async (request) => {
    const tokenId = ids.next();
    const now = clock();
    const token = await signToken(request, { secret, clock: () => now, jti: tokenId });
    const issuedAt = Math.floor(now.getTime() / 1000);
    return { token, tokenId, expiresAt: new Date((issuedAt + request.ttlSeconds) * 1000) };
  };
  return {
    issue,
    async issueForExam({ examEndTime, extraMinutes, ...person }, ttlSeconds = Number.POSITIVE_INFINITY) {
      const lastSecond = examEndTime.getTime() / 1000 + extraMinutes * 60 + afterExamSeconds;
      const left = Math.floor(lastSecond - Math.floor(clock().getTime() / 1000));
      if (left <= 0)
        throw new InvigilError("EXAM_OVER", "The exam is over: no more tokens are issued for it.");
      return issue({ ...person, ttlSeconds: Math.min(ttlSeconds, left, LONGEST_SECONDS) });
    },
  };
};
