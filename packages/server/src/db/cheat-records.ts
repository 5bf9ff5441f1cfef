import type { CheatRecord, JsonObject } from "@invigil/schema";
import type { cheatRecords } from "./tables.js";

/** A cheat record as the API has it. */
export const toCheatRecord = ({
  extraInfo,
  extraInfoIsObject,
  ...row
}: typeof cheatRecords.$inferSelect): CheatRecord => ({
  ...row,
  // Safe: the cheat service gives it as the JSON text of an object.
  extraInfo: extraInfoIsObject ? (JSON.parse(extraInfo) as JsonObject) : extraInfo,
  updatedAt: row.createdAt,
});
