import { join } from "node:path";
import { TRPCError } from "@trpc/server";
import { and, count, eq, ne } from "drizzle-orm";
import {
  createTestApp,
  type RouterInputs,
  type RouterOutputs,
  type TestApp,
  type TestAppOptions,
} from "../../src/app/testing.js";
import { InvigilError } from "../../src/platform/errors.js";
import { query } from "../../src/storage/statement.js";
import { exams, participants, rooms, streamNames, unseated } from "../../src/storage/tables.js";
import { openTestDatabase } from "./database.js";
import { csv, type XlsxCell, xlsx } from "./files.js";
import { tempFolder } from "./folders.js";
import { shared } from "./shared.js";
import { readRows, rowsOf } from "./tables.js";

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
export interface RoomFixture extends TestApp {
  /** An administrator. */
  readonly admin: Caller;
  readonly examId: string;
  /** Creates a room of the exam, and returns its id. */
  room(name: string, options?: { examId?: string; people?: Participants }): Promise<string>;
  /** Imports a file. */
  import(file: string | Buffer, input?: Input & { examId?: string }, caller?: Caller): Promise<Imported>;
  /** All people of the exam except the administrator, in the order in which they were added. */
  people(): Promise<Person[]>;
  /** All rows, including timestamps, that an import can change. */
  everything(): Promise<unknown>;
}
type Imported = RouterOutputs["participant"]["import"];
type Participants = RouterInputs["room"]["create"]["participants"];

/** An app, and a connection to its database. */
const openAppWithDatabase = async (options: Pick<TestAppOptions, "monotonic">) => {
  const folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  const app = await createTestApp({ ...options, config: { databaseFile } });
  const database = await openTestDatabase({ file: databaseFile });
  const close = async (): Promise<void> => {
    await database.close();
    await app.close();
    folder[Symbol.dispose]();
  };
  return { app, database, close, [Symbol.asyncDispose]: close };
};

export const openRoomFixture = async (
  options: Pick<TestAppOptions, "monotonic"> = {},
): Promise<RoomFixture> => {
  const opened = await openAppWithDatabase(options);
  return { ...(await hallIn(opened)), close: opened.close, [Symbol.asyncDispose]: opened.close };
};

/** Like `openHall`, but the exams of all tests are in one app. */
export const sharedHalls = (): (() => Promise<RoomFixture>) => {
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
}: Pick<Awaited<ReturnType<typeof openAppWithDatabase>>, "app" | "database">): Promise<RoomFixture> => {
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
    async people() {
      const streamCount = query
        .select({ roomId: streamNames.roomId, userId: streamNames.userId, streams: count().as("streams") })
        .from(streamNames)
        .groupBy(streamNames.roomId, streamNames.userId)
        .as("stream_count");
      const seated = query
        .select({
          room: rooms.name,
          userId: participants.userId,
          role: participants.role,
          name: participants.name,
          extraMinutes: participants.extraMinutes,
        })
        .from(participants)
        .innerJoin(rooms, eq(rooms.id, participants.roomId))
        .innerJoin(
          streamCount,
          and(eq(streamCount.roomId, participants.roomId), eq(streamCount.userId, participants.userId)),
        )
        .where(and(eq(rooms.examId, examId), ne(participants.userId, "root"), eq(streamCount.streams, 2)))
        .orderBy(participants.seq);
      const waiting = query
        .select({
          userId: unseated.userId,
          role: unseated.role,
          name: unseated.name,
          extraMinutes: unseated.extraMinutes,
        })
        .from(unseated)
        .where(eq(unseated.examId, examId))
        .orderBy(unseated.seq);
      return [
        ...(await readRows(database, seated)),
        ...(await readRows(database, waiting)).map((person) => ({ room: null, ...person })),
      ];
    },
    everything: () =>
      Promise.all([
        rowsOf(database, participants),
        rowsOf(database, unseated),
        rowsOf(database, streamNames),
        rowsOf(database, rooms),
        rowsOf(database, exams),
      ]),
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
