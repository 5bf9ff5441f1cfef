import { type ColumnMeaning, type ImportResult, isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "../../components/announcer.js";
import { ErrorNote } from "../../components/error-note.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import { FaultSheet } from "./faults.js";
import { FilePicker } from "./file-picker.js";
import {
  AbsentPeople,
  FaultsFile,
  NewPeople,
  PeopleWithMinutes,
  ReadRows,
  SameNames,
  UnreadColumns,
} from "./import-preview.js";
import { Scroll } from "./parts.js";
import { RosterList } from "./roster-list.js";
import styles from "./setup.module.css";

const MAX_BYTES = 10 * 1024 * 1024;

const base64Of = async (file: File): Promise<string> => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const pieces: string[] = [];
  // In pieces, because a call takes a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 32_768)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 32_768)));
  return btoa(pieces.join(""));
};

/** How the server reads a file. */
interface Reading {
  /** The rows that are left out. */
  readonly skip?: number[] | undefined;
  /** What the person has said that columns contain. */
  readonly columns?: ColumnMeaning[] | undefined;
}

/** The file could not be read: it was moved, deleted or changed. */
class Unreadable extends Error {}

interface Seen {
  readonly kind: "preview" | "imported";
  readonly result: ImportResult;
  readonly reading?: Reading;
}

/** How many people an import adds and changes. It leaves out what does not happen. */
const useSummary = () => {
  const t = useTranslations("setup.roster");
  return ({ added, updated, removed = 0 }: ImportResult): readonly string[] => [
    ...(added > 0 ? [t("added", { count: added })] : []),
    ...(updated > 0 ? [t("updated", { count: updated })] : []),
    ...(removed > 0 ? [t("removed", { count: removed })] : []),
  ];
};

/** The people of the exam, from a spreadsheet. */
export function Roster() {
  const t = useTranslations("setup.roster");
  const { examId, people, refresh } = useSetup();
  const client = useInvigilClient();
  const [file, setFile] = useState<File>();
  const [tooLarge, setTooLarge] = useState<string>();
  const [seen, setSeen] = useState<Seen>();
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());

  const send = async (chosen: File, dryRun: boolean, reading: Reading = {}, remove?: string[]) => {
    const content = await base64Of(chosen).catch(() => {
      throw new Unreadable();
    });
    return client.participant.import.mutate({
      examId,
      file: content,
      dryRun,
      withFaults: dryRun,
      ...reading,
      remove,
    });
  };
  const preview = useAction(async (chosen: File, reading: Reading = {}) => {
    setSeen(undefined);
    setRemoved(new Set());
    setSeen({ kind: "preview", result: await send(chosen, true, reading), reading });
  });
  const run = useAction(async () => {
    if (!file) return;
    const remove = removed.size > 0 ? [...removed] : undefined;
    setSeen({ kind: "imported", result: await send(file, false, seen?.reading, remove) });
    setFile(undefined);
    // The next file can be chosen before this one is read.
    void refresh();
  });
  const choose = ([chosen]: readonly File[]) => {
    if (!chosen || preview.isRunning || run.isRunning) return;
    run.forget();
    setTooLarge(chosen.size > MAX_BYTES ? chosen.name : undefined);
    if (chosen.size > MAX_BYTES) return;
    setFile(chosen);
    preview.run(chosen);
  };
  return (
    <>
      <p className={styles.hint}>{t("intro")}</p>
      {people && <p data-numbers>{t("counts", { examinees: people.examinees, staff: people.staff })}</p>}
      <FilePicker
        label={t("drop")}
        hint={t("kinds")}
        accept=".xlsx,.csv,.txt,text/csv"
        chosen={file?.name}
        onChoose={choose}
        isDisabled={preview.isRunning || run.isRunning}
      />
      {tooLarge !== undefined && <p className={styles.warning}>{t("tooLarge", { name: tooLarge })}</p>}
      {preview.isRunning && file && <p role="status">{t("reading", { name: file.name })}</p>}
      {preview.error !== undefined && file && (
        <Refused error={preview.error} name={file.name} onRetry={() => preview.run(file)} />
      )}
      {seen?.kind === "preview" && file && !preview.isRunning && (
        <Preview
          name={file.name}
          result={seen.result}
          meanings={seen.reading?.columns ?? []}
          onReload={() => preview.run(file, { columns: seen.reading?.columns })}
          onSkip={(skip) => preview.run(file, { ...seen.reading, skip })}
          // Other columns have other faults, so all rows are read again.
          onMeanings={(columns) => preview.run(file, { columns })}
        >
          <AbsentPeople result={seen.result} chosen={removed} onChoose={setRemoved} />
          {run.error !== undefined && (
            <Refused error={run.error} name={file.name} onRetry={() => preview.run(file)} />
          )}
          {seen.result.added + seen.result.updated + removed.size > 0 && (
            <div className={styles.buttons}>
              <Button loading={run.isRunning} onClick={() => run.run()}>
                {t("import", { count: seen.result.added + seen.result.updated, removed: removed.size })}
              </Button>
            </div>
          )}
        </Preview>
      )}
      {seen?.kind === "imported" && <Imported result={seen.result} />}
      <RosterList />
    </>
  );
}

