import type { ParticipantRole } from "@invigil/schema";
import { quoted } from "../../files/sheets/quoted.js";
import { type Row, rowsOf } from "../../files/sheets/rows.js";
import { type ReadOptions, SheetError, type Source } from "../../files/sheets/source.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import { isTotal } from "./cells.js";
import { assertMeanings, type Columns, columnsOf, fieldsNamed, isHeader, type Meanings } from "./columns.js";
import { createFaults, type Faults, shownCell } from "./faults.js";
import { type Report, readPerson } from "./person.js";
import type { RoomFinder } from "./rooms.js";
import type { RosterPerson } from "./row-action.js";

/** The result of reading a file. */
export interface ReadResult {
  /** The number of rows with a person. */
  readonly rows: number;
  readonly faults: Faults;
  readonly columns: Columns;
  /** The rows whose id is a number of the spreadsheet. */
  readonly numberRows: ReadonlySet<number>;
  /** The first row whose id cannot be read. */
  readonly unreadRow: number | undefined;
  /** The first rows that hold a total. */
  readonly totalRows: readonly number[];
  /** Visible, non-empty sheets of the workbook that were not read. */
  readonly unreadSheets: readonly string[];
}

/** Adds people. Returns those whom an earlier row has already added. */
export type AddPeople = (
  people: readonly RosterPerson[],
) => Promise<{ person: RosterPerson; earlier: number }[]>;

export interface Into {
  readonly findRoom: RoomFinder;
  readonly addPeople: AddPeople;
  /** The role of people whose role cell is empty. Default: examinee. */
  readonly emptyRole?: ParticipantRole;
  /** What the caller says that columns contain. Default: nothing. */
  readonly meanings?: Meanings | undefined;
  /** The rows to leave out if they have errors. */
  readonly skip?: ReadonlySet<number>;
}

/** The maximum number of rows with totals that are listed. */
const LISTED_TOTALS = 100;
const BATCH = 500;
/**
 * Twice the size of the largest roster with a guaranteed speed. A longer one would keep other calls from the
 * database for too long.
 */
const MAX_PEOPLE = 200_000;
/** Includes rows without a person, since they take time, too. */
const MAX_ROWS = 250_000;
/**
 * A workbook may have titles and notes above its header. The header must be among the first non-blank rows, as
 * many as this.
 */
const HEADER_ROWS = 20;

const isBlank = ({ cells }: Row): boolean => cells.every((cell) => cell.trim() === "");

/** A file whose header has been read: its columns, and the rows below the header. */
interface Opened {
  readonly columns: Columns;
  readonly rows: AsyncIterable<Row>;
}

/** @throws InvalidFile */
const columnsAt = (header: Row, meanings: Meanings): Columns => {
  const columns = columnsOf(header, meanings);
  if ("faults" in columns) throw new InvalidFile(columns.faults);
  return columns;
};

/**
 * Finds the header. In a CSV file it is the first row. In a workbook it is the first row that names an id and a
 * name. If several such rows follow each other, it is the last of them, because a two-row header repeats merged
 * cells in its second row. If there is no such row, the row with the most known headers is used, to report what
 * is missing.
 * @throws INVALID_INPUT for a file without a header
 */
const openRows = async (rows: AsyncIterator<Row>, meanings: Meanings): Promise<Opened> => {
  let header: Row | undefined;
  let nearest: Row | undefined;
  let next: Row | undefined;
  for (let seen = 0; seen < HEADER_ROWS; seen += 1) {
    const read = await rows.next();
    if (read.done) break;
    const row = read.value;
    const named = fieldsNamed(row.cells, meanings);
    if (!nearest || named > fieldsNamed(nearest.cells, meanings)) nearest = row;
    if (row.sheet === undefined) break;
    if (isHeader(row.cells, meanings)) header = row;
    else if (header) {
      next = row;
      break;
    }
  }
  if (!nearest) throw invalidInput("file", "is empty");
  const columns = columnsAt(header ?? nearest, meanings);
  const first = next;
  return {
    columns,
    rows: (async function* () {
      if (first) yield first;
      // A `yield*` would close the iterator, which belongs to the caller.
      for (let read = await rows.next(); !read.done; read = await rows.next()) yield read.value;
    })(),
  };
};

