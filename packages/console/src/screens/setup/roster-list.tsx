import { type RosterEntry, searchFor } from "@invigil/client";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { SeatMenu } from "../../actions/seat-menu.js";
import { FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { matching } from "../../components/matching.js";
import { PersonLink, RoomLink } from "../../components/place-links.js";
import { useRouteSearch } from "../../components/search.js";
import { type Column, Table } from "../../components/table.js";
import { usePersonName, useSetup } from "./context.js";
import { Section } from "./parts.js";
import styles from "./setup.module.css";

/** Who is in the exam, in which role and room. */
export function RosterList() {
  const t = useTranslations("setup.roster");
  const roles = useTranslations("common.roles");
  const { examId, people, isReadOnly } = useSetup();
  const [{ q }, change] = useRouteSearch("/exams/$examId/setup/{-$step}");
  const { entries = [], rooms } = people ?? {};
  const nameOf = usePersonName();
  const names = useMemo(() => new Map(rooms?.map(({ room }) => [room.id, room.name])), [rooms]);
  const columns = useMemo<readonly Column<RosterEntry>[]>(() => {
    const person = ({ userId, role }: RosterEntry) =>
      role === "examinee" ? (
        <PersonLink examId={examId} userId={userId}>
          {nameOf(userId)}
        </PersonLink>
      ) : (
        nameOf(userId)
      );
    const room = ({ roomId }: RosterEntry) =>
      roomId === undefined ? (
        <span className={styles.warning}>{t("noRoom")}</span>
      ) : (
        <RoomLink examId={examId} roomId={roomId}>
          {names.get(roomId)}
        </RoomLink>
      );
    return [
      { id: "name", header: t("name"), width: "minmax(90px, 2fr)", cell: person },
      { id: "id", header: t("id"), cell: ({ userId }) => <span title={userId}>{userId}</span> },
      { id: "role", header: t("role"), from: 460, cell: ({ role }) => roles(role) },
      { id: "room", header: t("room"), cell: room },
      {
        id: "extra",
        header: t("extraShort"),
        width: "70px",
        align: "end",
        cell: ({ extraMinutes }) => extraMinutes > 0 && t("extraOf", { minutes: extraMinutes }),
      },
      ...(isReadOnly
        ? []
        : [
            {
              id: "actions",
              header: t("actions"),
              width: "32px",
              isAction: true,
              cell: (one: RosterEntry) => (
                <SeatMenu examId={examId} person={one} label={nameOf(one.userId)} />
              ),
            },
          ]),
    ];
  }, [t, roles, examId, names, nameOf, isReadOnly]);
  const shown = useMemo(() => {
    if (q.trim() === "") return entries;
    const [ofPerson, ofRoom] = [searchFor(q.trim()), matching(q)];
    return entries.filter(
      (one) =>
        ofPerson(one) || ofRoom(one.roomId === undefined ? t("noRoom") : (names.get(one.roomId) ?? "")),
    );
  }, [entries, names, q, t]);
  if (entries.length === 0) return null;
  const clear = () => change({ q: "" });
  return (
    <Section title={t("people")}>
      <div className={styles.people}>
        <FilterBar shown={shown.length} total={entries.length} onClear={clear}>
          <SearchField
            value={q}
            onChange={(text) => change({ q: text }, { replace: true })}
            placeholder={t("search")}
          />
        </FilterBar>
        <Table
          label={t("people")}
          rows={shown}
          keyOf={({ userId, roomId = "" }) => `${userId} ${roomId}`}
          nameOf={({ userId }) => nameOf(userId)}
          columns={columns}
          arrangement={q}
          empty={<NoMatch hidden={entries.length} onClear={clear} />}
        />
      </div>
    </Section>
  );
}
