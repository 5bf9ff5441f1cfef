import type { CheatRecord, JsonObject } from "@invigil/schema";
import type { cheatRecords } from "../storage/tables.js";

/** Converts a stored cheat record for the API. It lists all fields, because a copy with a rest pattern takes several times as long. */
export const toCheatRecord = (row: typeof cheatRecords.$inferSelect): CheatRecord => ({
  id: row.id,
  examId: row.examId,
  roomId: row.roomId,
  userId: row.userId,
  detectType: row.detectType,
  isMainMonitor: row.isMainMonitor,
  detectTime: row.detectTime,
  // Safe: the cheat service stores the JSON text of an object here.
  extraInfo: row.extraInfoIsObject ? (JSON.parse(row.extraInfo) as JsonObject) : row.extraInfo,
  createdAt: row.createdAt,
  // A copy: superjson has a special form for an object that occurs twice, which takes ten times as long (`platform/serialize.ts`).
  updatedAt: new Date(row.createdAt),
});
