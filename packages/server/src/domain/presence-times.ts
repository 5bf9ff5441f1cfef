import type { Camera, PublishStatus } from "@invigil/schema";
import { sql } from "drizzle-orm";
import { query, statement } from "../storage/statement.js";
import { pageTimes } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { SeatKey } from "./seats.js";

// When pages left, and since when cameras have their publish status. What is written here is also the time of an event, so that who reads
// and who listens know the same.

interface PageOfSeat extends SeatKey {
  readonly camera: Camera;
}

const keyColumns = [pageTimes.roomId, pageTimes.userId, pageTimes.camera, pageTimes.examId];
// Only of people who are in the room: a row goes with the row of its person, to which it refers.
const isSeated = sql.raw(
  'INNER JOIN "participants" ON "participants"."exam_id" = noted."examId" AND "participants"."room_id" = noted."roomId" AND "participants"."user_id" = noted."userId" WHERE true',
);
const pageColumns = { examId: "text", roomId: "text", userId: "text", camera: "text" } as const;
const noteLeft = statement((dialect) =>
  query
    .insert(pageTimes)
    .select(
      sql`SELECT noted."examId", noted."roomId", noted."userId", noted."camera", noted."leftAt", NULL, NULL FROM ${dialect.rows("noted", { ...pageColumns, leftAt: "time" })} ${isSeated}`,
    )
    .onConflictDoUpdate({ target: keyColumns, set: { leftAt: sql`excluded.left_at` } }),
);
const noteStatus = statement((dialect) =>
  query
    .insert(pageTimes)
    .select(
      sql`SELECT noted."examId", noted."roomId", noted."userId", noted."camera", NULL, noted."status", noted."statusSince" FROM ${dialect.rows("noted", { ...pageColumns, status: "text", statusSince: "time" })} ${isSeated}`,
    )
    .onConflictDoUpdate({
      target: keyColumns,
      set: { status: sql`excluded.status`, statusSince: sql`excluded.status_since` },
    }),
);

/** Keeps the last of several rows about a page: a statement changes a row once. */
const lastOfEach = <Row extends PageOfSeat>(rows: readonly Row[]): Row[] => [
  ...new Map(rows.map((row) => [JSON.stringify([row.roomId, row.userId, row.camera]), row])).values(),
];

/** Notes when pages left. */
export const noteDepartures = async (
  tx: ExamTransaction,
  noted: readonly (PageOfSeat & { readonly leftAt: Date })[],
): Promise<void> => {
  if (noted.length > 0) await tx.run(noteLeft, { noted: lastOfEach(noted) });
};

/** Notes since when cameras have their publish status. */
export const noteStatuses = async (
  tx: ExamTransaction,
  noted: readonly (PageOfSeat & { readonly status: PublishStatus; readonly statusSince: Date })[],
): Promise<void> => {
  if (noted.length > 0) await tx.run(noteStatus, { noted: lastOfEach(noted) });
};
