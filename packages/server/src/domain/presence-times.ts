import { type Camera, cameraSchema, type PublishStatus } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Reader } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { pageTimes, pageVisits, presence } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { SeatKey } from "./seats.js";

// When pages came and left, and since when cameras have their publish status. What is written here is also the time of an event, so that
// who reads and who listens know the same.

interface PageOfSeat extends SeatKey {
  readonly camera: Camera;
}

/** A page that has left, with the time since when it was present. */
export interface Departure extends PageOfSeat {
  readonly since: Date;
  readonly leftAt: Date;
}

/** How many visits of a person's pages to a room are kept: the newest ones. So a page that comes and goes all the time does not fill the disk. */
export const MOST_VISITS = 500;
/** One of so many departures deletes its person's older visits, by chance of its time. If each did, it would cost a third more. */
const DEPARTURES_A_CLEANUP = 32;

const isOfSeat = ({ examId, roomId, userId }: typeof pageTimes | typeof presence) =>
  and(eq(examId, param("examId")), eq(roomId, param("roomId")), eq(userId, param("userId")));
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

const insertVisit = insertion(pageVisits);
/** Deletes the visits of people beyond the newest ones. */
const dropOldVisits = statement((dialect) => {
  const isOfPerson = sql.raw(
    '"page_visits"."exam_id" = left_now."examId" AND "page_visits"."room_id" = left_now."roomId" AND "page_visits"."user_id" = left_now."userId"',
  );
  const newestToDrop = sql`SELECT id FROM page_visits WHERE ${isOfPerson} ORDER BY id DESC LIMIT 1 OFFSET ${sql.raw(String(MOST_VISITS))}`;
  return query
    .delete(pageVisits)
    .where(
      sql`(${pageVisits.examId}, ${pageVisits.id}) IN (SELECT page_visits.exam_id, page_visits.id FROM (SELECT "examId", "roomId", "userId", (${newestToDrop}) AS newest FROM ${dialect.rows("left_now", { examId: "text", roomId: "text", userId: "text" })}) AS left_now INNER JOIN page_visits ON ${isOfPerson} AND page_visits.id <= left_now.newest)`,
    );
});

/** Keeps the last of several rows about a page: a statement changes a row once. */
const lastOfEach = <Row extends PageOfSeat>(rows: readonly Row[]): Row[] => [
  ...new Map(rows.map((row) => [JSON.stringify([row.roomId, row.userId, row.camera]), row])).values(),
];

/** Notes when pages left, and their visits. Starts all statements at once. */
export const noteDepartures = async (
  tx: ExamTransaction,
  departures: readonly Departure[],
): Promise<void> => {
  if (departures.length === 0) return;
  const cleaning = departures.filter(({ leftAt }) => leftAt.getTime() % DEPARTURES_A_CLEANUP === 0);
  await Promise.all([
    tx.run(noteLeft, { noted: lastOfEach(departures) }),
    tx.insert(insertVisit, departures),
    cleaning.length > 0 ? tx.run(dropOldVisits, { left_now: cleaning }) : undefined,
  ]);
};

const leftOfSeat = statement(
  query
    .select({ camera: pageTimes.camera, leftAt: pageTimes.leftAt })
    .from(pageTimes)
    .where(isOfSeat(pageTimes)),
);
const presentOfSeat = statement(
  query.select({ camera: presence.camera }).from(presence).where(isOfSeat(presence)),
);
/** When a person's pages left. */
export type LeftAt = Readonly<Partial<Record<Camera, Date>>>;

/** Reads when the pages of a seat left that is given up now: those that are connected leave with it. */
export const readLeft = async (reader: Reader, seat: SeatKey, now: Date): Promise<LeftAt> => {
  const [left, present] = await Promise.all([
    reader.all(leftOfSeat, { ...seat }),
    reader.all(presentOfSeat, { ...seat }),
  ]);
  return {
    ...Object.fromEntries(left.flatMap(({ camera, leftAt }) => (leftAt ? [[camera, leftAt]] : []))),
    ...Object.fromEntries(present.map(({ camera }) => [camera, now])),
  };
};

/** Notes in their new seat when the pages of a person left who was moved, because they were in the exam. */
export const noteLeftBefore = async (tx: ExamTransaction, seat: SeatKey, left: LeftAt): Promise<void> => {
  const { examId, roomId, userId } = seat;
  const noted = cameraSchema.options.flatMap((camera) => {
    const leftAt = left[camera];
    return leftAt ? [{ examId, roomId, userId, camera, leftAt }] : [];
  });
  if (noted.length > 0) await tx.run(noteLeft, { noted });
};

/** Notes since when cameras have their publish status. */
export const noteStatuses = async (
  tx: ExamTransaction,
  noted: readonly (PageOfSeat & { readonly status: PublishStatus; readonly statusSince: Date })[],
): Promise<void> => {
  if (noted.length > 0) await tx.run(noteStatus, { noted: lastOfEach(noted) });
};
