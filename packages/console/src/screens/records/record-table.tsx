import type { CheatRecord } from "@invigil/client";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { useShortLength } from "../../components/duration.js";
import { PersonLink } from "../../components/place-links.js";
import type { useRouteSearch } from "../../components/search.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import { useTypeName } from "../../components/type-name.js";
import { phaseOf } from "../../live/phases.js";
import { lineOf, type RecordFilter } from "./filters.js";
import styles from "./records.module.css";
import { SORTABLE } from "./search.js";
import type { useRecords } from "./use-records.js";

const keyOf = ({ id }: CheatRecord) => String(id);

/** The records that the filters show. */
export function RecordTable({
  examId,
  found: { records, shown, names, nameOf, roomOf },
  labelOf,
  filter,
  search: [{ sort, record: open }, change],
  empty,
}: {
  examId: string;
  found: ReturnType<typeof useRecords>;
  /** The name with what tells a person from others of their name, or the id. */
  labelOf: (userId: string) => string;
  filter: RecordFilter;
  search: ReturnType<typeof useRouteSearch<"/exams/$examId/records">>;
  empty: ReactNode;
}) {
  const t = useTranslations("records");
  const typeName = useTypeName();
  const length = useShortLength();
  const columns = useMemo<readonly Column<CheatRecord>[]>(
    () => [
      {
        id: "arrival",
        header: t("columns.arrival"),
        width: "minmax(112px, 1fr)",
        isSortable: true,
        cell: ({ createdAt }) => <Time value={createdAt} />,
      },
      {
        id: "time",
        header: t("columns.time"),
        width: "minmax(112px, 1fr)",
        isSortable: true,
        from: 860,
        cell: ({ detectTime }) => <Time value={detectTime} />,
      },
      {
        id: "type",
        header: t("columns.type"),
        width: "minmax(130px, 1.5fr)",
        isSortable: true,
        cell: ({ detectType }) => <span className={styles.type}>{typeName(detectType)}</span>,
      },
      {
        id: "person",
        header: t("columns.person"),
        width: "minmax(150px, 2fr)",
        isSortable: true,
        cell: ({ userId }) => (
          <PersonLink examId={examId} userId={userId} title={`${nameOf(userId) ?? ""} ${userId}`}>
            {nameOf(userId) ?? userId}
            {nameOf(userId) !== undefined && <span className={styles.id}> {userId}</span>}
          </PersonLink>
        ),
      },
      {
        id: "room",
        header: t("columns.room"),
        width: "minmax(100px, 1.5fr)",
        isSortable: true,
        from: 640,
        cell: ({ roomId }) => <span title={roomOf(roomId)}>{roomOf(roomId)}</span>,
      },
      {
        id: "camera",
        header: t("columns.camera"),
        width: "70px",
        from: 760,
        cell: ({ isMainMonitor }) => t(isMainMonitor ? "camera.main" : "camera.pc"),
      },
      {
        id: "extra",
        header: t("columns.extra"),
        width: "minmax(100px, 2fr)",
        from: 1000,
        cell: (record) => {
          const phase = phaseOf(record);
          const lasted = phase?.lastedMs === undefined ? "" : length(phase.lastedMs);
          return <span className={styles.extra}>{phase ? lasted : lineOf(record)}</span>;
        },
      },
    ],
    [t, examId, typeName, nameOf, roomOf, length],
  );
  const narrow = useCallback(
    (record: CheatRecord) => (
      <>
        <span className={styles.line}>
          <span className={styles.type}>{typeName(record.detectType)}</span>
          <Time value={record.createdAt} />
        </span>
        <span className={styles.line}>
          <span className={styles.who}>{labelOf(record.userId)}</span>
          <span className={styles.where}>{roomOf(record.roomId)}</span>
        </span>
      </>
    ),
    [typeName, labelOf, roomOf],
  );
  return (
    <Table
      // Other filters begin at the top.
      key={JSON.stringify(filter)}
      label={t("title")}
      rows={shown}
      keyOf={keyOf}
      nameOf={(record) => `${typeName(record.detectType)}, ${labelOf(record.userId)}`}
      columns={columns}
      narrow={narrow}
      sorting={sort}
      onSort={({ column, descending }) =>
        change({ sort: { column: SORTABLE.find((name) => name === column) ?? "arrival", descending } })
      }
      onOpen={({ id }) => change({ record: String(id) })}
      openKey={open}
      // Older records come at the end, and the person who asks for what came sees it, also under their pointer.
      arrangement={`${records.length} ${names.people.size}`}
      empty={empty}
    />
  );
}
