import type { FoundBy, Part, Storage } from "../port.js";
import type { AnyStatement, Values } from "../statement.js";
import { type Compiled, compileOnce } from "./connection.js";
import type { Gatherable, GatheredReader } from "./gathered-reads.js";
import { named } from "./named.js";

/** A part of a combined read. */
interface AskedPart extends Part<never> {
  readonly compiled: Compiled;
  readonly values: Values;
  readonly isList: boolean;
}

/** A statement that reads the parts of these statements. */
interface Combined extends Gatherable {
  /** The column in which each part begins. It says whether the row has a row of the part. The columns of the part follow. */
  readonly offsets: readonly number[];
}

/** Combines statements. Each is a subquery that may find nothing, so the combined statement has a row for each row of the list. */
const combine = (parts: readonly Compiled[]): Combined => {
  let [columns, parameters] = [0, 0];
  const offsets: number[] = [];
  const joins = parts.map(({ text, columns: own }, index) => {
    offsets.push(columns);
    const before = parameters;
    const numbered = text.replaceAll(/\$(\d+)/g, (_, number: string) => {
      parameters = Math.max(parameters, before + Number(number));
      return `$${before + Number(number)}`;
    });
    const names = Array.from({ length: own + 1 }, (_, column) => `c${columns + column}`).join(", ");
    columns += own + 1;
    return `LEFT JOIN LATERAL (SELECT true, part.* FROM (${numbered}) AS part) AS part${index} (${names}) ON true`;
  });
  const all = parts.map((_, index) => `part${index}.*`).join(", ");
  const text = `SELECT ${all} FROM (SELECT 1) AS one ${joins.join(" ")}`;
  return { ...named(text), columns, offsets };
};

/** Implements combined reads: the parts of a call are one statement. */
export const createParts = (rows: GatheredReader["rows"]): Pick<Storage, "part" | "listPart" | "ask"> => {
  /** Combined statements by the names of their parts. */
  const known = new Map<string, Combined>();
  const combinedOf = (parts: readonly AskedPart[]): Combined => {
    let key = "";
    for (const { compiled } of parts) key += `${compiled.name} `;
    let combined = known.get(key);
    if (!combined) {
      combined = combine(parts.map(({ compiled }) => compiled));
      known.set(key, combined);
    }
    return combined;
  };

  const readOne = async ({ compiled, values, isList }: AskedPart): Promise<unknown> => {
    const found = (await rows(compiled, compiled.bind(values))).map((row) => compiled.read(row));
    return isList ? found : found[0];
  };
  const readTogether = async (parts: readonly AskedPart[]): Promise<unknown[]> => {
    const combined = combinedOf(parts);
    const values = parts.flatMap((part) => part.compiled.bind(part.values));
    const found = await rows(combined, values);
    return parts.map(({ compiled, isList }, index) => {
      const marker = combined.offsets[index] ?? 0;
      const read = (row: readonly unknown[] | undefined) =>
        row?.[marker] === true
          ? compiled.read(row.slice(marker + 1, marker + 1 + compiled.columns))
          : undefined;
      return isList ? found.map(read).filter((row) => row !== undefined) : read(found[0]);
    });
  };

  const partOf =
    (isList: boolean) =>
    <Args extends readonly unknown[]>(
      _options: unknown,
      statement: AnyStatement,
      valuesOf: (...args: Args) => Values,
    ) => {
      const compiled = compileOnce(statement);
      return (...args: Args): AskedPart => ({ compiled, values: valuesOf(...args), isList });
    };

  return {
    part: partOf(false),
    listPart: partOf(true),
    async ask<const Parts extends readonly (Part | undefined)[]>(parts: Parts) {
      const answers: unknown[] = parts.map(() => undefined);
      const indexes = [...parts.keys()].filter((index) => parts[index]);
      // Safe: parts come from this storage, and these were not left out.
      const own = indexes.map((index) => parts[index] as AskedPart);
      const [only, second] = own;
      if (only) {
        const found = second ? await readTogether(own) : [await readOne(only)];
        for (const [at, index] of indexes.entries()) answers[index] = found[at];
      }
      // Safe: each part finds what its type says.
      return answers as unknown as FoundBy<Parts>;
    },
  };
};
