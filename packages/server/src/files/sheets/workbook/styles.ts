import { builtInFormat } from "./numbers.js";
import { readXml } from "./xml.js";

/**
 * The number format of each style of cells.
 * @throws Refused
 */
export const readStyles = (part: Uint8Array | undefined): readonly string[] => {
  const formats = new Map<number, string>();
  const styles: string[] = [];
  if (!part) return styles;
  readXml(part, {
    open({ name, path, attribute }) {
      const around = path.at(-1);
      const id = Number(attribute("numFmtId") ?? 0);
      if (name === "numFmt" && around === "numFmts") formats.set(id, attribute("formatCode") ?? "");
      if (name === "xf" && around === "cellXfs") styles.push(formats.get(id) ?? builtInFormat(id));
    },
  });
  return styles;
};
