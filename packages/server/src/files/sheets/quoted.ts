const LONGEST = 40;

/** What would move a terminal's cursor. */
const MOVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Code units in which there are as many characters as are shown, for sure where none of them moves the cursor. */
const LOOKED_AT = 1000;

/** What a cell holds, for a sentence about it: its beginning, without what would move a terminal's cursor. */
export const quoted = (cell: string): string => {
  const characters = Array.from(cell.slice(0, LOOKED_AT).replace(MOVING, ""));
  const shown = characters.slice(0, LONGEST).join("");
  return characters.length > LONGEST ? `'${shown}…'` : `'${shown}'`;
};
