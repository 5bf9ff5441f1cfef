const LONGEST = 40;

/** What a cell holds, for a sentence about it: its beginning, without what would move a terminal's cursor. */
export const quoted = (cell: string): string => {
  const characters = Array.from(cell.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""));
  const shown = characters.slice(0, LONGEST).join("");
  return characters.length > LONGEST ? `'${shown}…'` : `'${shown}'`;
};
