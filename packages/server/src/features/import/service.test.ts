import { eq } from "drizzle-orm";
import { pino } from "pino";
import { expect, it } from "vitest";
import { openTestDatabase } from "../../../test/support/database.js";
import { change, rowsOf } from "../../../test/support/tables.js";
import { acting, NO_AUDIT, writeRows } from "../../../test/support/writes.js";
import { createBulkChanges } from "../../domain/bulk/changes.js";
import { createPersonRemover } from "../../domain/bulk/removal.js";
import { createEventLog } from "../../domain/events.js";
import { createOutbox } from "../../domain/outbox/outbox.js";
import { insertExam } from "../../domain/people.js";
import { createRoomExams } from "../../domain/room-exams.js";
import { createTaskLog } from "../../domain/vendor-tasks.js";
import { UNLIMITED } from "../../limits/rates.js";
import { createIds } from "../../platform/ids.js";
import { query } from "../../storage/statement.js";
import { examPeople, exams, unseated } from "../../storage/tables.js";
import { createAccessService } from "../access/service.js";
import { createAccessStore } from "../access/store.js";
import { createImportService } from "./service.js";
import { createImportStore } from "./store.js";

const ADMIN = acting({ userId: "root", role: "admin", expiresAt: new Date(8.64e15) });

type Store = ReturnType<typeof createImportStore>;
interface Options {
  readonly readMs?: number;
  /** Wraps the store that the service uses. */
  readonly wrap?: (store: Store) => Store;
}

/** Opens a database with an exam `e` without people. */
const open = async ({ readMs, wrap = (store) => store }: Options = {}) => {
  const db = await openTestDatabase();
  const clock = () => new Date(0);
  const exam = { id: "e", name: "E", createdBy: "t", startTime: clock(), endTime: new Date(1) };
  await writeRows(db, (tx) => insertExam(tx, { ...exam, createdAt: clock(), updatedAt: clock() }));
  const access = createAccessService({
    store: createAccessStore({ storage: db.storage, roomExams: createRoomExams() }),
    clock: () => new Date(),
    rates: UNLIMITED,
    noteUse: () => undefined,
    assertExam: () => undefined,
  });
  const ids = createIds({ clock });
  const added = () => undefined;
  const events = createEventLog({ added });
  const kinds = { aliyun_new: [], aliyun_old: [], rong_cloud: [] };
  const tasks = createTaskLog({
    kinds,
    ids,
    outbox: createOutbox({ ids, added }),
    events,
    messages: undefined,
  });
  const log = pino({ level: "silent" });
  const bulk = createBulkChanges({
    storage: db.storage,
    audit: NO_AUDIT,
    tasks,
    events,
    clock,
    pruning: { last: clock },
    log,
    busy: (examId) => new Error(examId),
    gone: (examId) => new Error(examId),
  });
  const removePerson = createPersonRemover({ storage: db.storage, bulk });
  const store = wrap(createImportStore({ storage: db.storage, bulk, removePerson }));
  const read: unknown[] = [];
  const imports = createImportService({
    store,
    access,
    accessLog: { note: (_, target) => void read.push(target) },
    clock,
    rates: UNLIMITED,
    quotas: undefined,
    ...(readMs !== undefined && { readMs }),
  });
  return { db, access, imports, read, [Symbol.asyncDispose]: () => db.close() };
};

it("imports the files of a caller one after the other, even if one is refused", async () => {
  await using opened = await open();
  const { imports } = opened;
  const seen: string[] = [];
  const start = async (name: string): Promise<void> => {
    // Rows without an id, so that none of the files is imported.
    const bytes = Buffer.from(`id,name\n${`,${name}\n`.repeat(50_000)}`);
    const onProgress = () => void seen.push(name);
    const source = { bytes };
    const result = await imports.import(ADMIN, {
      examId: "e",
      dryRun: false,
      source,
      onProgress,
    });
    expect(result).toMatchObject({ more: 40_000 });
  };
  await Promise.all([start("first"), start("second"), start("third")]);
  // A file's progress is reported without another file's in between.
  expect(seen.filter((name, at) => name !== seen[at - 1])).toEqual(["first", "second", "third"]);
  expect(seen.filter((name) => name === "third").length).toBeGreaterThan(2);
});

