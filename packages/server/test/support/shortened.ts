// Replaces secrets, random ids and long texts in the answers that documents show as examples.

const SHORT: Readonly<Record<string, string>> = {
  accessToken: "eyJhcHBJZCI6Imlu…",
  refreshToken: "eyJhcHBJZCI6Imlu…",
  appSign: "aW52aWdpbC5leGFt…",
  appToken: "6f1ed002ab5595859014ebf0951522d9…",
  nonce: "AK-2f4e9c1d",
  accessKeyId: "STS.NUgYrLnoC37mZZCNnAbez",
  accessKeySecret: "CVwjCkNzTMupZ8NbTCxCBRq3K16jtcWF…",
  stsToken: "CAIS8QF1q6Ft5B2y…",
};

/** Shortens a text by the name of its field. Other values stay as they are. */
export const shortened = (name: string, value: unknown): unknown =>
  typeof value !== "string"
    ? value
    : (SHORT[name] ??
      value
        .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/, "eyJhbGciOiJIUzI1NiJ9…")
        .replace(/auth_key=[^&]+/, "auth_key=1767927845-0-0-5b2a…"));
