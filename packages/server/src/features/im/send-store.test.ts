import { signals } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../../test/support/database.js";
import { change, insertRows, rowsOf } from "../../../test/support/tables.js";
import { writeRows } from "../../../test/support/writes.js";
import type { SendRate } from "../../coordination/send-rate.js";
import { storedRate } from "../../coordination/send-rate-table.js";
import { createEventLog } from "../../domain/events.js";
import { createMessageLog, type NewMessage } from "../../domain/messages.js";
import { insertExam, insertPerson, insertRoom } from "../../domain/people.js";
import { query } from "../../storage/statement.js";
import { messages, mutes, roomEvents, rooms, sendRates } from "../../storage/tables.js";
import { createMessageSender, type RoomToSendIn } from "./send-store.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  await writeRows(db, async (tx) => {
    const times = { startTime: NOW, endTime: NOW, createdAt: NOW, updatedAt: NOW };
    await insertExam(tx, { id: "exam", name: "Exam", createdBy: "t1", ...times });
    for (const id of ["open", "ended"]) {
      const room = { id, examId: "exam", name: id, createTeacher: "t1", now: NOW };
      await insertRoom(tx, { ...room, imServer: ["aliyun_new"] });
    }
    await insertPerson(tx, {
      examId: "exam",
      roomId: "open",
      userId: "e1",
      role: "examinee",
      name: "E",
      streams: { main: "e1-main", pc: "e1-pc" },
      now: NOW,
    });
  });
});
afterEach(() => db.close());

const message = (data: string, more: Partial<NewMessage> = {}): NewMessage => ({
  examId: "exam",
  roomId: "open",
  type: 30_001,
  data: JSON.stringify(data),
  senderId: "t1",
  senderRole: "teacher",
  senderCamera: "main",
  createdAt: NOW,
  ...more,
});

const openSender = (sendRate: SendRate = {}) =>
  createMessageSender({
    storage: db.storage,
    messageLog: createMessageLog({ events: createEventLog({ added: () => undefined }) }),
    sendRate,
  });
const check = () => undefined;
const canSendTo = () => true;

it("decides the outcome of concurrent messages as if they arrived one after the other", async () => {
  const ended = { status: "ended", endedAt: NOW } as const;
  await change(db, query.update(rooms).set(ended).where(eq(rooms.id, "ended")));
  const send = openSender();
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
  const stored = await rowsOf(db, messages);
  expect(stored.map(({ data }) => JSON.parse(data))).toEqual([
    "first",
    "of the PC",
    "the key of what was refused",
    "the end",
    "to a PC",
  ]);
  const idOf = (data: string) => stored.find((row) => row.data === JSON.stringify(data))?.id;
  const sent = (data: string) => ({ status: "fulfilled", value: { id: idOf(data), time: NOW } });
  expect(outcomes).toEqual([
    sent("first"),
    sent("first"),
    sent("of the PC"),
    { status: "fulfilled", value: { unknown: "pc_e2" } },
    { status: "fulfilled", value: { unknown: "e1" } },
    { status: "rejected", reason: new Error("refused: in_progress") },
    sent("the key of what was refused"),
    sent("the end"),
    sent("the end"),
    sent("to a PC"),
  ]);
  // The key is also known in a later transaction.
  expect(await send({ message: message("later", { key: "k" }), check: refuse, canSendTo })).toEqual({
    id: idOf("first"),
    time: NOW,
  });
});

it("refuses the messages of muted senders that obey mutes, and nothing else", async () => {
  const examId = "exam";
  await insertRows(db, mutes, [
    { examId, roomId: "open", login: "pc_t1" },
    { examId, roomId: "ended", login: "" },
  ]);
  const send = openSender(storedRate);
  const outcomes = await Promise.all(
    [
      { message: message("of the other page"), obeysMutes: true },
      { message: message("muted", { senderCamera: "pc", key: "k" }), obeysMutes: true },
      { message: message("to one", { senderCamera: "pc", key: "k" }) },
      { message: message("sent before", { senderCamera: "pc", key: "k" }), obeysMutes: true },
      { message: message("muted with everybody", { roomId: "ended" }), obeysMutes: true },
      { message: message("of who runs the room", { roomId: "ended" }) },
    ].map((request) => send({ ...request, check, canSendTo })),
  );
  const stored = await rowsOf(db, messages);
  const sent = (data: string) => ({
    id: stored.find((row) => row.data === JSON.stringify(data))?.id,
    time: NOW,
  });
  expect(stored).toHaveLength(3);
  const muted = { muted: true };
  expect(outcomes).toEqual([
    sent("of the other page"),
    muted,
    sent("to one"),
    sent("to one"),
    muted,
    sent("of who runs the room"),
  ]);
});

it("writes nothing for a muted sender, not even the rate", async () => {
  await insertRows(db, mutes, [{ examId: "exam", roomId: "open", login: "" }]);
  const send = openSender(storedRate);
  const request = { message: message("muted"), obeysMutes: true, check, canSendTo };
  expect(await Promise.all([send(request), send(request)])).toEqual([{ muted: true }, { muted: true }]);
  for (const table of [messages, roomEvents, sendRates]) expect(await rowsOf(db, table)).toEqual([]);
});

it("leaves out recipients to whom the sender may not send, as long as one is left", async () => {
  const send = openSender();
  const to = (data: string, ...recipients: string[]) =>
    send({ message: message(data, { recipients }), check, canSendTo, leavesOut: true });
  const [, refused] = await Promise.all([
    to("to some", "nobody", "e1", "pc_nobody", "pc_e1"),
    to("to nobody", "nobody", "pc_nobody"),
  ]);
  expect(refused).toEqual({ unknown: "nobody" });
  expect(await rowsOf(db, messages)).toMatchObject([{ data: '"to some"', recipients: ["e1", "pc_e1"] }]);
});
