import { expect, it } from "vitest";
import { openTestDatabase } from "../../../test/support/database.js";
import { addSmallRoom } from "../../../test/support/small-room.js";
import { rowsOf } from "../../../test/support/tables.js";
import { createEventLog } from "../../domain/events.js";
import { createRoomExams } from "../../domain/room-exams.js";
import { presence, roomEvents } from "../../storage/tables.js";
import { createPresenceStore } from "./store.js";

const NOW = new Date("2026-01-02T03:04:05Z");
const PEOPLE = ["e1", "e2", "e3"];

it("writes the changes of a group at once: pages that enter, that leave and that change their devices", async () => {
  await using db = await openTestDatabase();
  await addSmallRoom(db.storage, { userIds: PEOPLE, now: NOW });
  const store = createPresenceStore({
    storage: db.storage,
    roomExams: createRoomExams(),
    events: createEventLog({ added: () => undefined }),
  });
  const save = (userId: string, instance: string, devices: number) => {
    const page = { examId: "exam", roomId: "room", userId, camera: "main", role: "examinee" } as const;
    return store.save({ page, instance, devices, now: NOW });
  };
  const stored = async () =>
    (await rowsOf(db, presence)).map(({ userId, instance, devices }) => [userId, instance, devices]);
  const eventsAfter = async (after: number) =>
    (await rowsOf(db, roomEvents))
      .slice(after)
      .map(({ type, data }) => [type, "userId" in data && data.userId]);

  await Promise.all([save("e1", "a", 1), save("e1", "b", 1), save("e2", "a", 1), save("stranger", "a", 1)]);
  expect(await stored()).toEqual([
    ["e1", "a", 1],
    ["e1", "b", 1],
    ["e2", "a", 1],
  ]);
  const before = (await rowsOf(db, roomEvents)).length;
  await Promise.all([save("e1", "a", 0), save("e2", "a", 0), save("e1", "b", 3), save("e3", "a", 1)]);
  expect(await stored()).toEqual([
    ["e1", "b", 3],
    ["e3", "a", 1],
  ]);
  expect(await eventsAfter(before)).toEqual([
    ["devices_changed", "e1"],
    ["participant_left", "e2"],
    ["devices_changed", "e1"],
    ["participant_entered", "e3"],
  ]);
  // Nothing changes, so nothing is written.
  await Promise.all([save("e1", "b", 3), save("e2", "a", 0), save("stranger", "a", 1)]);
  expect(await eventsAfter(before)).toHaveLength(4);
});
