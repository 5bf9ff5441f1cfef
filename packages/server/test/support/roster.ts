import { join } from "node:path";
import { TRPCError } from "@trpc/server";
import Sqlite from "better-sqlite3";
import {
  createTestApp,
  type RouterInputs,
  type RouterOutputs,
  type TestApp,
  type TestAppOptions,
} from "../../src/app/testing.js";
import { InvigilError } from "../../src/platform/errors.js";
import { csv, type XlsxCell, xlsx } from "./files.js";
import { tempFolder } from "./folders.js";
import { shared } from "./shared.js";

type Caller = ReturnType<TestApp["as"]>;
type Input = Omit<RouterInputs["participant"]["import"], "file" | "examId">;

/** A person of the exam, in a room or (`room: null`) without one. */
export interface Person {
  readonly room: string | null;
  readonly userId: string;
  readonly role: string;
  readonly name: string;
  readonly extraMinutes: number;
}

/** An exam whose people are imported from rosters. */
export interface Hall extends TestApp {
  /** An administrator. */
  readonly admin: Caller;
  readonly examId: string;
  /** Creates a room of the exam, and returns its id. */
  room(name: string, options?: { examId?: string; people?: Participants }): Promise<string>;
  /** Imports a file. */
  import(file: string | Buffer, input?: Input & { examId?: string }, caller?: Caller): Promise<Imported>;
  /** All people of the exam except the administrator, in the order in which they were added. */
  people(): Person[];
  /** All rows, including timestamps, that an import can change. */
  everything(): unknown;
}
type Imported = RouterOutputs["participant"]["import"];
type Participants = RouterInputs["room"]["create"]["participants"];

/** An app, and a connection to its database. */
const openAppWithDatabase = async (options: Pick<TestAppOptions, "monotonic">) => {
  const folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  const app = await createTestApp({ ...options, config: { databaseFile } });
  const database = new Sqlite(databaseFile, { readonly: true });
  const close = async (): Promise<void> => {
    database.close();
    await app.close();
    folder[Symbol.dispose]();
  };
  return { app, database, close, [Symbol.asyncDispose]: close };
};

export const openHall = async (options: Pick<TestAppOptions, "monotonic"> = {}): Promise<Hall> => {
  const opened = await openAppWithDatabase(options);
  return { ...(await hallIn(opened)), close: opened.close, [Symbol.asyncDispose]: opened.close };
};

/** Like `openHall`, but the exams of all tests are in one app. */
export const sharedHalls = (): (() => Promise<Hall>) => {
  let minutes = 0;
  // Each exam is created a minute after the last, so that no import exceeds its rate limit.
  const opened = shared(() => openAppWithDatabase({ monotonic: () => minutes * 60_000 }));
  return async () => {
    minutes += 1;
    const stays = () => Promise.resolve();
    return { ...(await hallIn(opened())), close: stays, [Symbol.asyncDispose]: stays };
  };
};

const hallIn = async ({
  app,
  database,
}: Pick<Awaited<ReturnType<typeof openAppWithDatabase>>, "app" | "database">): Promise<Hall> => {
  const admin = app.as({ sub: "root", role: "admin" });
  const { id: examId } = await admin.exam.create({
    name: "Exam",
    startTime: new Date("2026-02-01T08:00:00Z"),
    endTime: new Date("2026-02-01T10:00:00Z"),
  });
  return {
    ...app,
    admin,
    examId,
    async room(name, { examId: of = examId, people = [] } = {}) {
      return (await admin.room.create({ name, examId: of, participants: people })).id;
    },
    import: (file, input = {}, caller = admin) =>
      caller.participant.import({ examId, ...input, file: Buffer.from(file).toString("base64") }),
    people: () =>
      database
        .prepare<[string, string], Person>(
          `SELECT rooms.name AS room, user_id AS userId, role, p.name, extra_minutes AS extraMinutes
             FROM participants p JOIN rooms ON rooms.id = room_id
             WHERE exam_id = ? AND user_id <> 'root' AND (SELECT count(*) FROM stream_names s
               WHERE s.room_id = p.room_id AND s.user_id = p.user_id) = 2
           UNION ALL
           SELECT NULL, user_id, role, name, extra_minutes FROM unseated WHERE exam_id = ?`,
        )
        .all(examId, examId),
    everything: () =>
      ["participants", "unseated", "stream_names", "rooms", "exams", "sqlite_sequence"].map((table) =>
        database.prepare(`SELECT * FROM ${table}`).all(),
      ),
  };
};

/** Returns the error with which a call was refused. */
export const refusalOf = async (call: Promise<unknown>): Promise<InvigilError> => {
  const error: unknown = await call.then(
    () => new Error("it was not refused"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof TRPCError && error.cause instanceof InvigilError) return error.cause;
  throw error;
};

export type Format = "CSV" | "XLSX";
/** Writes rows to a file of either format. */
export const sheet = async (format: Format, rows: readonly (readonly XlsxCell[])[]): Promise<Buffer> =>
  format === "XLSX"
    ? xlsx(rows)
    : Buffer.from(csv(rows.map((row) => row.map((cell) => (cell === null ? "" : String(cell))))));
