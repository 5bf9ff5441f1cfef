import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { SetupError } from "../setup-error.js";

/** Somebody of a file who is no examinee. */
export interface StaffMember {
  readonly userId: string;
  readonly name: string;
  readonly role: "teacher" | "inspector";
}

const row = z.object({
  id: z.string().min(1, "must not be empty"),
  name: z.string().min(1, "must not be empty"),
  /** Absent or empty: a teacher. */
  role: z.preprocess(
    (role) => role || "teacher",
    z.enum(["teacher", "inspector"], "must be teacher or inspector"),
  ),
});

const rowsOf = async (file: string): Promise<unknown[]> => {
  const text = await readFile(file, "utf8").catch(() => {
    throw new SetupError(`the file ${file} cannot be read`);
  });
  try {
    return parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      columns: (header: string[]) => header.map((name) => name.toLowerCase()),
    });
  } catch (error) {
    throw new SetupError(`${file} is not a table: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** Teachers and inspectors from a CSV file whose first row names the columns id, name and, if it likes, role. */
export const readPeople = async (file: string): Promise<StaffMember[]> =>
  (await rowsOf(file)).map((cells, index) => {
    const { data, error } = row.safeParse(cells);
    const [issue] = error?.issues ?? [];
    if (!data)
      // The first row is the header.
      throw new SetupError(`${file}, row ${index + 2}: ${issue?.path.join(".")} ${issue?.message}`);
    return { userId: data.id, name: data.name, role: data.role };
  });
