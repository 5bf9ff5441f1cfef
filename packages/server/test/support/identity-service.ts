import { createServer } from "node:http";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { portOf } from "./ports.js";

export interface SigningKey {
  readonly kid: string;
  readonly publicPem: string;
  /** The published form of the key. */
  readonly jwk: JWK;
  sign(claims: Record<string, unknown>): Promise<string>;
}

/**
 * The identity service of an organisation: a real server on the loopback interface that publishes its keys.
 */
export interface IdentityService extends AsyncDisposable {
  readonly url: string;
  /** The number of times that the keys were fetched. */
  fetches(): number;
  /** Generates a key. It is valid once it is published. */
  makeKey(kid: string, alg?: string): Promise<SigningKey>;
  publish(...keys: readonly SigningKey[]): void;
  /** Sets a response that is sent instead of the keys; undefined resets it. */
  answer(instead: { status: number; body: string } | undefined): void;
}

export const openIdentityService = async (): Promise<IdentityService> => {
  const published = new Map<string, JWK>();
  let current: JWK[] = [];
  let instead: { status: number; body: string } | undefined;
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    response.writeHead(instead?.status ?? 200, { "content-type": "application/json", connection: "close" });
    response.end(instead?.body ?? JSON.stringify({ keys: current }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    fetches: () => fetches,
    async makeKey(kid, alg = "ES256") {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
      published.set(kid, jwk);
      return {
        kid,
        jwk,
        publicPem: await exportSPKI(publicKey),
        sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey),
      };
    },
    publish(...keys) {
      current = keys.flatMap(({ kid }) => published.get(kid) ?? []);
    },
    answer(other) {
      instead = other;
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
