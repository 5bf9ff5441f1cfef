// The checks of a candidate before an exam. In a file of its own, because pages use it without schemas.

/** The checks that the candidate's page reports. */
export const reportedChecks = ["camera", "microphone", "connection", "secondCamera"] as const;
/** All checks. The server notes the consent itself. */
export const readinessChecks = ["consent", ...reportedChecks] as const;
export type ReadinessCheckName = (typeof readinessChecks)[number];

/** Why a check failed. */
export const readinessDetails = [
  "refused",
  "absent",
  "busy",
  "dark",
  "silent",
  "slow",
  "blocked",
  "unsupported",
  "other",
] as const;
export type ReadinessDetail = (typeof readinessDetails)[number];

/** Whether an exam needs one camera of each person, or both. */
export const cameraNeeds = ["one", "both"] as const;
export type CameraNeed = (typeof cameraNeeds)[number];

interface Facts {
  readonly checks: Readonly<
    Partial<Record<ReadinessCheckName, { readonly result: "passed" | "failed" } | undefined>>
  >;
  readonly wavedThrough: boolean;
}

/** Whether a person has passed all checks that their exam needs, or staff have waved them through. */
export const isReady = (
  readiness: Facts | undefined,
  { cameras }: { readonly cameras: CameraNeed },
): boolean =>
  readiness !== undefined &&
  (readiness.wavedThrough ||
    readinessChecks.every(
      (check) =>
        readiness.checks[check]?.result === "passed" || (check === "secondCamera" && cameras === "one"),
    ));
