import {
  type ColumnMeaning,
  columnMeaningSchema,
  type ImportResult,
  rosterFieldSchema,
} from "@invigil/schema";
import { type Command, InvalidArgumentError } from "commander";
import { knownFailureOf } from "../domain/failures.js";
import { quoted } from "../files/sheets/quoted.js";
import { InterruptedError, SetupError } from "../platform/setup-error.js";
import { jsonOption, parseWholeNumber } from "./arguments.js";
import { faultsCsv, faultTable, printFaults } from "./faults.js";
import { withLocalApp } from "./local-app.js";
import { findExam, findRoom } from "./lookup.js";
import { count, print, table } from "./output.js";
import { createProgress } from "./progress.js";
import type { CommandRun } from "./run.js";
import { writeSecretFile } from "./secret-file.js";

interface ImportOptions {
  exam: string;
  room?: string;
  column?: ColumnMeaning[];
  skip?: number[];
  remove?: string[];
  faults?: string;
  dryRun?: true;
  json?: true;
}

/** What a dry run says about the people of the file and of the exam. */
const previewLines = ({
  preview = [],
  newPeople = [],
  moreNewPeople = 0,
  absent = [],
  moreAbsent = 0,
  withExtraMinutes = [],
  moreWithExtraMinutes = 0,
}: ImportResult): string[] => [
  "First rows, as read:",
  table(
    ["ROW", "ID", "NAME", "ROLE", "ROOM", "EXTRA MINUTES"],
    preview.map(({ row, userId, name, role, room = "", extraMinutes = "" }) => [
      row,
      userId,
      name,
      role,
      room,
      extraMinutes,
    ]),
  ),
  "",
  ...(newPeople.length > 0
    ? [
        `${count(newPeople.length + moreNewPeople, "person", "people")} new in the exam: ${newPeople.map(({ userId }) => userId).join(", ")}${moreNewPeople > 0 ? ", …" : ""}`,
        "",
      ]
    : []),
  ...(withExtraMinutes.length > 0
    ? [
        `${count(withExtraMinutes.length + moreWithExtraMinutes, "person", "people")} with extra minutes: ${withExtraMinutes.map(({ userId, extraMinutes }) => `${userId} (${extraMinutes})`).join(", ")}${moreWithExtraMinutes > 0 ? ", …" : ""}`,
        "",
      ]
    : []),
  ...(absent.length > 0
    ? [
        `${count(absent.length + moreAbsent, "person", "people")} of the exam not in the file. --remove removes those who never entered and have no records:`,
        table(
          ["ID", "NAME", "ROLE", "ROOM", "STAYS"],
          absent.map(({ userId, name, role, room = "", stays = "" }) => [userId, name, role, room, stays]),
        ),
        ...(moreAbsent > 0 ? [`and ${moreAbsent} more`] : []),
        "",
      ]
    : []),
];

const summaryOf = (result: ImportResult, dryRun: boolean): string => {
  const {
    rows,
    added,
    updated,
    unchanged,
    changes,
    moreChanges,
    unreadSheets = [],
    unreadColumns = [],
    moreUnreadColumns = 0,
    warnings = [],
    moreWarnings = 0,
    sameNames = [],
    moreSameNames = 0,
    totalRows = [],
    skipped = 0,
    removed,
    kept = [],
  } = result;
  const outcome = [
    `${count(rows, "row")}: ${added} added`,
    `${updated} updated`,
    `${unchanged} unchanged`,
    ...(skipped > 0 ? [`${skipped} left out`] : []),
    ...(removed === undefined ? [] : [`${removed} removed`]),
  ].join(", ");
  const lines = changes.map(({ row, userId, was, is }) => [
    row,
    userId,
    was.name,
    is.name,
    was.extraMinutes === is.extraMinutes ? "" : `${was.extraMinutes} to ${is.extraMinutes}`,
  ]);
  return [
    ...(dryRun ? previewLines(result) : []),
    ...(lines.length > 0 ? [table(["ROW", "ID", "WAS", "IS", "EXTRA MINUTES"], lines)] : []),
    ...(moreChanges > 0 ? [`and ${moreChanges} more`] : []),
    ...(lines.length > 0 ? [""] : []),
    ...unreadSheets.map((sheet) => `The sheet ${quoted(sheet)} has no roster header and was not imported.`),
    ...(unreadColumns.length > 0
      ? [
          `${count(unreadColumns.length + moreUnreadColumns, "column was", "columns were")} not read: ${unreadColumns.map((title) => quoted(title)).join(", ")}${moreUnreadColumns > 0 ? ", …" : ""}`,
        ]
      : []),
    ...totalRows.map((row) => `Row ${row} holds a total, and was left out.`),
    ...(kept.length > 0
      ? [`Not removed, because they entered, were recorded, or it was interrupted: ${kept.join(", ")}`]
      : []),
    ...(warnings.length > 0
      ? [
          "WARNING: these ids may have lost zeros. Compare them with the original list:",
          faultTable(warnings),
          ...(moreWarnings > 0 ? [`and ${count(moreWarnings, "more id")}`] : []),
          "",
        ]
      : []),
    ...sameNames.map(
      ({ name, userIds, count: people }) =>
        `WARNING: ${people} people are named ${quoted(name)}: ${userIds.join(", ")}${people > userIds.length ? ", …" : ""}`,
    ),
    ...(moreSameNames > 0 ? [`and ${count(moreSameNames, "more name")} that several people have`] : []),
    dryRun ? `${outcome} (dry run: nothing was imported)` : outcome,
  ].join("\n");
};

