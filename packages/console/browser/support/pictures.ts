import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/** The pictures of the documents. */
export const PICTURES = join(import.meta.dirname, "../../../../docs/console");
/** Where a picture that differs is left, with what differs in red. */
const DIFFERENT = join(import.meta.dirname, "../../node_modules/.cache/pictures");
const replaces = process.env.INVIGIL_TEST_PICTURES === "new";
/** The share of pixels that may differ. */
const MAY_DIFFER = 0.002;

const readPicture = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
};

/** How much two pictures differ: a share of their pixels, and a picture of it. */
const differenceOf = (kept: PNG, taken: PNG): { readonly share: number; readonly picture?: PNG } => {
  const { width, height } = taken;
  if (kept.width !== width || kept.height !== height) return { share: 1 };
  const picture = new PNG({ width, height });
  const pixels = pixelmatch(kept.data, taken.data, picture.data, width, height, { includeAA: true });
  return { share: pixels / (width * height), picture };
};

/**
 * Compares a picture with that of the documents, and replaces that with INVIGIL_TEST_PICTURES=new.
 *
 * @returns what is wrong with it
 */
export const comparePicture = (name: string, taken: Buffer): string | undefined => {
  const path = join(PICTURES, `${name}.png`);
  const kept = readPicture(path);
  const { share, picture } = kept ? differenceOf(PNG.sync.read(kept), PNG.sync.read(taken)) : { share: 1 };
  if (share <= MAY_DIFFER) return undefined;
  if (replaces) {
    mkdirSync(PICTURES, { recursive: true });
    // Smaller than Chromium writes it: without transparency, and without the filters that are made for photographs.
    const sizes = { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 } as const;
    writeFileSync(path, PNG.sync.write(PNG.sync.read(taken), sizes));
    return undefined;
  }
  mkdirSync(DIFFERENT, { recursive: true });
  const left = join(DIFFERENT, `${name}.png`);
  const difference = join(DIFFERENT, `${name}.difference.png`);
  writeFileSync(left, taken);
  rmSync(difference, { force: true });
  if (picture) writeFileSync(difference, PNG.sync.write(picture));
  return kept
    ? `${name}: ${(share * 100).toFixed(2)} % of the pixels differ. The new picture: ${left}`
    : `${name}: docs/console has no such picture. The new picture: ${left}`;
};
