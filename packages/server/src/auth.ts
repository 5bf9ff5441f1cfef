import { createSecretKey } from "node:crypto";
import { type Caller, claimsSchema, type IssuedToken, type Role } from "@invigil/schema";
import { errors, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { InvigilError } from "./errors.js";
import type { Ids } from "./ids.js";
import { SetupError } from "./setup-error.js";

const unauthenticated = (what: string) => new InvigilError("UNAUTHENTICATED", what);

/** Tokens longer than this are refused unread; a header holds 16 KiB at most anyway. */
const MAX_TOKEN_LENGTH = 8192;
/** Verified tokens that are remembered: two devices for each of 20,000 candidates. */
const REMEMBERED_TOKENS = 40_000;

/** What an administrator may do without a token when `INVIGIL_AUTH` is off. */
const DEMO_CALLER: Caller = {
  userId: "teacher1",
  role: "admin",
  name: "teacher1",
  expiresAt: new Date(8.64e15),
};

export interface Authenticator {
  /**
   * Who calls, from the `authorization` header: the token itself or `Bearer <token>`.
   * @throws UNAUTHENTICATED without a valid token
   */
  identify(authorization: string | undefined): Caller | Promise<Caller>;
}

export interface TokenRequest {
  readonly userId: string;
  readonly role: Role;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  readonly name?: string | undefined;
  readonly ttlSeconds: number;
}

/** The token in an `authorization` header; undefined when there is none. */
const tokenOf = (authorization = ""): string | undefined =>
  /^(?:bearer(?:\s+|$))?(\S*)$/i.exec(authorization.trim())?.[1] || undefined;

const verifyToken = async (
  token: string,
  key: ReturnType<typeof createSecretKey>,
  now: Date,
): Promise<Caller> => {
  const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"], currentDate: now }).catch(
    (error: unknown) => {
      const expired = error instanceof errors.JWTExpired;
      throw unauthenticated(
        expired
          ? "The token in the authorization header has expired."
          : "The token in the authorization header is not valid.",
      );
    },
  );
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) {
    throw unauthenticated(
      `The token's claim ${String(claims.error.issues[0]?.path[0])} is missing or wrong.`,
    );
  }
  const { sub, role, exp, room, exam, name } = claims.data;
  return {
    userId: sub,
    role,
    expiresAt: new Date(exp * 1000),
    ...(room !== undefined && { roomId: room }),
    ...(exam !== undefined && { examId: exam }),
    ...(name !== undefined && { name }),
  };
};

/** Verifies HS256 tokens of one secret. Each is verified once and then remembered until it expires. */
export const createAuthenticator = ({
  secret,
  clock,
}: {
  secret: string;
  clock: () => Date;
}): Authenticator => {
  const key = createSecretKey(Buffer.from(secret));
  const remembered = new LRUCache<string, Caller>({ max: REMEMBERED_TOKENS });

  return {
    identify(authorization) {
      const token = tokenOf(authorization);
      if (token === undefined) throw unauthenticated("The authorization header must hold a token.");
      const now = clock();
      const known = remembered.get(token);
      if (known && known.expiresAt > now) return known;
      if (token.length > MAX_TOKEN_LENGTH)
        throw unauthenticated("The token in the authorization header is too long.");
      return verifyToken(token, key, now).then((caller) => {
        remembered.set(token, caller);
        return caller;
      });
    },
  };
};

/** For local demos: everybody is the administrator `teacher1`. */
export const createOpenAuthenticator = (): Authenticator => ({ identify: () => DEMO_CALLER });

/** Makes a token that `createAuthenticator` with the same secret accepts. */
export const signToken = (
  { userId, role, roomId, examId, name, ttlSeconds }: TokenRequest,
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
  });
  if (!claims.success) {
    const [issue] = claims.error.issues;
    throw new SetupError(`The token's claim ${String(issue?.path[0])} cannot be used: ${issue?.message}`);
  }
  return new SignJWT({ ...claims.data })
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
    const token = await signToken(request, { secret, clock, jti: tokenId });
    const issuedAt = Math.floor(clock().getTime() / 1000);
    return { token, tokenId, expiresAt: new Date((issuedAt + request.ttlSeconds) * 1000) };
  };
  return {
    issue,
    async issueForExam({ examEndTime, extraMinutes, ...person }, ttlSeconds = Number.POSITIVE_INFINITY) {
      const lastSecond = examEndTime.getTime() / 1000 + extraMinutes * 60 + afterExamSeconds;
      const left = Math.floor(lastSecond - Math.floor(clock().getTime() / 1000));
      if (left <= 0)
        throw new InvigilError("EXAM_OVER", "The exam is over: no more tokens are issued for it.");
      return issue({ ...person, ttlSeconds: Math.min(ttlSeconds, left) });
    },
  };
};
