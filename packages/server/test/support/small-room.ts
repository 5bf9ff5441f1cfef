import type { ImServer } from "@invigil/schema";
import { insertExam, insertPerson, insertRoom } from "../../src/domain/people.js";
import type { Storage } from "../../src/storage/port.js";
import { writeRows } from "./writes.js";

/** Adds the exam `exam` and its room `room`, with these examinees. */
export const addSmallRoom = (
  storage: Pick<Storage, "write">,
  { userIds, imServer = [], now }: { userIds: readonly string[]; imServer?: ImServer[]; now: Date },
): Promise<void> =>
  writeRows({ storage }, async (tx) => {
    const times = { startTime: now, endTime: now, createdAt: now, updatedAt: now };
    await insertExam(tx, { id: "exam", name: "Exam", createdBy: "t1", ...times });
    await insertRoom(tx, { id: "room", examId: "exam", name: "Room", createTeacher: "t1", now, imServer });
    for (const userId of userIds)
      await insertPerson(tx, {
        examId: "exam",
        roomId: "room",
        userId,
        role: "examinee",
        name: userId,
        streams: { main: `${userId}-main`, pc: `${userId}-pc` },
        now,
      });
  });
