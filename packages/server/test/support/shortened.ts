// Replaces secrets, random ids, long texts and what changes with each version in the answers that documents show as examples.

const SHORT: Readonly<Record<string, string | number>> = {
  accessToken: "eyJhcHBJZCI6Imlu…",
  refreshToken: "eyJhcHBJZCI6Imlu…",
  appSign: "aW52aWdpbC5leGFt…",
  appToken: "6f1ed002ab5595859014ebf0951522d9…",
  nonce: "AK-2f4e9c1d",
  accessKeyId: "STS.NUgYrLnoC37mZZCNnAbez",
  accessKeySecret: "CVwjCkNzTMupZ8NbTCxCBRq3K16jtcWF…",
  stsToken: "CAIS8QF1q6Ft5B2y…",
  // What depends on the version, and on the calls before.
  version: "1.2.3",
  bytes: 52_428_800,
  exams: 12,
  connections: 340,
  subscriptions: 360,
};

/** Shortens a value by the name of its field. Others stay as they are. */
export const shortened = (name: string, value: unknown): unknown => {
  const short = SHORT[name];
  if (typeof short === typeof value && short !== undefined) return short;
  return typeof value !== "string"
    ? value
    : value
        .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/, "eyJhbGciOiJIUzI1NiJ9…")
        .replace(/auth_key=[^&]+/, "auth_key=1767927845-0-0-5b2a…");
};
