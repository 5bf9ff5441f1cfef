import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/**
 * SQLite applies a write-ahead log to any database file beside it. After a crash, a backup that is copied over
 * the file gets the log of the previous file, and is corrupt from then on. To detect such a pair, each log has
 * a number: the `user_version` of the database, which is one higher than in the previous log. See
 * docs/decisions/0037-the-database-file.md.
 */
const LOG_NUMBER_OFFSET = 60;
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The first and the last byte of the magic number. The last bit is the byte order of the checksums. */
const MAGIC = 0x377f0682;

export const logOf = (file: string): string => `${file}-wal`;

/** The log number in the database file itself, without its log. 0 for a file without one. */
export const logNumberOfFile = (descriptor: number): number => {
  const bytes = Buffer.alloc(4);
  return readSync(descriptor, bytes, 0, 4, LOG_NUMBER_OFFSET) === 4 ? bytes.readInt32BE() : 0;
};

/**
 * Identifies a log among those of the same file: the two salts of its header. Undefined while there is no log.
 */
export const saltsOfLog = (descriptor: number): string | undefined => {
  const bytes = Buffer.alloc(8);
  return readSync(descriptor, bytes, 0, 8, 16) === 8 ? bytes.toString("latin1") : undefined;
};

/** Continues SQLite's checksum of a log over more bytes. */
const checksum = (bytes: Buffer, isBigEndian: boolean, [from0, from1]: readonly [number, number]) => {
  let one = from0;
  let other = from1;
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + other) >>> 0;
    other = (other + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + one) >>> 0;
  }
  return [one, other] as const;
};

/**
 * Returns the log numbers in the committed frames of a log, in order. Undefined when SQLite would ignore the
 * log.
 */
const numbersInLog = (descriptor: number): number[] | undefined => {
  const header = Buffer.alloc(LOG_HEADER_BYTES);
  if (readSync(descriptor, header, 0, LOG_HEADER_BYTES, 0) < LOG_HEADER_BYTES) return undefined;
  const magic = header.readUInt32BE(0);
  if (magic >>> 1 !== MAGIC >>> 1) return undefined;
  const isBigEndian = (magic & 1) === 1;
  let sum = checksum(header.subarray(0, 24), isBigEndian, [0, 0]);
  const hasChecksum = (bytes: Buffer, at: number) =>
    bytes.readUInt32BE(at) === sum[0] && bytes.readUInt32BE(at + 4) === sum[1];
  if (!hasChecksum(header, 24)) return undefined;

  const pageBytes = header.readUInt32BE(8);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + pageBytes);
  const committed: number[] = [];
  let pending: number[] = [];
  let hasCommits = false;
  const end = fstatSync(descriptor).size - frame.length;
  for (let at = LOG_HEADER_BYTES; at <= end; at += frame.length) {
    if (readSync(descriptor, frame, 0, frame.length, at) < frame.length) break;
    if (frame.compare(header, 16, 24, 8, 16) !== 0) break;
    sum = checksum(frame.subarray(0, 8), isBigEndian, sum);
    sum = checksum(frame.subarray(FRAME_HEADER_BYTES), isBigEndian, sum);
    if (!hasChecksum(frame, 16)) break;
    if (frame.readUInt32BE(0) === 1) pending.push(frame.readInt32BE(FRAME_HEADER_BYTES + LOG_NUMBER_OFFSET));
    if (frame.readUInt32BE(4) === 0) continue;
    committed.push(...pending);
    pending = [];
    hasCommits = true;
  }
  return hasCommits ? committed : undefined;
};

/**
 * `unknown`: the file or the log was written before logs had numbers, or the log has only the first
 * commits of a new database.
 */
export type LogState = "none" | "own" | "foreign" | "unknown";

const readState = (file: string): LogState => {
  const log = logOf(file);
  if (!existsSync(file) || !existsSync(log)) return "none";
  const descriptors = [openSync(file, "r"), openSync(log, "r")] as const;
  try {
    const numbers = numbersInLog(descriptors[1]);
    if (!numbers) return "none";
    const own = logNumberOfFile(descriptors[0]);
    const [first] = numbers;
    if (own === 0 || first === undefined) return "unknown";
    if (numbers.includes(own)) return "own";
    // Either the log's first commit gives it its number, or that commit still has the previous number and
    // the next commit has the new one.
    return own === first - 1 && !numbers.includes(first + 1) ? "own" : "foreign";
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
};

/** Another process may write to the log while it is read, so several reads must agree. */
const READS = 5;

/** Whether the write-ahead log beside a database file belongs to it. Changes nothing. */
export const inspectLog = (file: string): LogState => {
  for (let looks = 1; looks < READS; looks += 1) {
    const state = readState(file);
    if (state !== "foreign") return state;
  }
  return readState(file);
};
