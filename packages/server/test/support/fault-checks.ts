// What must hold after faults. Each check returns what it found wrong, in words.

/** An event as a listener received it. */
export interface Heard {
  readonly id: number;
  readonly roomId: string;
  readonly type: string;
  /** The person whom the event is about, if it is about one. */
  readonly userId?: string | undefined;
  /** The keys of the writes that the event tells of. */
  readonly keys: readonly string[];
}

/** What a writer knows of a write. `unknown`: it may have been stored. `refused`: it was not. */
export type Outcome = "acknowledged" | "refused" | "unknown";

/** How many examples of a fault are named. */
const EXAMPLES = 5;
const list = (values: readonly (string | number)[]): string =>
  `${values.slice(0, EXAMPLES).join(", ")}${values.length > EXAMPLES ? ", …" : ""} (${values.length})`;
const found = (name: string, values: readonly (string | number)[]): string[] =>
  values.length === 0 ? [] : [`${name}: ${list(values)}`];

const repeated = <Value>(values: readonly Value[]): Value[] => {
  const seen = new Set<Value>();
  return values.filter((value) => {
    const isRepeated = seen.has(value);
    seen.add(value);
    return isRepeated;
  });
};

/** Compares what a listener received with the ids of all events that it must receive, in their order. */
export const faultsOfDelivery = (
  listener: string,
  received: readonly number[],
  events: readonly number[],
): string[] => {
  const known = new Set(events);
  const heard = new Set(received);
  return [
    ...found(`${listener} received twice`, repeated(received)),
    ...found(
      `${listener} received after a later one`,
      received.filter((id, index) => index > 0 && id < (received[index - 1] ?? 0)),
    ),
    ...found(
      `${listener} missed`,
      events.filter((id) => !heard.has(id)),
    ),
    ...found(
      `${listener} received what is not in the log`,
      received.filter((id) => !known.has(id)),
    ),
  ];
};

/** Compares what writers know of their writes with the keys of what is stored and of what events tell. */
export const faultsOfWrites = (
  writes: ReadonlyMap<string, Outcome>,
  stored: readonly string[],
  told: readonly string[],
): string[] => {
  const isStored = new Set(stored);
  const isTold = new Set(told);
  const withOutcome = (outcome: Outcome) =>
    [...writes].filter(([, known]) => known === outcome).map(([key]) => key);
  return [
    ...found(
      "acknowledged and not stored",
      withOutcome("acknowledged").filter((key) => !isStored.has(key)),
    ),
    ...found(
      "refused and stored",
      withOutcome("refused").filter((key) => isStored.has(key)),
    ),
    ...found("stored twice", repeated(stored)),
    ...found("told twice", repeated(told)),
    ...found(
      "stored and not told",
      stored.filter((key) => !isTold.has(key)),
    ),
    ...found(
      "told and not stored",
      told.filter((key) => !isStored.has(key)),
    ),
  ];
};

/**
 * Compares the ids that a reader saw, who turned pages from the newest row to the oldest while others wrote, with those of all rows.
 * Rows that are newer than the first page's are not its concern.
 */
export const faultsOfPages = (name: string, seen: readonly number[], rows: readonly number[]): string[] => {
  const first = seen[0] ?? 0;
  const known = new Set(seen);
  return [
    ...found(
      `${name}: seen after an older one, or twice`,
      seen.filter((id, index) => index > 0 && id >= (seen[index - 1] ?? 0)),
    ),
    ...found(
      `${name}: missed`,
      rows.filter((id) => id <= first && !known.has(id)),
    ),
  ];
};
