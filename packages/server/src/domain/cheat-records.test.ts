import superjson from "superjson";
import { expect, it } from "vitest";
import { toCheatRecord } from "./cheat-records.js";

it("no object occurs twice in a record, which superjson would say to every client that reads it", () => {
  const record = toCheatRecord({
    id: 1,
    examId: "exam",
    roomId: "room",
    userId: "examinee",
    detectType: "manyPeople",
    isMainMonitor: true,
    detectTime: new Date(1000),
    extraInfo: "{}",
    extraInfoIsObject: true,
    createdAt: new Date(2000),
  });
  const { meta } = superjson.serialize([record]);
  expect(meta?.referentialEqualities).toBeUndefined();
  expect(record.updatedAt).toEqual(record.createdAt);
});
