import { unzipSync } from "fflate";
import { MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED_BYTES, RATIO_FREE_BYTES } from "./limits.js";
import { Refused } from "./messages.js";

/** Gives the parts of a workbook that are asked for, by their paths. A part that is not there is left out. */
export type Archive = (paths: readonly string[]) => ReadonlyMap<string, Uint8Array>;

const isXml = (name: string): boolean => name.endsWith(".xml") || name.endsWith(".rels");

/**
 * Opens a workbook's archive. Nothing is unpacked before the sizes that all parts declare were added up, and no part unpacks to
 * more than it declares.
 * @throws Refused
 */
export const openArchive = (bytes: Uint8Array): Archive => {
  const most = Math.max(RATIO_FREE_BYTES, Math.min(MAX_UNPACKED_BYTES, bytes.length * MAX_RATIO));
  let entries = 0;
  let size = 0;
  unzipSync(bytes, {
    filter({ name, originalSize }) {
      entries += 1;
      if (entries > MAX_ENTRIES) throw new Refused("size");
      if (isXml(name)) size += originalSize;
      if (size > most) throw new Refused("size");
      return false;
    },
  });
  return (paths) => {
    const wanted = new Set(paths);
    // Once each: entries of one name could share what they are unpacked from.
    const filter = ({ name }: { name: string }) => wanted.delete(name);
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  };
};
