import type { AuditEntry } from "@invigil/client";

/** Whether the server refused the call, or failed. */
export const isRefused = ({ outcome }: Pick<AuditEntry, "outcome">): boolean =>
  outcome !== "ok" && outcome !== "ended";

/** What the call was about, from the narrowest to the widest. */
export const targetOf = ({
  personId,
  subject,
  roomId,
  examId,
}: Pick<AuditEntry, "personId" | "subject" | "roomId" | "examId">): string =>
  [personId, subject, roomId, examId].filter((id) => id !== undefined).join(" · ");
