import type { InvigilError } from "./errors.js";

// What a server counts and times while it works, if its metrics are on (`metrics/`). Labels are procedures, routes and reasons, and never ids.

/** The upper bounds of the buckets of a duration, in seconds. */
export const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10];

export interface Count {
  value: number;
}
export interface Durations {
  /** How many durations each bucket has. The last one has those above all bounds. */
  readonly buckets: readonly number[];
  /** In seconds. */
  readonly sum: () => number;
  observe(ms: number): void;
}

const createCount = (): Count => ({ value: 0 });
const createDurations = (): Durations => {
  const buckets = [0, ...BOUNDS].map(() => 0);
  let sum = 0;
  return {
    buckets,
    sum: () => sum,
    observe(ms) {
      // A clock may have been set back.
      const seconds = Math.max(ms, 0) / 1000;
      let index = 0;
      while (seconds > (BOUNDS[index] ?? Number.POSITIVE_INFINITY)) index += 1;
      buckets[index] = (buckets[index] ?? 0) + 1;
      sum += seconds;
    },
  };
};

/** The parts of a metric, one for each combination of labels. */
export interface Family<Part> {
  readonly labels: readonly string[];
  /** Returns the part with these values of the labels. Bind it once where it is used often. */
  of(...values: readonly string[]): Part;
  readonly all: () => readonly { readonly values: readonly string[]; readonly part: Part }[];
}
const createFamily = <Part>(create: () => Part, ...labels: readonly string[]): Family<Part> => {
  const parts = new Map<string, { readonly values: readonly string[]; readonly part: Part }>();
  return {
    labels,
    of(...values) {
      const key = values.join("\n");
      const known = parts.get(key);
      if (known) return known.part;
      const part = create();
      parts.set(key, { values, part });
      return part;
    },
    all: () => [...parts.values()],
  };
};

export type Meters = ReturnType<typeof createMeters>;
/** What a database measures. */
export type StorageMeters = Meters["storage"];

export const createMeters = () => {
  const calls = createFamily(createDurations, "procedure");
  const errors = createFamily(createCount, "procedure", "status");
  const refusals = createFamily(createCount, "reason", "limit", "scope");
  const tokens = createFamily(createCount, "signature");
  // A series that begins with zero shows the first increase.
  for (const signature of ["good", "unknown"]) tokens.of(signature);
  /** The parts of each procedure. */
  const bound = new Map<
    string,
    { readonly durations: Durations; readonly "4xx": Count; readonly "5xx": Count }
  >();
  return {
    calls,
    errors,
    refusals,
    tokens,
    /** Answers by route and class of the status. */
    requests: createFamily(createCount, "route", "status"),
    /** Open WebSockets, by path. */
    sockets: createFamily(createCount, "path"),
    connectionsDropped: createCount(),
    /** How old events are when a subscriber gets them. */
    deliveries: createDurations(),
    gaps: createCount(),
    mediaFailures: createCount(),
    /** Lines of the log about problems, by level. */
    logLines: createFamily(createCount, "level"),
    storage: {
      transactions: createDurations(),
      /** How long writes wait for their turn, and reads for a connection. */
      writeWaits: createDurations(),
      readWaits: createDurations(),
      retries: createCount(),
      /** Functions that return how many writes wait for their turn. */
      waiting: new Set<() => number>(),
    },

    /** Binds the parts of procedures, so that a call only adds to them. Calls of other names are not counted. */
    bind(procedures: readonly string[]): void {
      for (const name of procedures)
        bound.set(name, {
          durations: calls.of(name),
          "4xx": errors.of(name, "4xx"),
          "5xx": errors.of(name, "5xx"),
        });
    },
    /** Times a call. */
    time<Result>(procedure: string, call: () => Promise<Result>): Promise<Result> {
      const durations = bound.get(procedure)?.durations;
      if (!durations) return call();
      const since = performance.now();
      const result = call();
      const end = (): void => durations.observe(performance.now() - since);
      result.then(end, end);
      return result;
    },
    /** Counts the error of a call, or of a request that made none. */
    refused({ code, status, limit, scope = "", subject }: InvigilError, procedure?: string): void {
      refusals.of(code, limit ?? "", scope).value += 1;
      // A token that this installation has not signed may be a guess.
      if (code === "UNAUTHENTICATED") tokens.of(subject === undefined ? "unknown" : "good").value += 1;
      const parts = procedure === undefined ? undefined : bound.get(procedure);
      if (parts) parts[status < 500 ? "4xx" : "5xx"].value += 1;
    },
  };
};
