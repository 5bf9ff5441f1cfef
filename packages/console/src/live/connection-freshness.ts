/** How old what a page shows may become before the page says so. */
const STALE_AFTER_MS = 15_000;

/** The facts that a live view has about its connection. */
export interface Connection {
  readonly status: "connecting" | "live" | "reconnecting" | "closed";
  /** When the server was last heard, in milliseconds since 1970. Undefined: never. */
  readonly heardAt: number | undefined;
}

/** The state of a connection to show. `stale`: it looks open, and the server has been silent for too long. */
export interface ConnectionFreshness {
  readonly kind: "live" | "connecting" | "stale" | "reconnecting" | "closed";
  /** For how many seconds the server has not been heard. */
  readonly seconds: number;
}

export const freshnessOf = ({ status, heardAt }: Connection, now: number): ConnectionFreshness => {
  const ms = heardAt === undefined ? 0 : Math.max(0, now - heardAt);
  const seconds = Math.floor(ms / 1000);
  if (status !== "live") return { kind: status, seconds };
  return { kind: ms >= STALE_AFTER_MS ? "stale" : "live", seconds };
};

/** Whether what the page shows may be out of date. */
export const mayBeStale = ({ kind }: ConnectionFreshness): boolean =>
  kind !== "live" && kind !== "connecting";

/** The worst of several connections, which is the one to speak of. */
export const worst = (connections: readonly Connection[], now: number): ConnectionFreshness | undefined => {
  const rank = { closed: 4, reconnecting: 3, stale: 2, connecting: 1, live: 0 } as const;
  let found: ConnectionFreshness | undefined;
  for (const connection of connections) {
    const next = freshnessOf(connection, now);
    if (
      !found ||
      rank[next.kind] > rank[found.kind] ||
      (next.kind === found.kind && next.seconds > found.seconds)
    )
      found = next;
  }
  return found;
};
