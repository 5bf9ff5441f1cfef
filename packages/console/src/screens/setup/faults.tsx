import type { ImportResult } from "@invigil/client";
import { Fragment } from "react";
import { useTranslations } from "use-intl";
import { columnName, type Fault, sheetOf } from "./fault-sheet.js";
import { Scroll } from "./parts.js";
import styles from "./setup.module.css";

const isRole = (text: string | undefined) =>
  text === "teacher" || text === "inspector" || text === "examinee" ? text : undefined;

/** Says what is wrong with a cell. */
export const useFaultText = () => {
  const t = useTranslations("setup.roster");
  return ({ code, detail }: Fault): string => {
    if (code === "other_room" && detail === undefined) return t("codes.other_room_unnamed");
    if (code === "other_role") {
      const role = isRole(detail);
      return t("codes.other_role", { role: role ? t(`roles.${role}`) : (detail ?? "") });
    }
    return t(`codes.${code}`, { detail: detail ?? "" });
  };
};

/** A piece of the sheet as it is in the spreadsheet, with the faulty cells marked and what is wrong below each row. */
export function FaultSheet({
  faults,
  sheet,
}: {
  faults: readonly Fault[];
  sheet: NonNullable<ImportResult["sheet"]>;
}) {
  const t = useTranslations("setup.roster");
  const say = useFaultText();
  const columns = sheet.header.length;
  return (
    // The sheet is wider than a phone.
    <Scroll label={t("sheet")}>
      <table className={styles.sheet}>
        <thead>
          <tr>
            <td />
            {sheet.header.map((_, at) => (
              <td key={columnName(at)}>{columnName(at)}</td>
            ))}
          </tr>
          <tr>
            <th scope="col">{t("row")}</th>
            {sheet.header.map((header, at) => (
              <th key={columnName(at)} scope="col">
                {header || columnName(at)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sheetOf(sheet, faults).map(({ row, gap, cells, faults: own }) => (
            <Fragment key={row}>
              {gap && (
                <tr className={styles.gap}>
                  <td colSpan={columns + 1}>⋯</td>
                </tr>
              )}
              <tr data-faulty={own.length > 0 || undefined}>
                <th scope="row">{row}</th>
                {cells.map((cell, at) => (
                  <td
                    key={columnName(at)}
                    {...(cell.faults.length > 0 && {
                      "data-fault": true,
                      "aria-describedby": `fault-${row}`,
                    })}
                  >
                    {cell.text}
                  </td>
                ))}
              </tr>
              {own.length > 0 && (
                <tr className={styles.reasons}>
                  <td />
                  <td colSpan={columns} id={`fault-${row}`}>
                    {own.map((fault) => (
                      <p key={`${fault.cell} ${fault.code} ${fault.reason}`}>
                        <strong>
                          {columnName(fault.cell)}
                          {row} {sheet.header[fault.cell] ?? ""}
                        </strong>{" "}
                        {say(fault)}
                      </p>
                    ))}
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
