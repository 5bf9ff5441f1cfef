import type { AuditEntry, ListAuditInput } from "@invigil/client";
import { useMemo } from "react";
import { momentOf } from "../../components/moment-field.js";
import { type ListQuery, usePages } from "./listed.js";
import type { OUTCOMES } from "./search.js";

/** The filters of the audit in the address. */
interface AuditSearch {
  readonly actor: string;
  readonly person: string;
  readonly procedure: string;
  readonly exam: string;
  /** Days and times, such as `2026-11-30T09:00`. */
  readonly from: string;
  readonly to: string;
  readonly outcome: (typeof OUTCOMES)[number];
}

export const NO_FILTER = {
  actor: "",
  person: "",
  procedure: "",
  exam: "",
  from: "",
  to: "",
  outcome: "all",
} as const satisfies AuditSearch;

/** Whether the server refused the call, or failed. */
export const isRefused = ({ outcome }: Pick<AuditEntry, "outcome">): boolean =>
  outcome !== "ok" && outcome !== "ended";

/** The subject of the call, from the narrowest to the widest. */
export const targetOf = ({
  personId,
  subject,
  roomId,
  examId,
}: Pick<AuditEntry, "personId" | "subject" | "roomId" | "examId">): string =>
  [personId, subject, roomId, examId].filter((id) => id !== undefined).join(" · ");

/** The filters that the server applies. It does not filter by outcome. */
export const inputOf = (
  { actor, person, procedure, exam, from, to }: AuditSearch,
  zone: string,
): Omit<ListAuditInput, "cursor"> => ({
  pageSize: 100,
  actorId: actor || undefined,
  personId: person || undefined,
  procedure: procedure || undefined,
  examId: exam || undefined,
  since: momentOf(zone, from),
  until: momentOf(zone, to),
});

interface AuditQuery extends ListQuery {
  readonly data: { readonly pages: readonly { readonly entries: readonly AuditEntry[] }[] } | undefined;
}

/** The entries of the audit, as far as they have been read, and those of them that are shown. */
export const useAudit = (query: AuditQuery, { outcome, ...asked }: AuditSearch) => {
  const { refresh, revision } = usePages(query, 5);
  const { data } = query;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  const shown = useMemo(
    () => entries.filter((entry) => outcome === "all" || isRefused(entry) === (outcome === "refused")),
    [entries, outcome],
  );
  const procedures = useMemo(() => [...new Set(entries.map(({ procedure }) => procedure))].sort(), [entries]);
  const { actor, person, procedure, exam, from, to } = asked;
  const active = [actor, person, procedure, exam, from, to].filter(Boolean).length;
  return {
    entries,
    shown,
    procedures,
    refresh,
    revision,
    /** How many filters are on. */
    active: active + (outcome === "all" ? 0 : 1),
    /** Whether the server was asked for a part of the audit. */
    isPart: active > 0,
  };
};
