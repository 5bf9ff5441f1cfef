import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { ne } from "drizzle-orm";
import { createTestApp } from "../../src/app/testing.js";
import { visibleParticipants, visibleUnseated } from "../../src/storage/tables.js";
import { openTestDatabase } from "./database.js";
import { tempFolder } from "./folders.js";
import { countRows } from "./tables.js";

/** Creates a folder with an installation, an exam and a room. */
export const installExam = async () => {
  const folder = tempFolder();
  const database = join(folder.path, "data/invigil.db");
  await using app = await createTestApp({ config: { databaseFile: database } });
  const admin = app.as({ sub: "root", role: "admin" });
  const times = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };
  const { id: examId } = await admin.exam.create({ name: "Finals", ...times });
  const { id: roomId } = await admin.room.create({ name: "Hall A", examId });

  const read = <T>(look: (open: Sqlite.Database) => T): T => {
    const open = new Sqlite(database);
    try {
      return look(open);
    } finally {
      open.close();
    }
  };
  return {
    path: folder.path,
    database,
    read,
    examId,
    roomId,
    write: (name: string, content: string | Buffer): void => writeFileSync(join(folder.path, name), content),
    /** The numbers of people without a room and in a room, as callers see them. */
    async people() {
      await using db = await openTestDatabase({ file: database });
      const waiting = await countRows(db, visibleUnseated);
      const seated = await countRows(db, visibleParticipants, ne(visibleParticipants.userId, "root"));
      return { waiting, seated };
    },
    integrity: () => read((open) => open.pragma("integrity_check", { simple: true })),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
};
