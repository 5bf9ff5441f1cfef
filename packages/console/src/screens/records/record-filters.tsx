import "@mantine/core/styles/Combobox.css";
import { NativeSelect } from "@mantine/core";
import { Suspense } from "react";
import { useTranslations } from "use-intl";
import { Choices, FilterBar, MoreFilters, SearchField } from "../../components/filter-bar.js";
import { lazyComponent } from "../../components/lazy.js";
import { PeriodFields } from "../../components/moment-field.js";
import type { useRouteSearch } from "../../components/search.js";
import { useTypeName } from "../../components/type-name.js";
import styles from "./records.module.css";
import { CAMERAS, isFiltering } from "./search.js";
import type { useRecords } from "./use-records.js";

const FindSelect = lazyComponent(() => import("../../components/find-select.js"));

/** How many types are buttons beside each other. The detectors of the apps know ten; a detector of one's own may send any number. */
const MOST_BUTTONS = 12;

type Counts = readonly (readonly [value: string, count: number])[];

/** The choices of a filter. The chosen one stays, also when other filters leave none of it. */
const withChosen = (counts: Counts, chosen: string): Counts =>
  chosen === "" || counts.some(([value]) => value === chosen) ? counts : [...counts, [chosen, 0]];

/** The filters of the records. */
export function RecordFilters({
  found: { records, shown, types, rooms, hasAll, roomOf },
  search: [search, change],
  onClear,
}: {
  found: ReturnType<typeof useRecords>;
  search: ReturnType<typeof useRouteSearch<"/exams/$examId/records">>;
  onClear: () => void;
}) {
  const t = useTranslations("records");
  const typeName = useTypeName();
  const { type, room, q, camera, from, to } = search;
  // The number of records that were not read is unknown.
  const counted = (count: number) => (hasAll ? count : undefined);
  const choices = withChosen(types, type).map(([value, count]) => ({
    value,
    label: typeName(value),
    count: counted(count),
  }));
  return (
    <FilterBar
      shown={shown.length}
      total={hasAll || !isFiltering(search) ? records.length : undefined}
      onClear={onClear}
    >
      {choices.length <= MOST_BUTTONS ? (
        <Choices
          label={t("filters.type")}
          choices={[
            {
              value: "",
              label: t("filters.allTypes"),
              count: counted(types.reduce((sum, [, count]) => sum + count, 0)),
            },
            ...choices,
          ]}
          value={type}
          onChange={(next) => change({ type: next })}
        />
      ) : (
        <Suspense fallback={<span className={styles.types} />}>
          <FindSelect
            className={styles.types}
            label={t("filters.type")}
            placeholder={t("filters.searchTypes", { count: choices.length })}
            nothing={t("filters.noType")}
            choices={choices}
            value={type}
            onChange={(next) => change({ type: next })}
          />
        </Suspense>
      )}
      <SearchField
        value={q}
        onChange={(next) => change({ q: next }, { replace: true })}
        placeholder={t("filters.person")}
      />
      <MoreFilters active={[room !== "", camera !== "all", from !== "", to !== ""].filter(Boolean).length}>
        <NativeSelect
          aria-label={t("filters.room")}
          className={styles.room}
          value={room}
          onChange={({ currentTarget }) => change({ room: currentTarget.value })}
          data={[
            { value: "", label: t("filters.allRooms") },
            ...withChosen(rooms, room).map(([value, count]) => ({
              value,
              label: hasAll ? `${roomOf(value)} (${count})` : roomOf(value),
            })),
          ]}
        />
        <NativeSelect
          aria-label={t("filters.camera")}
          value={camera}
          onChange={({ currentTarget }) =>
            change({ camera: CAMERAS.find((one) => one === currentTarget.value) ?? "all" })
          }
          data={CAMERAS.map((value) => ({ value, label: t(`camera.${value}`) }))}
        />
        <PeriodFields
          from={from}
          to={to}
          labels={{ from: t("filters.from"), to: t("filters.to") }}
          onChange={(changed) => change(changed, { replace: true })}
        />
      </MoreFilters>
    </FilterBar>
  );
}
