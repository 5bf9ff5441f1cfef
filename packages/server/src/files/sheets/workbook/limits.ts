// What a workbook may hold. It is read in a thread of its own whose memory is bounded; these bounds refuse a hostile file long
// before that memory is full, and keep the time that reading takes proportional to the size of the file.

/** Of the file: as much as tRPC takes, several times over. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** Parts in the archive. A workbook of a hundred sheets with pictures has some hundreds. */
export const MAX_ENTRIES = 10_000;
/** Of the parts once they are unpacked: four times what 110,000 rows of five columns take. */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
/** How many times its own size a file may unpack to; a roster of 100,000 rows has 10 to 20. */
export const MAX_RATIO = 200;
/** Below this size the ratio is not asked about: a small sheet of empty cells packs very well. */
export const RATIO_FREE_BYTES = 16 * 1024 * 1024;
/** Rows of all sheets together, empty ones included, and the highest number that a row may have. */
export const MAX_ROWS = 110_000;
/** XFD, the last column of a spreadsheet. */
export const MAX_COLUMNS = 16_384;
/** Characters of a cell: the most that a spreadsheet keeps. */
export const MAX_CELL_CHARACTERS = 32_767;
/** Cells of all sheets, the gaps to the left of a cell included: 27 columns of 110,000 rows. */
export const MAX_CELLS = 3_000_000;
/**
 * Characters of all cells. A text that many cells share stands in the file once, and is sent from thread to thread with each
 * of them: 290 characters a row.
 */
export const MAX_CHARACTERS = 32 * 1024 * 1024;
/** Visible sheets: each is looked through for people. */
export const MAX_SHEETS = 256;
/** Characters of a sheet's name that are told; spreadsheets take 31. */
export const MAX_SHEET_NAME = 64;
/** From one tag of the XML to the next, in bytes: a cell of 32,767 characters fits, whatever their escapes. */
export const MAX_TAG_BYTES = 1024 * 1024;
/** Tags inside of tags. A workbook needs about ten. */
export const MAX_DEPTH = 64;
/** Characters of a number format: the most that a spreadsheet takes. */
export const MAX_FORMAT_CHARACTERS = 255;

/** How many rows of a sheet are looked at for its header. */
export const HEADER_ROWS = 20;
/** A batch of rows from thread to thread: as many as the server handles in a turn. */
export const BATCH_ROWS = 500;
export const BATCH_CHARACTERS = 512 * 1024;
