import "@mantine/core/styles/Checkbox.css";
import type { ImportResult } from "@invigil/client";
import { Button, Checkbox } from "@mantine/core";
import { useTranslations } from "use-intl";
import { downloadCsv, toCsv } from "../../components/csv.js";
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
                      aria-label={t("removeOne", { name })}
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
