import { signals } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase } from "../../../test/support/database.js";
import { change, rowsOf } from "../../../test/support/tables.js";
import { createEventLog } from "../../domain/events.js";
import { createMessageLog, type NewMessage } from "../../domain/messages.js";
import { insertExam, insertPerson, insertRoom } from "../../domain/people.js";
import type { Database } from "../../storage/sqlite/client.js";
import { query } from "../../storage/statement.js";
import { messages, rooms } from "../../storage/tables.js";
import { createMessageSender, type RoomToSendIn } from "./send-store.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let db: Database;
beforeEach(async () => {
  db = openTestDatabase();
  await db.storage.write(async (tx) => {
    const times = { startTime: NOW, endTime: NOW, createdAt: NOW, updatedAt: NOW };
    await insertExam(tx, { id: "exam", name: "Exam", createdBy: "t1", ...times });
    for (const id of ["open", "ended"]) {
      const room = { id, examId: "exam", name: id, createTeacher: "t1", now: NOW };
      await insertRoom(tx, { ...room, imServer: ["aliyun_new"] });
    }
    await insertPerson(tx, {
      roomId: "open",
      userId: "e1",
      role: "examinee",
      name: "E",
      streams: { main: "e1-main", pc: "e1-pc" },
      now: NOW,
    });
  });
});
afterEach(async () => {
  await db.close();
});

const message = (data: string, more: Partial<NewMessage> = {}): NewMessage => ({
  roomId: "open",
  type: 30_001,
  data: JSON.stringify(data),
  senderId: "t1",
  senderRole: "teacher",
  senderCamera: "main",
  createdAt: NOW,
  ...more,
});

it("decides the outcome of concurrent messages as if they arrived one after the other", async () => {
  const ended = { status: "ended", endedAt: NOW } as const;
  await change(db, query.update(rooms).set(ended).where(eq(rooms.id, "ended")));
  const send = createMessageSender({
    storage: db.storage,
    messageLog: createMessageLog({ events: createEventLog({ added: () => undefined }) }),
  });
  const canSendTo = () => true;
  const check = () => undefined;
  const refuse = (room: RoomToSendIn) => {
    throw new Error(`refused: ${room?.status}`);
  };
  const endSignal = { roomId: "ended", type: signals.endRoom.type };
  const outcomes = await Promise.allSettled([
    send({ message: message("first", { key: "k" }), check, canSendTo }),
    send({ message: message("again", { key: "k" }), check, canSendTo }),
    send({ message: message("of the PC", { key: "k", senderCamera: "pc" }), check, canSendTo }),
    send({ message: message("to nobody", { recipients: ["e1", "pc_e2"] }), check, canSendTo }),
    send({ message: message("out of reach", { recipients: ["e1"] }), check, canSendTo: () => false }),
    send({ message: message("refused", { key: "r" }), check: refuse, canSendTo }),
    send({ message: message("the key of what was refused", { key: "r" }), check, canSendTo }),
    send({ message: message("the end", endSignal), check, canSendTo }),
    send({ message: message("the end again", endSignal), check, canSendTo }),
    send({ message: message("to a PC", { recipients: ["pc_e1"] }), check, canSendTo }),
  ]);
  const sent = (id: number) => ({ status: "fulfilled", value: { id, time: NOW } });
  expect(outcomes).toEqual([
    sent(1),
    sent(1),
    sent(2),
    { status: "fulfilled", value: { unknown: "pc_e2" } },
    { status: "fulfilled", value: { unknown: "e1" } },
    { status: "rejected", reason: new Error("refused: in_progress") },
    sent(3),
    sent(4),
    sent(4),
    sent(5),
  ]);
  const stored = await rowsOf(db, messages);
  expect(stored.map(({ id, data }) => [id, JSON.parse(data)])).toEqual([
    [1, "first"],
    [2, "of the PC"],
    [3, "the key of what was refused"],
    [4, "the end"],
    [5, "to a PC"],
  ]);
  // The key is also known in a later transaction.
  expect(await send({ message: message("later", { key: "k" }), check: refuse, canSendTo })).toEqual({
    id: 1,
    time: NOW,
  });
});
