import { open } from "node:fs/promises";
import { and, asc, eq, gte, isNull, lt } from "drizzle-orm";
import { CHUNK_BYTES, type FileContents, type FileRecords } from "../files/stored-files.js";
import type { Storage } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { storedFileChunks, storedFiles } from "../storage/tables.js";

const columns = { id: storedFiles.id, bytes: storedFiles.bytes };

const insertFile = insertion(storedFiles);
const fileWithName = statement(
  query
    .select(columns)
    .from(storedFiles)
    .where(and(eq(storedFiles.place, param("place")), eq(storedFiles.name, param("name")))),
);
const giveName = statement(
  query
    .update(storedFiles)
    .set({ name: rawParam<string>("name") })
    .where(
      and(
        eq(storedFiles.id, param("id")),
        isNull(storedFiles.name),
        eq(storedFiles.leaving, param("leaving")),
      ),
    ),
);
const leave = {
  name: null,
  leaving: rawParam<boolean>("leaving"),
  changedAt: rawParam<Date>("now"),
};
const takeName = statement(
  query
    .update(storedFiles)
    .set(leave)
    .where(and(eq(storedFiles.place, param("place")), eq(storedFiles.name, param("name"))))
    .returning(columns),
);
const leaveWithoutName = statement(
  query
    .update(storedFiles)
    .set(leave)
    .where(and(eq(storedFiles.id, param("id")), isNull(storedFiles.name))),
);
const deleteFile = statement(
  query.delete(storedFiles).where(and(eq(storedFiles.id, param("id")), isNull(storedFiles.name))),
);
const namelessFiles = statement(
  query
    .select(columns)
    .from(storedFiles)
    .where(
      and(
        eq(storedFiles.place, param("place")),
        isNull(storedFiles.name),
        lt(storedFiles.changedAt, param("before")),
      ),
    )
    .orderBy(asc(storedFiles.changedAt))
    .limit(param("limit")),
);

/** The rows of the files in one place. */
export const createFileRecords = ({
  storage,
  place,
}: {
  readonly storage: Storage;
  readonly place: "database" | "bucket";
}): FileRecords => ({
  add: async (file, now) => {
    await storage.write((tx) => tx.insert(insertFile, [{ ...file, place, changedAt: now }]));
  },
  async publish(tx, id, name) {
    if (await tx.get(fileWithName, { place, name })) return;
    if ((await tx.run(giveName, { id, name, leaving: false })) === 0)
      throw new Error("the file was removed before it was kept");
  },
  unpublish: (tx, name, now) => tx.get(takeName, { place, name, leaving: true, now }),
  abandon: async (id, now) =>
    (await storage.write((tx) => tx.run(leaveWithoutName, { id, leaving: true, now }))) > 0,
  forget: async (id) => {
    await storage.write((tx) => tx.run(deleteFile, { id }));
  },
  find: (name) => storage.get(fileWithName, { place, name }),
  nameless: (before, limit) => storage.all(namelessFiles, { place, before, limit }),
});

const insertChunk = insertion(storedFileChunks);
const chunkAt = statement(
  query
    .select({ content: storedFileChunks.content })
    .from(storedFileChunks)
    .where(
      and(eq(storedFileChunks.fileId, param("fileId")), eq(storedFileChunks.position, param("position"))),
    ),
);
const deleteChunks = statement(
  query
    .delete(storedFileChunks)
    .where(
      and(
        eq(storedFileChunks.fileId, param("fileId")),
        gte(storedFileChunks.position, param("from")),
        lt(storedFileChunks.position, param("to")),
      ),
    ),
);
/** The number of chunks to delete in one write. */
const CHUNKS_A_DELETION = 8;

const chunksOf = (bytes: number): number => Math.ceil(bytes / CHUNK_BYTES);

/** Keeps the content of files in the database, one chunk a write, so that other writes go on in between. */
export const createFileChunks = ({ storage }: { readonly storage: Storage }): FileContents => ({
  async write({ id, bytes }, { path }) {
    await using file = await open(path);
    for (let position = 0; position < chunksOf(bytes); position += 1) {
      const start = position * CHUNK_BYTES;
      const content = Buffer.alloc(Math.min(CHUNK_BYTES, bytes - start));
      await file.read(content, 0, content.length, start);
      await storage.write((tx) => tx.insert(insertChunk, [{ fileId: id, position, content }]));
    }
  },
  async chunk({ id }, position) {
    const found = await storage.get(chunkAt, { fileId: id, position });
    if (!found) throw new Error("the file was removed while it was read");
    return found.content;
  },
  async remove({ id, bytes }) {
    for (let from = 0; from < chunksOf(bytes); from += CHUNKS_A_DELETION)
      await storage.write((tx) => tx.run(deleteChunks, { fileId: id, from, to: from + CHUNKS_A_DELETION }));
  },
});
