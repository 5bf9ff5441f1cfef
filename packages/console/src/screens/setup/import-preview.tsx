import "@mantine/core/styles/Checkbox.css";
import type { ColumnMeaning, ImportResult } from "@invigil/client";
import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { useTranslations } from "use-intl";
import { downloadCsv, toCsv } from "../../components/csv.js";
import { useLabels } from "../../components/labels.js";
import { columnName } from "./fault-sheet.js";
import { useFaultText } from "./faults.js";
import { Scroll } from "./parts.js";
import styles from "./setup.module.css";

/** The first people of a file as the server reads them. */
export function ReadRows({ preview }: { preview: NonNullable<ImportResult["preview"]> }) {
  const t = useTranslations("setup.roster");
  return (
    <Scroll label={t("read")}>
      <table className={styles.table}>
        <caption>{t("read")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("row")}</th>
            <th scope="col">{t("id")}</th>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("role")}</th>
            <th scope="col">{t("room")}</th>
            <th scope="col">{t("extra")}</th>
          </tr>
        </thead>
        <tbody>
          {preview.map(({ row, userId, name, role, room, extraMinutes }) => (
            <tr key={row}>
              <td>{row}</td>
              <th scope="row">{userId}</th>
              <td>{name}</td>
              <td>{t(`roles.${role}`)}</td>
              <td>{room ?? "–"}</td>
              <td>{extraMinutes ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const FIELDS = ["id", "name", "room", "role", "extraMinutes"] as const;

/** The columns that were not read, and those that were read because a person has said what they contain. */
export function UnreadColumns({
  result: { unreadColumns = [], moreUnreadColumns = 0 },
  meanings,
  onChange,
}: {
  result: ImportResult;
  meanings: readonly ColumnMeaning[];
  onChange: (meanings: ColumnMeaning[]) => void;
}) {
  const t = useTranslations("setup.roster");
  if (unreadColumns.length + meanings.length === 0) return null;
  // Of several columns with one title, none can be named.
  const unread = unreadColumns.filter((title, _, all) => all.indexOf(title) === all.lastIndexOf(title));
  const titles = [...meanings.map(({ column }) => column), ...unread];
  const fieldOf = new Map(meanings.map(({ column, field }) => [column, field]));
  const taken = new Set(fieldOf.values());
  const give = (column: string, value: string) => {
    const field = FIELDS.find((one) => one === value);
    const others = meanings.filter((one) => one.column !== column);
    onChange(field ? [...others, { column, field }] : others);
  };
  return (
    <div className={styles.conflict}>
      {unreadColumns.length > 0 && (
        <strong>
          {t("unreadColumns", {
            count: unreadColumns.length + moreUnreadColumns,
            names: unreadColumns.join(t("between")),
          })}
          {moreUnreadColumns > 0 && "…"}
        </strong>
      )}
      {titles.length > 0 && (
        <details open={meanings.length > 0}>
          <summary>{t("meanings")}</summary>
          <div className={styles.row}>
            {titles.map((column) => (
              <NativeSelect
                key={column}
                label={column}
                value={fieldOf.get(column) ?? ""}
                data={[
                  { value: "", label: t("notRead") },
                  ...FIELDS.map((field) => ({
                    value: field,
                    label: t(`fields.${field}`),
                    disabled: taken.has(field) && fieldOf.get(column) !== field,
                  })),
                ]}
                onChange={({ currentTarget: { value } }) => give(column, value)}
              />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

/** The people of the file who have extra minutes after the import. */
export function PeopleWithMinutes({
  result: { withExtraMinutes = [], moreWithExtraMinutes = 0 },
}: {
  result: ImportResult;
}) {
  const t = useTranslations("setup.roster");
  if (withExtraMinutes.length === 0) return null;
  return (
    <details>
      <summary>{t("withExtra", { count: withExtraMinutes.length + moreWithExtraMinutes })}</summary>
      <p className={styles.hint}>
        {withExtraMinutes
          .map(({ userId, name, extraMinutes }) => t("withExtraOne", { userId, name, minutes: extraMinutes }))
          .join(t("between"))}
        {moreWithExtraMinutes > 0 && "…"}
      </p>
    </details>
  );
}

/** The people of the file who are not in the exam yet. */
export function NewPeople({ result: { newPeople = [], moreNewPeople = 0 } }: { result: ImportResult }) {
  const t = useTranslations("setup.roster");
  if (newPeople.length === 0) return null;
  return (
    <details>
      <summary>{t("newPeople", { count: newPeople.length + moreNewPeople })}</summary>
      <p className={styles.hint}>
        {newPeople.map(({ userId, name }) => `${name} (${userId})`).join(t("between"))}
        {moreNewPeople > 0 && "…"}
      </p>
    </details>
  );
}

/** The people who have the name of others, with their ids: elsewhere they are told apart by these. */
export function SameNames({ result: { sameNames = [], moreSameNames = 0 } }: { result: ImportResult }) {
  const t = useTranslations("setup.roster");
  if (sameNames.length === 0) return null;
  return (
    <div className={styles.conflict}>
      <strong>{t("sameNames")}</strong>
      <ul>
        {sameNames.map(({ name, userIds, count }) => (
          <li key={name}>
            {t("sameName", { name, count, ids: userIds.join(t("between")) })}
            {count > userIds.length && "…"}
          </li>
        ))}
      </ul>
      {moreSameNames > 0 && <p>{t("moreSameNames", { count: moreSameNames })}</p>}
    </div>
  );
}

/** The people of the exam who are not in the file. They stay, unless they are chosen. */
export function AbsentPeople({
  result: { absent = [], moreAbsent = 0 },
  chosen,
  onChoose,
}: {
  result: ImportResult;
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  const t = useTranslations("setup.roster");
  const labels = useLabels(absent);
  if (absent.length === 0) return null;
  const removable = absent.filter(({ stays }) => stays === undefined).map(({ userId }) => userId);
  const title = t("absent", { count: absent.length + moreAbsent });
  const toggle = (userId: string, isChosen: boolean) => {
    const others = [...chosen].filter((one) => one !== userId);
    onChoose(new Set(isChosen ? [...others, userId] : others));
  };
  return (
    <div className={styles.conflict}>
      <strong>{title}</strong>
      <p>{t("absentHint")}</p>
      {removable.length > 0 && (
        <Checkbox
          label={t("chooseAll", { count: removable.length })}
          checked={chosen.size === removable.length}
          indeterminate={chosen.size > 0 && chosen.size < removable.length}
          onChange={({ currentTarget }) => onChoose(new Set(currentTarget.checked ? removable : []))}
        />
      )}
      <Scroll label={title}>
        <table className={styles.table}>
          <thead>
            <tr>
              <td />
              <th scope="col">{t("id")}</th>
              <th scope="col">{t("name")}</th>
              <th scope="col">{t("room")}</th>
            </tr>
          </thead>
          <tbody>
            {absent.map(({ userId, name, room, stays }) => (
              <tr key={userId}>
                <td>
                  {!stays && (
                    <Checkbox
                      aria-label={t("removeOne", { name: labels.get(userId) ?? name })}
                      checked={chosen.has(userId)}
                      onChange={({ currentTarget }) => toggle(userId, currentTarget.checked)}
                    />
                  )}
                </td>
                <th scope="row">{userId}</th>
                <td>{name}</td>
                <td>
                  {room ?? "–"}
                  {stays && <span className={styles.hint}> {t(`stays.${stays}`)}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {moreAbsent > 0 && <p>{t("moreAbsent", { count: moreAbsent })}</p>}
    </div>
  );
}

/** Downloads the faults of a file, for those who maintain the list. */
export function FaultsFile({ result: { faults = [], sheet } }: { result: ImportResult }) {
  const t = useTranslations("setup.roster");
  const say = useFaultText();
  const download = () =>
    downloadCsv(
      t("faultsFile.name"),
      toCsv([
        [
          t("faultsFile.cell"),
          t("faultsFile.column"),
          t("faultsFile.value"),
          t("person"),
          t("faultsFile.fault"),
        ],
        ...faults.map((fault) => [
          `${columnName(fault.cell)}${fault.row}`,
          sheet?.header[fault.cell] ?? fault.column,
          fault.value,
          fault.person,
          say(fault),
        ]),
      ]),
    );
  return (
    <Button variant="default" onClick={download}>
      {t("faultsFile.download")}
    </Button>
  );
}
