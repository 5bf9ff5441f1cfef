import { zip } from "./files.js";

// Writes workbooks part by part, like Excel, WPS and LibreOffice: with shared strings, styles, merged and
// hidden cells.

/** A cell: its value and its format. */
export type Cell =
  | string
  | number
  | null
  | { readonly value: number; readonly format: string | number }
  | { readonly inline: string }
  | { readonly rich: readonly string[]; readonly phonetic?: string }
  | { readonly error: string }
  | { readonly boolean: boolean }
  | { readonly formula: string; readonly text: string };

export interface SheetOf {
  readonly name?: string;
  readonly rows: readonly (readonly Cell[])[];
  /** Row numbers as shown by a spreadsheet program, from 1. */
  readonly hiddenRows?: readonly number[];
  /** Column numbers, from 1. */
  readonly hiddenColumns?: readonly number[];
  readonly merges?: readonly string[];
  readonly state?: "visible" | "hidden" | "veryHidden";
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Returns the letters of a column. The first column is 0. */
const letters = (column: number): string =>
  column < 26
    ? String.fromCharCode(65 + column)
    : letters(Math.floor(column / 26) - 1) + String.fromCharCode(65 + (column % 26));

/** Writes a workbook with these sheets. */
export const workbook = (sheets: readonly SheetOf[], { date1904 = false } = {}): Buffer => {
  const strings: string[] = [];
  const shared = (item: string): number => strings.push(`<si>${item}</si>`) - 1;
  const formats: (string | number)[] = ["General"];
  const styleOf = (format: string | number): number => {
    const known = formats.indexOf(format);
    return known >= 0 ? known : formats.push(format) - 1;
  };
  const run = (text: string) => `<r><rPr><b/></rPr><t xml:space="preserve">${escaped(text)}</t></r>`;

  const cellOf = (cell: Cell, at: string): string => {
    if (cell === null) return "";
    if (typeof cell === "number") return `<c r="${at}"><v>${cell}</v></c>`;
    if (typeof cell === "string")
      return `<c r="${at}" t="s"><v>${shared(`<t xml:space="preserve">${escaped(cell)}</t>`)}</v></c>`;
    if ("value" in cell) return `<c r="${at}" s="${styleOf(cell.format)}"><v>${cell.value}</v></c>`;
    if ("inline" in cell) return `<c r="${at}" t="inlineStr"><is><t>${escaped(cell.inline)}</t></is></c>`;
    if ("error" in cell) return `<c r="${at}" t="e"><f>VLOOKUP(1,A:A,1)</f><v>${escaped(cell.error)}</v></c>`;
    if ("boolean" in cell) return `<c r="${at}" t="b"><v>${cell.boolean ? 1 : 0}</v></c>`;
    if ("formula" in cell)
      return `<c r="${at}" t="str"><f>${escaped(cell.formula)}</f><v>${escaped(cell.text)}</v></c>`;
    const phonetic = cell.phonetic === undefined ? "" : `<rPh sb="0" eb="1"><t>${cell.phonetic}</t></rPh>`;
    return `<c r="${at}" t="s"><v>${shared(cell.rich.map(run).join("") + phonetic)}</v></c>`;
  };
  const sheetOf = ({ rows, hiddenRows = [], hiddenColumns = [], merges = [] }: SheetOf): string => {
    const columns = hiddenColumns.map((at) => `<col min="${at}" max="${at}" width="9" hidden="1"/>`).join("");
    const data = rows.map((cells, index) => {
      const hidden = hiddenRows.includes(index + 1) ? ' hidden="1"' : "";
      const content = cells.map((cell, column) => cellOf(cell, `${letters(column)}${index + 1}`)).join("");
      return content === "" && hidden === "" ? "" : `<row r="${index + 1}"${hidden}>${content}</row>`;
    });
    const merged = merges.map((reference) => `<mergeCell ref="${reference}"/>`).join("");
    return `${XML}<worksheet ${MAIN}><dimension ref="A1"/>${columns && `<cols>${columns}</cols>`}<sheetData>${data.join("")}</sheetData>${merged && `<mergeCells count="${merges.length}">${merged}</mergeCells>`}</worksheet>`;
  };

  const texts = sheets.map(sheetOf);
  const custom = formats.map((format, index) => ({
    format,
    id: typeof format === "number" ? format : 164 + index,
  }));
  const named = sheets.map(({ name, state }, index) => ({ name: name ?? `Sheet${index + 1}`, state }));
  const parts: Record<string, string> = {
    "[Content_Types].xml": `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    "_rels/.rels": `${XML}<Relationships><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${XML}<workbook ${MAIN} xmlns:r="${RELATIONS}"><workbookPr date1904="${date1904 ? 1 : 0}"/><sheets>${named
      .map(
        ({ name, state }, index) =>
          `<sheet name="${escaped(name)}" sheetId="${index + 1}"${state ? ` state="${state}"` : ""} r:id="rId${index + 1}"/>`,
      )
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${XML}<Relationships>${named
      .map(
        (_, index) =>
          `<Relationship Id="rId${index + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
      )
      .join(
        "",
      )}<Relationship Id="rIdS" Type="${RELATIONS}/styles" Target="styles.xml"/><Relationship Id="rIdT" Type="${RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
    "xl/styles.xml": `${XML}<styleSheet ${MAIN}><numFmts>${custom
      .filter(({ format }) => typeof format === "string")
      .map(({ format, id }) => `<numFmt numFmtId="${id}" formatCode="${escaped(String(format))}"/>`)
      .join("")}</numFmts><cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs>${custom
      .map(({ id }) => `<xf numFmtId="${id}" xfId="0" applyNumberFormat="1"/>`)
      .join("")}</cellXfs></styleSheet>`,
    "xl/sharedStrings.xml": `${XML}<sst ${MAIN}>${strings.join("")}</sst>`,
    ...Object.fromEntries(texts.map((text, index) => [`xl/worksheets/sheet${index + 1}.xml`, text])),
  };
  return zip(parts);
};
