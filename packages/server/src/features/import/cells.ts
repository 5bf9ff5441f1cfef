// What people write into the cells of a roster.

/** Replaces the full-width letters, digits and signs of East Asian input methods (`２０２６`) by those of ASCII. */
export const halfWidth = (cell: string): string =>
  cell.replace(/[！-～]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));

/** Minutes with their unit: `30分钟`, `30 min`. */
const MINUTES = /^(\d{1,9})\s*(?:分钟|分鐘|分|mins?\.?|minutes?)$/i;
/** Returns the number of minutes in a cell, or the cell if it holds no such number. */
export const minutesIn = (cell: string): string => {
  const text = halfWidth(cell);
  return MINUTES.exec(text)?.[1] ?? text;
};

const TOTAL =
  /^(?:合计|合計|总计|總計|小计|小計|共计|共計|总人数|人数合计|(?:grand|sub-?)?totals?):?(?:共?\d{1,9}[人名]?)?$/i;
const COUNT = /^(?:共?\d{1,9}(?:[人名]|people)?)?$/i;
/** Longer than any total. */
const LONGEST = 40;
const plain = (cell = ""): string => halfWidth(cell.slice(0, LONGEST)).replaceAll(/\s/g, "");

/** Whether a row holds a total, and no person: `合计, 400人`. */
export const isTotal = (cells: readonly string[], name: string | undefined): boolean => {
  const first = plain(cells.find((cell) => cell.trim() !== ""));
  const named = plain(name);
  return TOTAL.test(named) || (TOTAL.test(first) && COUNT.test(named));
};
