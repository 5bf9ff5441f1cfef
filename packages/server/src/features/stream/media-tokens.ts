import { createSecretKey } from "node:crypto";
import { type Camera, cameraSchema, claimsSchema } from "@invigil/schema";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { type Principal, principalOf, unauthenticated } from "../../identity/tokens.js";
import type { MediaRole } from "../../providers/types.js";

/** How long a token may begin a media session, in seconds. */
export const TOKEN_SECONDS = 60;

/** The right of a token: to publish one stream, or to watch it. */
export interface MediaRight {
  readonly role: MediaRole;
  readonly roomId: string;
  /** Whose camera it is, or who is talked to. */
  readonly userId: string;
  /** `talk`: what a member of the staff says to the person alone. */
  readonly camera: Camera | "talk";
  /** Whether the stream only tests the connection. */
  readonly isTest?: boolean | undefined;
}
/** A right, and who has it. */
export interface MediaHolder {
  readonly caller: Principal;
  readonly right: MediaRight;
}

const contentSchema = z.object({
  caller: claimsSchema,
  role: z.enum(["publish", "watch"]),
  roomId: z.string(),
  userId: z.string(),
  camera: z.union([cameraSchema, z.literal("talk")]),
  isTest: z.boolean().optional(),
});

/** The claims of the token that a caller came with. */
const claimsOf = (caller: Principal) => ({
  sub: caller.userId,
  role: caller.role,
  exp: Math.floor(caller.expiresAt.getTime() / 1000),
  room: caller.roomId,
  exam: caller.examId,
  name: caller.name,
  jti: caller.tokenId,
  sid: caller.sessionId,
  issued: caller.isIssued || undefined,
  gen: caller.generation,
});

export type MediaTokens = ReturnType<typeof createMediaTokens>;

/** Signs tokens for the media server with a key of their own, so that they open nothing else. */
export const createMediaTokens = ({
  secret,
  clock,
}: {
  readonly secret: string;
  readonly clock: () => Date;
}) => {
  const key = createSecretKey(Buffer.from(secret));
  return {
    sign: ({ caller, right }: MediaHolder, expiresAt: Date): Promise<string> =>
      new SignJWT({ ...right, caller: claimsOf(caller) })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setExpirationTime(expiresAt)
        .sign(key),
    /**
     * @param acceptsExpired whether its minute may have passed: to end what began in it
     * @throws UNAUTHENTICATED
     */
    async verify(
      authorization: string | undefined,
      { acceptsExpired = false }: { readonly acceptsExpired?: boolean } = {},
    ): Promise<MediaHolder> {
      const [, token = ""] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
      const currentDate = acceptsExpired ? new Date(0) : clock();
      const verified = await jwtVerify(token, key, { algorithms: ["HS256"], currentDate }).catch(
        () => undefined,
      );
      const content = contentSchema.safeParse(verified?.payload);
      if (!content.success)
        throw unauthenticated(
          "The authorization header must have a token of stream.publish, watch, talk or listen.",
        );
      const { caller, ...right } = content.data;
      const principal = principalOf(caller);
      if (principal.expiresAt <= clock()) throw unauthenticated("The token has expired.", principal.userId);
      return { caller: principal, right };
    },
  };
};