/** The file as a whole has several errors. */
class InvalidFile extends InvigilError {
  constructor(faults: string[]) {
    super("INVALID_INPUT", `file ${faults[0]}`, { fields: { file: faults } });
  }
}

/** Reads and checks the rows of a file, and adds those with a valid id. */
const readRows = async (
  file: AsyncIterableIterator<Row>,
  { findRoom, addPeople, emptyRole = "examinee", skip, meanings = [] }: Into,
): Promise<Omit<ReadResult, "unreadSheets">> => {
  const { columns, rows } = await openRows(file, meanings);
  const faults = createFaults(skip);
  let batch: RosterPerson[] = [];
  let people = 0;
  let unreadRow: number | undefined;
  const totalRows: number[] = [];
  const numberRows = new Set<number>();

  const reportFor =
    ({ row, cells }: Row): Report =>
    (where, code, reason, detail) => {
      const textAt = (at = -1): string => shownCell(cells[at]?.trim() ?? "");
      const place =
        typeof where === "string"
          ? { column: columns.title(where), cell: columns.cell(where), value: textAt(columns.at[where]) }
          : { column: `column ${where.column}`, cell: where.column - 1, value: textAt(where.column - 1) };
      faults.add({
        row,
        ...place,
        person: textAt(columns.at.name) || textAt(columns.at.id),
        code,
        ...(detail !== undefined && { detail }),
        reason,
      });
    };
  const flush = async (): Promise<void> => {
    for (const { person, earlier } of await addPeople(batch))
      faults.add({
        row: person.row,
        column: columns.title("id"),
        cell: columns.cell("id"),
        value: shownCell(person.userId),
        person: shownCell(person.name ?? person.userId),
        code: "repeated",
        detail: String(earlier),
        reason: `is in row ${earlier} already`,
      });
    batch = [];
  };

  for await (const line of rows) {
    if (line.row > MAX_ROWS)
      throw invalidInput("file", `must have at most ${MAX_ROWS} rows, empty ones included`);
    if (isBlank(line)) continue;
    if (isTotal(line.cells, line.cells[columns.at.name ?? -1])) {
      if (totalRows.length < LISTED_TOTALS) totalRows.push(line.row);
      continue;
    }
    people += 1;
    if (people > MAX_PEOPLE) throw invalidInput("file", `must have at most ${MAX_PEOPLE} rows`);
    const report = reportFor(line);
    if (line.hidden) {
      const [id, name] = [columns.at.id, columns.at.name].map((at) => quoted(line.cells[at ?? -1] ?? ""));
      report("id", "hidden_row", `is in a hidden row: show the row, or delete it (${id}, of ${name})`);
      unreadRow ??= line.row;
      continue;
    }
    const person = readPerson(line, { columns, findRoom, emptyRole }, report);
    const { userId, name, role, extraMinutes, roomId } = person;
    if (userId === undefined) {
      unreadRow ??= line.row;
      continue;
    }
    if (columns.at.id !== undefined && line.numbers?.includes(columns.at.id)) numberRows.add(line.row);
    batch.push({
      row: line.row,
      userId,
      name: name ?? null,
      role: role ?? null,
      extraMinutes: extraMinutes ?? null,
      roomId: roomId ?? null,
    });
    if (batch.length === BATCH) await flush();
  }
  await flush();
  if (people === 0) throw invalidInput("file", "has a header but no rows below it");
  return { rows: people, faults, columns, numberRows, unreadRow, totalRows };
};

/** @throws INVALID_INPUT for a file that is no roster */
export const readFile = async (
  { source, signal, onProgress }: ReadOptions & { source: Source },
  into: Into,
): Promise<ReadResult> => {
  let unreadSheets: readonly string[] = [];
  const onUnread = (sheets: readonly string[]): void => {
    unreadSheets = sheets;
  };
  const { meanings = [] } = into;
  assertMeanings(meanings);
  const isRoster = (cells: readonly string[]) => isHeader(cells, meanings);
  const rows = rowsOf(source, { signal, onProgress, isHeader: isRoster, onUnread });
  try {
    return { ...(await readRows(rows, into)), unreadSheets };
  } catch (error) {
    if (error instanceof SheetError) throw invalidInput("file", `cannot be used: ${error.message}`);
    throw error;
  } finally {
    // The rows are not read to the end when the header is invalid.
    await rows.return(undefined);
  }
};
