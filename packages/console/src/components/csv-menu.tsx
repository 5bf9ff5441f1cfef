import { useTranslations } from "use-intl";
import { downloadCsv, toCsv } from "./csv.js";
import { DownIcon } from "./icons.js";
import { ActionMenu } from "./menu.js";
import { useNotify } from "./notify.js";

/** Copies rows as comma-separated values, or downloads them where the page may not copy. `name` is that of the file, without its ending. */
export const useCopyCsv = (name: string) => {
  const t = useTranslations("common.csv");
  const notify = useNotify();
  return async (rows: readonly (readonly string[])[]): Promise<void> => {
    const text = toCsv(rows);
    try {
      await navigator.clipboard.writeText(text);
      notify.done(t("copied", { count: rows.length - 1 }));
    } catch {
      // Browsers let only pages over https and of this machine use the clipboard.
      downloadCsv(name, text);
      notify.done(t("downloadedInstead"));
    }
  };
};

/** Copies the rows that a list shows, or downloads them, as comma-separated values. */
export function CsvMenu({
  name,
  rows,
}: {
  /** The name of the file, without its ending. */
  name: string;
  /** The header and the rows as they are when the file is asked for. */
  rows: () => readonly (readonly string[])[];
}) {
  const t = useTranslations("common.csv");
  const copy = useCopyCsv(name);
  return (
    <ActionMenu
      label={t("label")}
      target={
        <>
          {t("short")}
          <DownIcon size={12} />
        </>
      }
      entries={[
        { kind: "action", label: t("copy"), onSelect: () => void copy(rows()) },
        { kind: "action", label: t("download"), onSelect: () => downloadCsv(name, toCsv(rows())) },
      ]}
    />
  );
}