it.each([true, false])(
  "says that the exam is gone when it goes while the file is read (dry run: %s)",
  async (dryRun) => {
    let removed: Promise<unknown> | undefined;
    const wrap = (store: Store): Store => ({
      ...store,
      async apply(...args) {
        await removed;
        return store.apply(...args);
      },
    });
    await using opened = await open({ wrap });
    const { db, imports } = opened;
    const onProgress = () => {
      removed ??= change(db, query.delete(exams).where(eq(exams.id, "e")));
    };
    const source = { bytes: Buffer.from("id,name\nk1,N\n") };
    const importing = imports.import(ADMIN, { examId: "e", dryRun, source, onProgress });
    await expect(importing).rejects.toMatchObject({ code: "EXAM_NOT_FOUND", message: "There is no exam e." });
  },
);

it("leaves an entry in the audit when a dry run reads the people of the exam, and none when it does not", async () => {
  await using opened = await open();
  const { imports, read } = opened;
  const importing = (dryRun: boolean, text: string) =>
    imports.import(ADMIN, { examId: "e", dryRun, source: { bytes: Buffer.from(`id,name\n${text}`) } });
  await importing(false, "k1,N\n");
  await importing(true, "k2,\n");
  expect(read).toEqual([]);
  expect(await importing(true, "k2,N\n")).toMatchObject({ absent: [{ userId: "k1" }] });
  expect(read).toEqual([{ examId: "e", subject: "dry run" }]);
});

it("keeps people who enter while the file is imported, and removes the others", async () => {
  // As read before they entered.
  const wrap = (store: Store): Store => ({
    ...store,
    traces: async (_, userIds) => userIds.map(() => undefined),
  });
  await using opened = await open({ wrap });
  const { db, imports } = opened;
  const importing = (text: string, remove?: string[]) =>
    imports.import(ADMIN, {
      examId: "e",
      dryRun: false,
      remove,
      source: { bytes: Buffer.from(`id,name\n${text}`) },
    });
  await importing("k1,N\nk2,N\n");
  await change(db, query.insert(examPeople).values({ examId: "e", userId: "k1", readiness: {} }));
  expect(await importing("k3,N\n", ["k1", "k2"])).toMatchObject({ added: 1, removed: 1, kept: ["k1"] });
  const left = await rowsOf(db, unseated);
  expect(left.map(({ userId }) => userId)).toEqual(["k1", "k3"]);
});

it("does not let one caller's file hold up another's", async () => {
  const ends: (() => void)[] = [];
  const isHeld = (person: { userId: string } | undefined) => person?.userId === "held";
  const wrap = (store: Store): Store => ({
    ...store,
    async apply(people, ...rest) {
      if (isHeld(people[0])) await new Promise<void>((resolve) => ends.push(resolve));
      return store.apply(people, ...rest);
    },
  });
  await using opened = await open({ wrap });
  const other = { ...ADMIN, userId: "other" };
  const send = (caller: typeof ADMIN, id: string) =>
    opened.imports.importFile(caller, () => opened.access.open(caller, "wholeExam", { examId: "e" }), {
      examId: "e",
      dryRun: false,
      withFaults: false,
      file: Buffer.from(`id,name\n${id},N\n`).toString("base64"),
    });
  const held = send(ADMIN, "held");
  const behind = send(ADMIN, "behind");
  for (const id of ["k1", "k2", "k3"]) expect(await send(other, id)).toMatchObject({ added: 1 });
  expect(await rowsOf(opened.db, unseated)).toHaveLength(3);
  for (const end of ends) end();
  expect(await Promise.all([held, behind])).toMatchObject([{ added: 1 }, { added: 1 }]);
});

it("gives up a file that was sent when it takes too long to read", async () => {
  await using opened = await open({ readMs: 1 });
  const file = Buffer.from(`id,name\n${"\n".repeat(200_000)}`).toString("base64");
  await expect(
    opened.imports.importFile(ADMIN, () => opened.access.open(ADMIN, "wholeExam", { examId: "e" }), {
      examId: "e",
      dryRun: false,
      withFaults: false,
      file,
    }),
  ).rejects.toThrow("file takes longer to read than 0.001 seconds");
});
