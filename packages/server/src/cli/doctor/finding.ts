/** The result of one check. */
export interface Finding {
  /** The subject of the check, e.g. `aliyun_new`. */
  readonly check: string;
  /** `off`: not configured, by choice. */
  readonly state: "ok" | "off" | "warning" | "failed";
  readonly found: string;
  /** What to do, if anything. */
  readonly todo?: string;
}

type CreateFinding = (found: string, todo?: string) => Finding;

/** The functions that create the result of a check, by state. */
export const findingsOf = (check: string): Record<Finding["state"], CreateFinding> => {
  const ending =
    (state: Finding["state"]): CreateFinding =>
    (found, todo) => ({ check, state, found, ...(todo && { todo }) });
  return { ok: ending("ok"), off: ending("off"), warning: ending("warning"), failed: ending("failed") };
};
