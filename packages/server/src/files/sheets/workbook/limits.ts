// Limits of workbooks. A worker with limited memory reads them. These limits refuse a hostile file long
// before that memory is full, and keep the reading time proportional to the size of the file.

/** The size of the file: several times as much as tRPC accepts. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** The number of parts in the archive. A workbook of a hundred sheets with pictures has several hundred. */
export const MAX_ENTRIES = 10_000;
/** The size of the unpacked parts: four times that of 110,000 rows with five columns. */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
/** The maximum ratio of unpacked size and file size. A roster of 100,000 rows has 10 to 20. */
export const MAX_RATIO = 200;
/**
 * Below this unpacked size, the ratio is not limited, because a small sheet of empty cells compresses very
 * well.
 */
export const RATIO_FREE_BYTES = 16 * 1024 * 1024;
/** The number of rows of all sheets, including empty ones, and the highest row number. */
export const MAX_ROWS = 110_000;
/** Column XFD, the last column of a spreadsheet. */
export const MAX_COLUMNS = 16_384;
/** The number of characters in a cell: the maximum of spreadsheet programs. */
export const MAX_CELL_CHARACTERS = 32_767;
/** The number of cells of all sheets, including gaps to the left of cells: 27 columns of 110,000 rows. */
export const MAX_CELLS = 3_000_000;
/**
 * The number of characters of all cells. A text that many cells share occurs once in the file, but every cell
 * is sent to the main thread. This allows 290 characters per row.
 */
export const MAX_CHARACTERS = 32 * 1024 * 1024;
/** The number of visible sheets, each of which is searched for people. */
export const MAX_SHEETS = 256;
/** The number of characters of a sheet's name that is reported. Spreadsheet programs allow 31. */
export const MAX_SHEET_NAME = 64;
/**
 * The distance between two tags of the XML, in bytes. A cell of 32,767 characters fits, however they are
 * escaped.
 */
export const MAX_TAG_BYTES = 1024 * 1024;
/** The nesting depth of tags. A workbook needs about ten. */
export const MAX_DEPTH = 64;
/** The number of characters of a number format: the maximum of spreadsheet programs. */
export const MAX_FORMAT_CHARACTERS = 255;

/** The number of rows of a sheet that are searched for its header. */
export const HEADER_ROWS = 20;
/** The size of a batch of rows between threads: as many as the server handles in one turn. */
export const BATCH_ROWS = 500;
export const BATCH_CHARACTERS = 512 * 1024;
