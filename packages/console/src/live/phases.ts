import { type CheatRecord, detectorNames } from "@invigil/client";

// A detector of the candidate's page writes two records of what it noticed, one when it begins and one when it ends. They are told as one.

interface Phase {
  /** The same for both records. */
  readonly id: string;
  readonly isEnd: boolean;
  /** How long it lasted, in milliseconds. Undefined: it goes on, or the end is not known. */
  readonly lastedMs: number | undefined;
}

const NAMES: ReadonlySet<string> = new Set(detectorNames);

/** What a record says of a detector of the candidate's page. Undefined: it is of another one. */
export const phaseOf = ({
  userId,
  detectType,
  extraInfo,
}: Pick<CheatRecord, "userId" | "detectType" | "extraInfo">): Phase | undefined => {
  if (!NAMES.has(detectType) || typeof extraInfo !== "object") return undefined;
  const { id, phase, durationMs } = extraInfo as { readonly [Name in string]?: unknown };
  if (typeof id !== "string" || (phase !== "begin" && phase !== "end")) return undefined;
  return {
    id: `${userId} ${detectType} ${id}`,
    isEnd: phase === "end",
    lastedMs: typeof durationMs === "number" && durationMs >= 0 ? durationMs : undefined,
  };
};

/** Joins the records of a begin and of its end. */
export const joinPhases = (records: readonly CheatRecord[]): readonly CheatRecord[] => {
  const begun = new Set<string>();
  const ends = new Map<string, CheatRecord>();
  for (const record of records) {
    const phase = phaseOf(record);
    if (phase?.isEnd) ends.set(phase.id, record);
    else if (phase) begun.add(phase.id);
  }
  if (ends.size === 0) return records;
  return records.flatMap((record): readonly CheatRecord[] => {
    const phase = phaseOf(record);
    const end = phase && ends.get(phase.id);
    if (!end) return [record];
    if (phase.isEnd) return begun.has(phase.id) ? [] : [record];
    // Both have an object: it is what phases are read from.
    return [{ ...record, extraInfo: end.extraInfo }];
  });
};
