import type { Reason } from "../live/attention.js";
import { StateMark } from "./state-mark.js";

/** Why a person needs attention, each reason with since when. Detections have a place of their own. */
export function ReasonMarks({ reasons }: { reasons: readonly Reason[] }) {
  return reasons.map(({ kind, since, isRed }) => {
    if (kind === "detections" || kind === "noTeacher") return null;
    const isSince = since !== undefined && kind !== "timeShort";
    return (
      <StateMark
        key={kind}
        state={kind}
        since={isSince ? new Date(since) : undefined}
        isRed={isRed ?? false}
      />
    );
  });
}
