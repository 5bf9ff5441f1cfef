import type { ParticipantRole } from "@invigil/schema";
import { InvigilError, invalidInput } from "../../errors.js";
import { type Row, rowsOf } from "../../sheets/rows.js";
import { type ReadOptions, SheetError, type Source } from "../../sheets/source.js";
import { type Columns, columnsOf } from "./columns.js";
import { createFaults, type Faults } from "./faults.js";
import type { StagedPerson } from "./judge.js";
import { type Report, readPerson } from "./person.js";
import type { RoomFinder } from "./rooms.js";

/** What was found in the file. */
export interface Found {
  /** Rows with a person. */
  readonly rows: number;
  readonly faults: Faults;
  readonly columns: Columns;
}

export type Stage = (people: readonly StagedPerson[]) => Promise<{ row: number; earlier: number }[]>;

export interface Into {
  readonly findRoom: RoomFinder;
  /** Keeps people; returns those rows whose person an earlier row has. */
  readonly stage: Stage;
  /** What somebody is whose row does not say: an examinee, where this does not say so either. */
  readonly emptyRole?: ParticipantRole;
}

const BATCH = 500;
/** Twice the largest roster that is promised to be quick: one that is longer would keep the database to itself. */
const MAX_PEOPLE = 200_000;

const isBlank = ({ cells }: Row): boolean => cells.every((cell) => cell.trim() === "");

const readHeader = async (rows: AsyncIterator<Row>): Promise<Columns> => {
  const first = await rows.next();
  if (first.done) throw invalidInput("file", "is empty");
  const columns = columnsOf(first.value.cells);
  if (!("faults" in columns)) return columns;
  throw new InvalidFile(columns.faults);
};

/** Several things are wrong with the file itself. */
class InvalidFile extends InvigilError {
  constructor(faults: string[]) {
    super("INVALID_INPUT", `file ${faults[0]}`, { fields: { file: faults } });
  }
}

/** Reads and checks the rows of a file, and stages those whose person is known. */
const readRows = async (
  rows: AsyncIterableIterator<Row>,
  { findRoom, stage, emptyRole = "examinee" }: Into,
): Promise<Found> => {
  const columns = await readHeader(rows);
  const faults = createFaults();
  let batch: StagedPerson[] = [];
  let people = 0;

  const reportFor =
    (row: number): Report =>
    (where, reason) => {
      const column = typeof where === "string" ? columns.title(where) : `column ${where.column}`;
      faults.add({ row, column, reason });
    };
  const flush = async (): Promise<void> => {
    for (const { row, earlier } of await stage(batch))
      faults.add({ row, column: columns.title("id"), reason: `is in row ${earlier} already` });
    batch = [];
  };

  for await (const line of rows) {
    if (isBlank(line)) continue;
    people += 1;
    if (people > MAX_PEOPLE) throw invalidInput("file", `must have at most ${MAX_PEOPLE} rows`);
    const { userId, name, role, extraMinutes, roomId } = readPerson(
      line.cells,
      { columns, findRoom, emptyRole },
      reportFor(line.row),
    );
    if (userId === undefined) continue;
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
  if (people === 0) throw invalidInput("file", "has a header and nobody below it");
  return { rows: people, faults, columns };
};

/** @throws INVALID_INPUT for a file that is no roster */
export const readFile = async (
  { source, signal, onProgress }: ReadOptions & { source: Source },
  into: Into,
): Promise<Found> => {
  const rows = rowsOf(source, { signal, onProgress });
  try {
    return await readRows(rows, into);
  } catch (error) {
    if (error instanceof SheetError) throw invalidInput("file", `cannot be used: ${error.message}`);
    throw error;
  } finally {
    // A header alone may be why it ends.
    await rows.return(undefined);
  }
};
