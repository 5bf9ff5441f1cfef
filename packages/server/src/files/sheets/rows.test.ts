import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases } from "../../../test/support/effort.js";
import { COMMON_CHARACTERS, csv, type Encoding, encode } from "../../../test/support/files.js";
import { rowsOf } from "./rows.js";
import { SheetError, type Source } from "./source.js";

const ENCODINGS: readonly Encoding[] = ["utf-8", "utf-8 with BOM", "utf-16le", "utf-16be", "gb18030"];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-sheets-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cellsOf = async (source: Source): Promise<string[][]> => {
  const rows: string[][] = [];
  const numbers: number[] = [];
  for await (const { row, cells } of rowsOf(source)) {
    numbers.push(row);
    rows.push([...cells]);
  }
  expect(numbers).toEqual(rows.map((_, index) => index + 1));
  return rows;
};
const read = (bytes: Uint8Array) => cellsOf({ bytes });
const refusal = async (bytes: Uint8Array): Promise<string> => {
  const error: unknown = await read(bytes).catch((thrown: unknown) => thrown);
  if (!(error instanceof SheetError)) throw error;
  return error.message;
};

describe("CSV", () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom(...COMMON_CHARACTERS), maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('"', ",", ";", "\t", "\n", "\r", "a", "中"), maxLength: 8 }),
  );
  // The header determines the delimiter, so it contains one, and no other outside of quotes. The bytes of a few characters in GB 18030 are
  // valid in UTF-8: those of 学号 are not.
  const rows = fc
    .tuple(
      fc.array(fc.constantFrom("学号", "姓名", "a;b", 'say "a,b"', "two\nlines"), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.array(fc.array(cell, { minLength: 1, maxLength: 6 }), { maxLength: 8 }),
    )
    .map(([header, others]) => [["学号", ...header], ...others]);

  it("round-trips any cells with every delimiter, line break and encoding", async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(",", "\t", ";"),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.constantFrom(...ENCODINGS),
        async (written, delimiter, newline, encoding) => {
          expect(await read(encode(csv(written, { delimiter, newline }), encoding))).toEqual(written);
        },
      ),
      { numRuns: cases(400) },
    );
  });

  it.each(ENCODINGS)("is read the same from a file in chunks, in %s", async (encoding) => {
    const written = [
      ["学号", "姓名"],
      ...Array.from({ length: 10_000 }, (_, n) => [`2026${n}`, n % 3 === 0 ? `张三${n}` : `"李,四"\n${n}`]),
    ];
    const path = join(folder, `${encoding}.csv`);
    writeFileSync(path, encode(csv(written), encoding));
    expect(await cellsOf({ path })).toEqual(written);
    // And a second time.
    expect(await cellsOf({ path })).toEqual(written);
  });

  it("counts blank rows, and accepts a last line without a line break", async () => {
    expect(await read(Buffer.from("id,name\n\n1,A\r\n\r\n2,B"))).toEqual([
      ["id", "name"],
      [""],
      ["1", "A"],
      [""],
      ["2", "B"],
    ]);
  });

  it("has no rows if it is empty", async () => {
    expect(await read(Buffer.of())).toEqual([]);
    expect(await read(Buffer.of(0xef, 0xbb, 0xbf))).toEqual([]);
  });

  it("is GB18030 only if it is not valid UTF-8, even at the very end", async () => {
    const late = `id,name\n${"1,A\n".repeat(50_000)}2,张三\n`;
    expect((await read(encode(late, "gb18030"))).at(-1)).toEqual(["2", "张三"]);
    expect((await read(encode(late, "utf-8"))).at(-1)).toEqual(["2", "张三"]);
  });

  it("reports the progress", async () => {
    const bytes = Buffer.from(`id,name\n${"1,A\n".repeat(50_000)}`);
    const seen: number[] = [];
    const onProgress = (done: number, size: number) => {
      expect(size).toBe(bytes.length);
      seen.push(done);
    };
    for await (const _ of rowsOf({ bytes }, { onProgress }));
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it("is not read further after an abort", async () => {
    const controller = new AbortController();
    const path = join(folder, "long.csv");
    writeFileSync(path, "id,name\n".repeat(100_000));
    const reading = async () => {
      for await (const { row } of rowsOf({ path }, { signal: controller.signal }))
        if (row === 2) controller.abort();
    };
    await expect(reading()).rejects.toThrow(/abort/i);
  });
});

describe("an invalid sheet", () => {
  it.each([
    ["an old workbook", Buffer.from("d0cf11e0a1b11ae1000000", "hex"), /\.xls workbook/],
    ["binary with U+0000", Buffer.from("id,name\n1,a\u0000b\n"), /U\+0000/],
    ["UTF-16 without its mark", Buffer.from("id,name\n", "utf16le"), /U\+0000/],
    ["UTF-16 with U+0000", Buffer.from("\ufeffid\u0000", "utf16le"), /U\+0000/],
    ["half a character of UTF-16", Buffer.from([0xff, 0xfe, 0x41, 0x00, 0x00, 0xd8]), /not text in/],
    ["no text at all", Buffer.from([0x41, 0xff, 0xff, 0x80, 0x0a]), /not text in/],
    ["a quote that is never closed", Buffer.from('id,name\n1,"A\n2,B\n'), /^Row 2 .*quote is not closed/],
    [
      "a quote that spans a long file",
      Buffer.from(`id,name\n1,"A\n${"2,B\n".repeat(50_000)}`),
      /^Row 2 .*too long/,
    ],
    ["text after a quote", Buffer.from('id,name\n1,"A"B\n'), /^Row 2 .*follows a closing quote/],
    ["a quote inside of a text", Buffer.from('id,name\n1,A"B\n'), /^Row 2 .*unquoted text/],
    ["a zip that is cut off", Buffer.from("PK\u0003\u0004 and then nothing"), /not an XLSX workbook/],
  ])("is refused with a sentence: %s", async (_, bytes, sentence) => {
    expect(await refusal(bytes)).toMatch(sentence);
  });

  it("is refused with a sentence if the file does not exist or is a folder", async () => {
    for (const path of [join(folder, "none.csv"), folder])
      await expect(cellsOf({ path })).rejects.toThrow(SheetError);
  });

  it("is refused with a sentence if it is a pipe without a writer", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    await expect(cellsOf({ path })).rejects.toThrow(/^The file cannot be read: it is a pipe or a device/);
  });
});

describe("a file of empty lines", () => {
  it("lets other tasks run between rows, at a constant cost per row", async () => {
    let most = 0;
    let sinceTurn = 0;
    let turning = true;
    const turn = (): void => {
      sinceTurn = 0;
      if (turning) setImmediate(turn);
    };
    turn();
    let rows = 0;
    for await (const _ of rowsOf({ bytes: Buffer.from(`id,name\n${"\n".repeat(300_000)}`) })) {
      rows += 1;
      sinceTurn += 1;
      most = Math.max(most, sinceTurn);
    }
    turning = false;
    expect(rows).toBe(300_001);
    expect(most).toBeLessThan(1000);
  });
});