const parseIds = (text: string): string[] => text.split(",").map((id) => id.trim());
const parseRows = (text: string): number[] => parseIds(text).map(parseWholeNumber);

/** Parses a column's title and what it contains: `Zeitzuschlag=extraMinutes`. A title may contain `=`. */
const parseMeaning = (text: string, earlier: ColumnMeaning[] = []): ColumnMeaning[] => {
  const at = text.lastIndexOf("=");
  const meaning = columnMeaningSchema.safeParse({
    column: text.slice(0, at),
    field: text.slice(at + 1).trim(),
  });
  if (at < 1 || !meaning.success)
    throw new InvalidArgumentError(
      `Specify the title of a column and what it contains (${rosterFieldSchema.options.join(", ")}), for example "Zeitzuschlag=extraMinutes".`,
    );
  return [...earlier, meaning.data];
};

const STOPPING =
  "\nStopping. Ctrl-C again ends the command at once: a server, or the next change of the exam, then undoes what was written.\n";

const importRoster = async (
  run: CommandRun,
  file: string,
  { exam, room, column: columns, skip, remove, faults, dryRun, json }: ImportOptions,
): Promise<void> => {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  // A second signal ends the process at once. This is safe, because other processes undo or finish the change.
  const interrupt = (): void => {
    if (run.io.stderr.isTTY) run.io.stderr.write(STOPPING);
    interrupted.abort();
  };
  process.once("SIGINT", interrupt);
  const progress = createProgress("reading", run.io.stderr);
  try {
    const result = await withLocalApp(run, async (app) => {
      const of = await findExam(app.call, exam);
      const roomId = room === undefined ? undefined : (await findRoom(app.call, room, of)).id;
      if (!dryRun) app.assertFreeSpace();
      const done = await app.services.imports.import(app.operatorIn("participant.import"), {
        examId: of.id,
        roomId,
        columns,
        skip,
        remove,
        dryRun: dryRun ?? false,
        source: { path: file },
        signal,
        onProgress: progress.show,
      });
      if ("faults" in done && faults !== undefined)
        await writeSecretFile(faults, [faultsCsv(done)], app.deps.ids.nonce());
      // Other processes can finish the rest, such as the events of the new people.
      const { bulk } = app.services;
      if (signal.aborted) await bulk.stop();
      else signal.addEventListener("abort", () => void bulk.stop());
      return done;
    }).finally(progress.end);
    if ("faults" in result) printFaults(run, result, json, "nothing was imported");
    else {
      print(run, json, result, () => summaryOf(result, dryRun ?? false));
      if (signal.aborted && !dryRun)
        throw new InterruptedError(
          "interrupted; everybody was imported, and a server or the next change of the exam tells open pages",
        );
    }
  } catch (error) {
    // Aborted code may fail with any error of its own.
    if (!signal.aborted || knownFailureOf(error) || error instanceof SetupError) throw error;
    throw new InterruptedError("interrupted; nothing was imported");
  } finally {
    process.off("SIGINT", interrupt);
  }
};

export const addRosterImport = (roster: Command, run: CommandRun): void => {
  roster
    .command("import")
    .description("import the people of a CSV or XLSX file into an exam, all or none")
    .argument(
      "<file>",
      "columns 学号/考号/id and 姓名/name; 考场/room, 角色/role and 加时/extra minutes are optional",
    )
    .requiredOption("--exam <exam>", "the id or name of the exam")
    .option("--room <room>", "the id or name of the room for people whose row names none")
    .option(
      "--column <title=field>",
      `what a column contains whose title does not say so: ${rosterFieldSchema.options.join(", ")} (repeatable)`,
      parseMeaning,
    )
    .option(
      "--skip <rows>",
      "rows with faults to leave out, as 4,9: any other fault refuses the file",
      parseRows,
    )
    .option("--remove <ids>", "people to remove who are not in the file, as k1,k2", parseIds)
    .option("--faults <file>", "write the faults to a CSV file")
    .option("--dry-run", "only report the changes, who is new, and who of the exam is not in the file")
    .addOption(jsonOption())
    .action((file: string, options: ImportOptions) => importRoster(run, file, options));
};