function Refused({ error, name, onRetry }: { error: unknown; name: string; onRetry: () => void }) {
  const t = useTranslations("setup.roster");
  if (error instanceof Unreadable) return <p className={styles.warning}>{t("unreadable", { name })}</p>;
  const reasons = isInvigilError(error, "INVALID_INPUT") ? (error.data.fieldErrors.file ?? []) : [];
  if (reasons.length === 0) return <ErrorNote error={error} title={t("notImported")} onRetry={onRetry} />;
  return (
    <div className={styles.conflict} role="alert">
      <strong>{t("refusedTitle", { name })}</strong>
      <p>{t("refused")}</p>
      {reasons.map((reason) => (
        // The server says it in English.
        <p key={reason} lang="en" className={styles.hint}>
          {t("serverSays", { reason })}
        </p>
      ))}
    </div>
  );
}

function Preview({
  name,
  result,
  meanings,
  onReload,
  onSkip,
  onMeanings,
  children,
}: {
  name: string;
  result: ImportResult;
  meanings: readonly ColumnMeaning[];
  onReload: () => void;
  /** Reads the file again without these rows. */
  onSkip: (rows: number[]) => void;
  onMeanings: (meanings: ColumnMeaning[]) => void;
  children: ReactNode;
}) {
  const t = useTranslations("setup.roster");
  const summaryOf = useSummary();
  const { rows, added, updated, unchanged, faults, moreFaults = 0, sheet, skipped = 0 } = result;
  if (faults && sheet) {
    const faulty = [...new Set(faults.map(({ row }) => row))];
    const shown = new Set(sheet.rows.map(({ row }) => row));
    const hidden = faults.filter(({ row }) => !shown.has(row)).length + moreFaults;
    return (
      <div className={styles.faults}>
        <h3>{t("faults", { count: faults.length + moreFaults, name })}</h3>
        <p>{t("faultsTodo")}</p>
        <Announce text={t("faults", { count: faults.length + moreFaults, name })} />
        <FaultSheet faults={faults} sheet={sheet} />
        {hidden > 0 && <p>{t("moreFaults", { count: hidden })}</p>}
        <UnreadColumns result={result} meanings={meanings} onChange={onMeanings} />
        <div className={styles.buttons}>
          <Button variant="default" onClick={onReload}>
            {t("reload")}
          </Button>
          <FaultsFile result={result} />
          {moreFaults === 0 && faulty.length < rows && (
            <Button variant="default" onClick={() => onSkip(faulty)}>
              {t("skip", { count: faulty.length })}
            </Button>
          )}
        </div>
      </div>
    );
  }
  const summary = [...summaryOf(result), ...(unchanged > 0 ? [t("unchanged", { count: unchanged })] : [])];
  return (
    <div className={styles.section}>
      <h3>{t("preview", { name, rows })}</h3>
      <p data-numbers>{summary.join(" · ")}</p>
      <Announce text={summary.join(", ")} />
      {skipped > 0 && (
        <div className={styles.conflict}>
          <span>{t("skipped", { count: skipped })}</span>
          <div className={styles.buttons}>
            <Button variant="default" onClick={onReload}>
              {t("notSkipped")}
            </Button>
          </div>
        </div>
      )}
      {result.preview && result.preview.length > 0 && <ReadRows preview={result.preview} />}
      <UnreadColumns result={result} meanings={meanings} onChange={onMeanings} />
      <SameNames result={result} />
      <PeopleWithMinutes result={result} />
      <NewPeople result={result} />
      <Notes result={result} />
      {added + updated === 0 && <p>{t("nothing")}</p>}
      {children}
    </div>
  );
}

/** The warnings that a person should read before they import. */
function Notes({ result }: { result: ImportResult }) {
  const t = useTranslations("setup.roster");
  const { changes, moreChanges, warnings, moreWarnings = 0, unreadSheets, totalRows } = result;
  return (
    <>
      {totalRows && <p>{t("totalRows", { rows: totalRows.join(t("between")) })}</p>}
      {unreadSheets && (
        <p className={styles.warning}>{t("unreadSheets", { names: unreadSheets.join(", ") })}</p>
      )}
      {warnings && (
        <div className={styles.conflict}>
          <strong>{t("warnings")}</strong>
          <ul>
            {warnings.map(({ row, value, person }) => (
              <li key={row}>{t("warning", { row, value, person })}</li>
            ))}
          </ul>
          {moreWarnings > 0 && <p>{t("moreWarnings", { count: moreWarnings })}</p>}
        </div>
      )}
      {changes.length > 0 && (
        <Scroll label={t("changes")}>
          <table className={styles.table}>
            <caption>{t("changes")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("person")}</th>
                <th scope="col">{t("was")}</th>
                <th scope="col">{t("is")}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ row, userId, was, is }) => (
                <tr key={row}>
                  <th scope="row">{userId}</th>
                  <td>
                    {was.name}
                    {t("minutes", { count: was.extraMinutes })}
                  </td>
                  <td>
                    {is.name}
                    {t("minutes", { count: is.extraMinutes })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {moreChanges > 0 && <p>{t("moreChanges", { count: moreChanges })}</p>}
    </>
  );
}

function Imported({ result }: { result: ImportResult }) {
  const t = useTranslations("setup");
  const what = useSummary()(result);
  const { examId } = useSetup();
  return (
    <div className={styles.result} role="status">
      <strong>
        {what.length > 0 ? t("roster.importedTitle", { what: what.join(" · ") }) : t("roster.notImported")}
      </strong>
      {result.kept && (
        <p className={styles.warning}>{t("roster.kept", { ids: result.kept.join(t("roster.between")) })}</p>
      )}
      <p>{t("roster.imported")}</p>
      <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step: "rooms" }}>
        {t("next", { step: t("steps.rooms") })}
      </Link>
    </div>
  );
}
