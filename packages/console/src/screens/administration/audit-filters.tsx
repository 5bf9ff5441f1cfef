import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Switch.css";
import { useInvigil } from "@invigil/react";
import { NativeSelect, Switch } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Suspense, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { FilterBar, MoreFilters } from "../../components/filter-bar.js";
import { useFirstPages } from "../../components/first-pages.js";
import { lazyComponent } from "../../components/lazy.js";
import { PeriodFields } from "../../components/moment-field.js";
import type { useRouteSearch } from "../../components/search.js";
import styles from "./administration.module.css";
import { ON_DEMAND } from "./listed.js";
import { OUTCOMES } from "./search.js";
import type { useSentences } from "./sentences.js";
import type { useAudit } from "./use-audit.js";

const FindSelect = lazyComponent(() => import("../../components/find-select.js"));

const FIELDS = ["actor", "person", "procedure", "exam"] as const;
/** How many pages of exams and of accounts are read for the lists of choices. */
const PAGES = 5;
const TYPED_MS = 400;

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Choices without those that came before. The chosen one is always there. */
const distinct = (choices: readonly Choice[], chosen: string): readonly Choice[] => {
  const all = new Map(choices.toReversed().map((choice) => [choice.value, choice]));
  if (chosen !== "" && !all.has(chosen)) all.set(chosen, { value: chosen, label: chosen });
  return [...all.values()].reverse();
};
const idAndName = (id: string, name: string): Choice => ({ value: id, label: `${name} (${id})` });

/** The filters of the audit. */
export function AuditFilters({
  audit: { shown, entries, active, names },
  sentences: { procedures, kindOf },
  search: [search, change],
  onClear,
}: {
  audit: ReturnType<typeof useAudit>;
  sentences: ReturnType<typeof useSentences>;
  search: ReturnType<typeof useRouteSearch<"/admin/{-$part}">>;
  onClear: () => void;
}) {
  const t = useTranslations("administration.audit");
  const invigil = useInvigil();
  const pages = { getNextPageParam: ({ nextCursor }: { nextCursor?: string | undefined }) => nextCursor };
  const exams = useInfiniteQuery(
    invigil.exam.list.infiniteQueryOptions({ pageSize: 100 }, { ...pages, ...ON_DEMAND }),
  );
  const accounts = useInfiniteQuery(
    invigil.account.list.infiniteQueryOptions({ pageSize: 100 }, { ...pages, ...ON_DEMAND }),
  );
  useFirstPages(exams, PAGES);
  useFirstPages(accounts, PAGES);
  // An exam may have thousands of people, who are found by typing.
  const [typed, setTyped] = useState("");
  const [sought] = useDebouncedValue(typed.trim(), TYPED_MS);
  const found = useQuery(
    invigil.exam.people.queryOptions(
      { examId: search.exam, search: sought.slice(0, 64), pageSize: 20 },
      { enabled: search.exam !== "" && sought !== "", ...ON_DEMAND },
    ),
  );
  const choices = useMemo(() => {
    const ofAccounts = accounts.data?.pages.flatMap((page) => page.accounts) ?? [];
    const people = [
      ...(found.data?.people ?? []).map(({ userId, name }) => idAndName(userId, name)),
      ...ofAccounts.map(({ userId, name }) => idAndName(userId, name)),
      ...[...names.people].map(([id, name]) => idAndName(id, name)),
    ];
    const ofExams = [
      ...(exams.data?.pages.flatMap((page) => page.exams) ?? []).map(({ id, name }) => [id, name] as const),
      ...names.exams,
    ];
    return {
      actor: distinct(people, search.actor),
      person: distinct(people, search.person),
      procedure: procedures.map((value) => ({ value, label: kindOf(value) })),
      exam: distinct(
        ofExams.map(([value, label]) => ({ value, label })),
        search.exam,
      ),
    };
  }, [accounts.data, exams.data, found.data, names, procedures, kindOf, search]);
  return (
    <FilterBar shown={shown.length} total={entries.length} onClear={onClear}>
      <MoreFilters active={active}>
        {FIELDS.map((name) => (
          <Suspense key={name} fallback={<span className={styles.filter} />}>
            <FindSelect
              className={styles.filter}
              label={t(`filters.${name}`)}
              placeholder={t(`filters.${name}`)}
              nothing={t("filters.nothing")}
              choices={choices[name]}
              value={search[name]}
              onChange={(value) => change({ [name]: value })}
              {...(name === "person" && { onSearch: setTyped })}
            />
          </Suspense>
        ))}
        <NativeSelect
          aria-label={t("outcome")}
          value={search.outcome}
          onChange={({ currentTarget }) =>
            change({ outcome: OUTCOMES.find((one) => one === currentTarget.value) ?? "all" })
          }
          data={OUTCOMES.map((value) => ({ value, label: t(`outcomes.${value}`) }))}
        />
        <PeriodFields
          from={search.from}
          to={search.to}
          labels={{ from: t("filters.from"), to: t("filters.to") }}
          onChange={(changed) => change(changed, { replace: true })}
        />
        <Switch
          label={t("filters.reads")}
          checked={search.reads === "shown"}
          onChange={({ currentTarget }) => change({ reads: currentTarget.checked ? "shown" : "hidden" })}
        />
      </MoreFilters>
    </FilterBar>
  );
}
