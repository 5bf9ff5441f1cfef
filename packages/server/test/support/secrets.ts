// Every secret in tests contains one of these texts, so that leaks can be detected.

/** In keys that only the server and a vendor's simulator have. Must not appear in responses or log lines. */
const KEPT = "kept-secret";
/** In secrets for one person (tokens, credentials). Must not appear in log lines. */
const GIVEN = "given-secret";

/** A key that only the server has. */
export const kept = (name: string): string => `${KEPT}-${name}-of-this-test-run`;
/** A secret that a vendor issues for one person. */
export const given = (name: string): string => `${GIVEN}-${name}`;

const leaks: string[] = [];

const note = (where: string, text: string, markers: readonly string[]): void => {
  const found = markers.find((marker) => text.includes(marker));
  if (found === undefined) return;
  const at = text.indexOf(found);
  leaks.push(`${where}: …${text.slice(Math.max(0, at - 80), at + 60)}…`);
};

/** Checks a response for secrets. */
export const watchResponse = (text: string): void => note("a response", text, [KEPT]);
/** Checks the log, or the output of a command, for secrets. */
export const watchLog = (text: string): void => note("a log", text, [KEPT, GIVEN]);
/** Returns the leaks since the last call. */
export const takeLeaks = (): string[] => leaks.splice(0);
