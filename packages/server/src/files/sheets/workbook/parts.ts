import { posix } from "node:path";
import type { Archive } from "./archive.js";
import { MAX_SHEET_NAME, MAX_SHEETS } from "./limits.js";
import { Refused } from "./messages.js";
import { readXml } from "./xml.js";

const WORKBOOK = "xl/workbook.xml";
const RELATIONS = "xl/_rels/workbook.xml.rels";

export interface WorkbookParts {
  /** The visible sheets in the order of their tabs. If all are hidden, only the first sheet. */
  readonly sheets: readonly { readonly name: string; readonly path: string }[];
  readonly stylesPath: string | undefined;
  readonly stringsPath: string | undefined;
  /** Whether dates count from 1904. */
  readonly from1904: boolean;
}

interface Relation {
  readonly path: string;
  /** The last segment of the type's URL: `worksheet`, `styles`. */
  readonly type: string;
}

const isTrue = (value: string | undefined): boolean => value === "1" || value === "true";

const relationsIn = (part: Uint8Array): ReadonlyMap<string, Relation> => {
  const relations = new Map<string, Relation>();
  readXml(part, {
    open({ name, attribute }) {
      const target = attribute("Target");
      if (name !== "Relationship" || target === undefined) return;
      const type = attribute("Type") ?? "";
      const path = target.startsWith("/") ? target.slice(1) : posix.join("xl", target);
      relations.set(attribute("Id") ?? "", { path, type: type.slice(type.lastIndexOf("/") + 1) });
    },
  });
  return relations;
};

/**
 * Finds the parts of a workbook.
 * @throws Refused
 */
export const findParts = (archive: Archive): WorkbookParts => {
  const parts = archive([WORKBOOK, RELATIONS]);
  const workbook = parts.get(WORKBOOK);
  const relationsPart = parts.get(RELATIONS);
  if (!workbook || !relationsPart) throw new Refused("content");
  const relations = relationsIn(relationsPart);
  const pathOf = (type: string) => [...relations.values()].find((relation) => relation.type === type)?.path;

  const sheets: { name: string; path: string; hidden: boolean }[] = [];
  let from1904 = false;
  readXml(workbook, {
    open({ name, path: around, attribute }) {
      if (name === "workbookPr") from1904 = isTrue(attribute("date1904"));
      if (name !== "sheet" || around.at(-1) !== "sheets") return;
      const relation = relations.get(attribute("id") ?? "");
      // Other sheets contain charts.
      if (relation?.type !== "worksheet") return;
      const { path } = relation;
      const shown = (attribute("name") ?? "")
        .slice(0, MAX_SHEET_NAME)
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
      sheets.push({ name: shown, path, hidden: (attribute("state") ?? "visible") !== "visible" });
      if (sheets.length > MAX_SHEETS) throw new Refused("sheets");
    },
  });
  // A part that belongs to two sheets would be read twice.
  if (sheets.length === 0 || new Set(sheets.map(({ path }) => path)).size < sheets.length)
    throw new Refused("content");
  const visible = sheets.filter(({ hidden }) => !hidden);
  return {
    sheets: visible.length > 0 ? visible : sheets.slice(0, 1),
    stylesPath: pathOf("styles"),
    stringsPath: pathOf("sharedStrings"),
    from1904,
  };
};
