import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/** The pictures of the documents. */
export const PICTURES = join(import.meta.dirname, "../../../../docs/console");
/** The folder for pictures that differ from those of the documents, with the differences in red. */
const DIFFERENT = join(import.meta.dirname, "../../node_modules/.cache/pictures");
const replaces = process.env.INVIGIL_TEST_PICTURES === "new";
/** The share of pixels that may differ before it is printed: letters of another run differ a little. A changed word is less. */
const MAY_DIFFER = replaces ? 0 : 0.002;

const readPicture = (path: string): PNG | undefined => {
  try {
    return PNG.sync.read(readFileSync(path));
  } catch {
    return undefined;
  }
};

/** The share of pixels that differ, with a picture of the differences. Undefined if the sizes differ. */
const differenceOf = (
  kept: PNG,
  taken: PNG,
): { readonly share: number; readonly picture: PNG } | undefined => {
  const { width, height } = taken;
  if (kept.width !== width || kept.height !== height) return undefined;
  const picture = new PNG({ width, height });
  const pixels = pixelmatch(kept.data, taken.data, picture.data, width, height, { includeAA: true });
  return { share: pixels / (width * height), picture };
};

/**
 * Compares a picture with the one of the documents, and prints the share of pixels that differ. With INVIGIL_TEST_PICTURES=new, it replaces
 * a picture that differs.
 *
 * @returns what is wrong with the picture of the documents
 */
export const comparePicture = (name: string, taken: Buffer): string | undefined => {
  const path = join(PICTURES, `${name}.png`);
  const kept = readPicture(path);
  const difference = kept && differenceOf(kept, PNG.sync.read(taken));
  if (difference && difference.share <= MAY_DIFFER) return undefined;
  if (replaces) {
    mkdirSync(PICTURES, { recursive: true });
    // Smaller than Chromium writes it: without transparency, and without the filters that are made for photographs.
    const sizes = { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 } as const;
    writeFileSync(path, PNG.sync.write(PNG.sync.read(taken), sizes));
    return undefined;
  }
  if (!difference) return kept ? `${name}.png has another size` : `there is no ${name}.png`;
  mkdirSync(DIFFERENT, { recursive: true });
  const left = join(DIFFERENT, `${name}.png`);
  writeFileSync(left, taken);
  writeFileSync(join(DIFFERENT, `${name}.difference.png`), PNG.sync.write(difference.picture));
  console.log(
    `${name}: ${(difference.share * 100).toFixed(2)} % of the pixels differ. The new picture: ${left}`,
  );
  return undefined;
};
