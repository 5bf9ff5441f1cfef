const LONGEST = 40;

/** Characters that could move the cursor of a terminal. */
const MOVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/**
 * The number of code units to inspect. It is enough for the displayed characters, if none of them moves the
 * cursor.
 */
const LOOKED_AT = 1000;

/**
 * Formats the content of a cell for a message: its beginning, without characters that could move a terminal's
 * cursor.
 */
export const quoted = (cell: string): string => {
  const characters = Array.from(cell.slice(0, LOOKED_AT).replace(MOVING, ""));
  const shown = characters.slice(0, LONGEST).join("");
  return characters.length > LONGEST ? `'${shown}…'` : `'${shown}'`;
};
