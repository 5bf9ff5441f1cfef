import "@mantine/core/styles/Combobox.css";
import { NativeSelect, TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { FilterBar, MoreFilters, useTypedText } from "../../components/filter-bar.js";
import { PeriodFields } from "../../components/moment-field.js";
import type { useRouteSearch } from "../../components/search.js";
import styles from "./administration.module.css";
import { OUTCOMES } from "./search.js";
import type { useAudit } from "./use-audit.js";

const FIELDS = ["actor", "person", "procedure", "exam"] as const;

/** The filters of the audit. */
export function AuditFilters({
  audit: { shown, entries, procedures, active },
  search: [search, change],
  onClear,
}: {
  audit: ReturnType<typeof useAudit>;
  search: ReturnType<typeof useRouteSearch<"/admin/{-$part}">>;
  onClear: () => void;
}) {
  const t = useTranslations("administration.audit");
  return (
    <FilterBar shown={shown.length} total={entries.length} onClear={onClear}>
      <MoreFilters active={active}>
        {FIELDS.map((name) => (
          <FilterField
            key={name}
            label={t(`filters.${name}`)}
            value={search[name]}
            onChange={(value) => change({ [name]: value }, { replace: true })}
            {...(name === "procedure" && { suggestions: procedures })}
          />
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
      </MoreFilters>
    </FilterBar>
  );
}

/** A field whose text becomes a filter when the person has stopped typing. */
function FilterField({
  label,
  value,
  onChange,
  suggestions,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  suggestions?: readonly string[];
}) {
  const typed = useTypedText(value, (text) => onChange(text.trim()), 400);
  const list = suggestions && `suggestions-${label}`;
  return (
    <>
      <TextInput className={styles.filter} aria-label={label} placeholder={label} list={list} {...typed} />
      {suggestions && (
        <datalist id={list}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </>
  );
}
