import { encode } from "uqr";

/** Any mask can be read. Finding the best of the eight takes ten times as long as the rest, and 4,000 cards wait for it. */
const MASK = 2;
/** The white around it, in modules, without which readers do not find it. */
const QUIET_ZONE = 4;

/** A row's dark modules as strokes of a path: from here to there, again and again. */
const strokes = (row: readonly boolean[], y: number): string => {
  let path = "";
  let end = 0;
  for (let x = row.indexOf(true); x !== -1; x = row.indexOf(true, end)) {
    path += path === "" ? `M${x} ${y}.5` : `m${x - end} 0`;
    end = row.indexOf(false, x);
    path += `h${end - x}`;
  }
  return path;
};

/** A text as a QR code: an `<svg>` to be put into a page. */
export const qrSvg = (text: string): string => {
  const { size, data } = encode(text, { ecc: "L", border: QUIET_ZONE, maskPattern: MASK });
  return `<svg viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" role="img" aria-label="QR code"><path stroke="#000" d="${data.map(strokes).join("")}"/></svg>`;
};
