/** What one check found. */
export interface Finding {
  /** What was looked at, e.g. `aliyun_new`. */
  readonly check: string;
  /** `off`: not set up, which is a choice. */
  readonly state: "ok" | "off" | "warning" | "failed";
  readonly found: string;
  /** What to do about it, where there is something to do. */
  readonly todo?: string;
}

type Finder = (found: string, todo?: string) => Finding;

/** The ways in which one check may end. */
export const findingsOf = (check: string): Record<Finding["state"], Finder> => {
  const ending =
    (state: Finding["state"]): Finder =>
    (found, todo) => ({ check, state, found, ...(todo && { todo }) });
  return { ok: ending("ok"), off: ending("off"), warning: ending("warning"), failed: ending("failed") };
};
