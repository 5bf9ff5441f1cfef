import type { CheatRecord, JsonObject } from "@invigil/schema";
import type { cheatRecords } from "../storage/tables.js";

/** A cheat record as the API has it. Field by field: a copy of all but some takes several times as long. */
export const toCheatRecord = (row: typeof cheatRecords.$inferSelect): CheatRecord => ({
  id: row.id,
  examId: row.examId,
  roomId: row.roomId,
  userId: row.userId,
  detectType: row.detectType,
  isMainMonitor: row.isMainMonitor,
  detectTime: row.detectTime,
  // Safe: the cheat service gives it as the JSON text of an object.
  extraInfo: row.extraInfoIsObject ? (JSON.parse(row.extraInfo) as JsonObject) : row.extraInfo,
  createdAt: row.createdAt,
  updatedAt: row.createdAt,
});
