import { unzipSync } from "fflate";
import { MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED_BYTES, RATIO_FREE_BYTES } from "./limits.js";
import { Refused } from "./messages.js";

/** Returns the requested parts of a workbook by their paths. Parts that do not exist are omitted. */
export type Archive = (paths: readonly string[]) => ReadonlyMap<string, Uint8Array>;

const isXml = (name: string): boolean => name.endsWith(".xml") || name.endsWith(".rels");

/**
 * Opens the archive of a workbook. It checks the declared sizes of all parts before it unpacks any. A part
 * never unpacks to more than its declared size.
 * @throws Refused
 */
export const openArchive = (bytes: Uint8Array): Archive => {
  const maxSize = Math.max(RATIO_FREE_BYTES, Math.min(MAX_UNPACKED_BYTES, bytes.length * MAX_RATIO));
  let entries = 0;
  let size = 0;
  unzipSync(bytes, {
    filter({ name, originalSize }) {
      entries += 1;
      if (entries > MAX_ENTRIES) throw new Refused("size");
      if (isXml(name)) size += originalSize;
      if (size > maxSize) throw new Refused("size");
      return false;
    },
  });
  return (paths) => {
    const wanted = new Set(paths);
    // Each name once, because several entries with one name could share the same compressed data.
    const filter = ({ name }: { name: string }) => wanted.delete(name);
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  };
};
