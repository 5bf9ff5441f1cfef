import type { ListAuditInput, RouterOutputs } from "@invigil/client";
import { useMemo } from "react";
import { momentOf } from "../../components/moment-field.js";
import { type ListQuery, usePages } from "./listed.js";
import type { OUTCOMES, READS } from "./search.js";
import { isRefused, namesIn } from "./sentences.js";

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
  readonly reads: (typeof READS)[number];
}

export const NO_FILTER = {
  actor: "",
  person: "",
  procedure: "",
  exam: "",
  from: "",
  to: "",
  outcome: "all",
  reads: "hidden",
} as const satisfies AuditSearch;

/** The filters that the server applies. It does not filter by outcome. */
export const inputOf = (
  { actor, person, procedure, exam, from, to, reads }: AuditSearch,
  zone: string,
): Omit<ListAuditInput, "cursor"> => ({
  pageSize: 100,
  actorId: actor || undefined,
  personId: person || undefined,
  procedure: procedure || undefined,
  // A kind of reads may be chosen.
  withReads: reads === "shown" || procedure !== "",
  withNames: true,
  examId: exam || undefined,
  since: momentOf(zone, from),
  until: momentOf(zone, to),
});

type AuditPage = RouterOutputs["audit"]["list"];
interface AuditQuery extends ListQuery {
  readonly data: { readonly pages: readonly Pick<AuditPage, "entries" | "names">[] } | undefined;
}

/** The entries of the audit, as far as they have been read, and those of them that are shown. */
export const useAudit = (query: AuditQuery, { outcome, reads, ...asked }: AuditSearch) => {
  const { refresh, revision } = usePages(query, 5);
  const { data } = query;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  const shown = useMemo(
    () => entries.filter((entry) => outcome === "all" || isRefused(entry) === (outcome === "refused")),
    [entries, outcome],
  );
  const names = useMemo(() => namesIn(data?.pages ?? []), [data]);
  const { actor, person, procedure, exam, from, to } = asked;
  const active = [actor, person, procedure, exam, from, to].filter(Boolean).length;
  return {
    entries,
    shown,
    names,
    refresh,
    revision,
    /** How many filters are on. */
    active: active + Number(outcome !== "all") + Number(reads === "shown"),
    /** Whether the server was asked for a part of the audit. */
    isPart: active > 0,
  };
};
