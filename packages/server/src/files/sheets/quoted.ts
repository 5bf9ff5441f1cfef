const MAX_LENGTH = 40;

/** Characters that could move the cursor of a terminal. */
const CURSOR_CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/**
 * The number of code units to inspect. It is enough for the displayed characters, if none of them moves the
 * cursor.
 */
const INSPECTED_LENGTH = 1000;

/**
 * Formats the content of a cell for a message: its beginning, without characters that could move a terminal's
 * cursor.
 */
export const quoted = (cell: string): string => {
  const characters = Array.from(cell.slice(0, INSPECTED_LENGTH).replace(CURSOR_CONTROLS, ""));
  const shown = characters.slice(0, MAX_LENGTH).join("");
  return characters.length > MAX_LENGTH ? `'${shown}…'` : `'${shown}'`;
};
