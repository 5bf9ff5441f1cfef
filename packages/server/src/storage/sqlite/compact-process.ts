import { randomInt } from "node:crypto";
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";

// The process that compacts a database file: `compact.ts` starts it. SQLite does it with one statement, which blocks a process and which only
// the end of the process interrupts.

/** What the process reports. After `copied`, it waits until the other process sends anything, or ends. */
export type CompactMessage = "copied" | "done" | { readonly failed: string };

/** Fails silently if the other process has ended: then `disconnect` follows. */
const report = (message: CompactMessage): void =>
  void process.send?.(message, undefined, undefined, () => undefined);

const sync = (path: string): void => {
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
};

/** @throws Error if the copy is damaged */
const complete = (file: string, copy: string): void => {
  const sqlite = new Sqlite(copy);
  try {
    const found = sqlite.pragma("quick_check(1)", { simple: true });
    if (found !== "ok") throw new Error(`it is damaged (${String(found)})`);
    // Gives the file a log number of its own, so that no log of the other one matches it.
    sqlite.pragma(`user_version = ${randomInt(1, 0x3fff_ffff)}`);
  } finally {
    sqlite.close();
  }
  const { uid, gid } = statSync(file);
  const own = statSync(copy);
  // An administrator may compact the file of the server's user.
  if (own.uid !== uid || own.gid !== gid) chownSync(copy, uid, gid);
  sync(copy);
};

const compact = (file: string, copy: string): void => {
  const sqlite = new Sqlite(file, { fileMustExist: true, timeout: 5000 });
  // Nothing else opens the file until its successor is in its place.
  sqlite.pragma("locking_mode = EXCLUSIVE");
  sqlite.exec("BEGIN IMMEDIATE; COMMIT");
  sqlite.pragma("auto_vacuum = INCREMENTAL");
  closeSync(openSync(copy, "wx", 0o600));
  chmodSync(copy, 0o600);
  sqlite.prepare("VACUUM INTO ?").run(copy);
  complete(file, copy);
  process.once("message", () => {
    try {
      // Writes the log into the file and deletes it: no log may be beside the new file.
      sqlite.pragma("journal_mode = DELETE");
      renameSync(copy, file);
      sync(dirname(file));
      sqlite.close();
      report("done");
    } catch (error) {
      report({ failed: error instanceof Error ? error.message : String(error) });
    }
    process.disconnect();
  });
  report("copied");
};

const [file, copy] = process.argv.slice(2);
if (file !== undefined && copy !== undefined) {
  // Ctrl-C at a terminal reaches this process, too. The other one decides what it means.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  process.once("disconnect", () => {
    rmSync(copy, { force: true });
    process.exit();
  });
  try {
    compact(file, copy);
  } catch (error) {
    report({ failed: error instanceof Error ? error.message : String(error) });
    process.disconnect();
  }
}
