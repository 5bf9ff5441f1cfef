export type Phase = "running" | "upcoming" | "past";

interface Times {
  readonly startTime: Date;
  readonly endTime: Date;
}

export const phaseOf = ({ startTime, endTime }: Times, now: number): Phase =>
  endTime.getTime() <= now ? "past" : startTime.getTime() > now ? "upcoming" : "running";

const RANK = { running: 0, upcoming: 1, past: 2 } as const;

/** The most urgent first: running ones by their end, then upcoming ones by their start, then past ones from the last. */
export const byNeed =
  (now: number) =>
  (one: Times, other: Times): number => {
    const [phase, otherPhase] = [phaseOf(one, now), phaseOf(other, now)];
    if (phase !== otherPhase) return RANK[phase] - RANK[otherPhase];
    if (phase === "upcoming") return one.startTime.getTime() - other.startTime.getTime();
    const byEnd = one.endTime.getTime() - other.endTime.getTime();
    return phase === "running" ? byEnd : -byEnd;
  };
