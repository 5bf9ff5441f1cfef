// Tokens of callers, signed as the server signs them. The server must be built.

const TTL_SECONDS = 36_000;

/** @returns a function that returns the token of a caller: always the same one, so that the server verifies it once */
export const createTokens = (secret) => {
  const tokens = new Map();
  const sign = async (userId, role, jti) => {
    const { signToken } = await import("../../packages/server/dist/identity/tokens.js");
    const request = { userId, role, ttlSeconds: TTL_SECONDS };
    return signToken(request, { secret, clock: () => new Date(), jti });
  };
  return (userId, role) => {
    const key = `${role} ${userId}`;
    if (!tokens.has(key)) tokens.set(key, sign(userId, role, key));
    return tokens.get(key);
  };
};
