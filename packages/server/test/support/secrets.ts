// Every secret in tests holds one of these texts, so that a leak of any of them, in whole, is seen.

/** In keys that nobody but the server (and a vendor's simulator) has: in no response and no log line. */
const KEPT = "kept-secret";
/** In what is given to one person (tokens, credentials): in no log line. */
const GIVEN = "given-secret";

/** A key that is the server's alone. */
export const kept = (name: string): string => `${KEPT}-${name}-of-this-test-run`;
/** What a vendor issues for one person. */
export const given = (name: string): string => `${GIVEN}-${name}`;

const leaks: string[] = [];

const note = (where: string, text: string, markers: readonly string[]): void => {
  const found = markers.find((marker) => text.includes(marker));
  if (found === undefined) return;
  const at = text.indexOf(found);
  leaks.push(`${where}: …${text.slice(Math.max(0, at - 80), at + 60)}…`);
};

/** Looks for secrets in what a server sends. */
export const watchResponse = (text: string): void => note("a response", text, [KEPT]);
/** Looks for secrets in what a server logs, or a command prints. */
export const watchLog = (text: string): void => note("a log", text, [KEPT, GIVEN]);
/** What has leaked since this was last asked. */
export const takeLeaks = (): string[] => leaks.splice(0);
