import { eq, getTableColumns } from "drizzle-orm";
import { param, query, statement } from "../storage/statement.js";
import { cheatConfigs, roomColumns, visibleExams, visibleRooms } from "../storage/tables.js";
import { isRoom } from "./people.js";

/** The columns of rooms that callers see in snapshots, events and lists. */
const { endedAt: _, ...shownRoom } = roomColumns;

export { shownRoom };
/** Selects a room as callers see it. */
export const shownRoomById = statement(query.select(shownRoom).from(visibleRooms).where(isRoom));
/** Selects the cheat config of an exam that is not deleted. */
export const shownConfigOfExam = statement(
  query
    .select(getTableColumns(cheatConfigs))
    .from(visibleExams)
    .innerJoin(cheatConfigs, eq(cheatConfigs.examId, visibleExams.id))
    .where(eq(visibleExams.id, param("examId"))),
);
