// Also on PostgreSQL: calls and deletions wait for the lock of an exam.
import { expect, it } from "vitest";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf } from "./support/reason.js";

const person = { userId: "p9", name: "P", role: "examinee" } as const;

const PEOPLE = Buffer.from("id,name\np9,P\n").toString("base64");

type Change = (fixture: ExamsFixture) => Promise<unknown>;

/**
 * All changes of something that belongs to an exam or a room, with the errors that they may find during and after its deletion. A change
 * that comes first succeeds.
 */
const CHANGES: Readonly<Record<string, readonly [change: Change, ...finds: string[]]>> = {
  "room.create": [
    ({ admin, sibling: { examId } }) => admin.room.create({ name: "R", examId }),
    "EXAM_NOT_FOUND",
  ],
  // The room was ended, and does not exist any more.
  "room.end": [({ admin, sibling: { id } }) => admin.room.end({ roomId: id }), "ROOM_NOT_FOUND"],
  "room.setAudioStatus": [
    ({ admin, sibling: { id } }) => admin.room.setAudioStatus({ roomId: id, audioStatus: "speaking" }),
    "ROOM_ENDED",
    "ROOM_NOT_FOUND",
  ],
  "participant.add": [
    ({ admin, sibling: { id } }) => admin.participant.add({ roomId: id, participants: [person] }),
    "ROOM_NOT_FOUND",
  ],
  "participant.move": [
    ({ admin, room, sibling }) =>
      admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id }),
    "ROOM_NOT_FOUND",
  ],
  "participant.remove": [
    ({ admin, sibling: { id } }) => admin.participant.remove({ roomId: id, userId: "examinee3" }),
    "ROOM_NOT_FOUND",
  ],
  "participant.removeFromExam": [
    ({ admin, sibling: { examId } }) => admin.participant.removeFromExam({ examId, userId: "examinee3" }),
    "PARTICIPANT_NOT_FOUND",
  ],
  "participant.import": [
    ({ admin, sibling: { examId } }) => admin.participant.import({ examId, file: PEOPLE }),
    "EXAM_NOT_FOUND",
  ],
  "exam.update": [
    ({ admin, sibling: { examId } }) => admin.exam.update({ examId, name: "Other" }),
    "EXAM_NOT_FOUND",
  ],
  "audio.attach": [
    ({ admin, sibling: { examId }, clipId }) => admin.audio.attach({ examId, clipId }),
    "EXAM_NOT_FOUND",
  ],
  "cheat.setConfig": [
    ({ admin, sibling: { examId } }) => admin.cheat.setConfig({ examId, data: "{}" }),
    "EXAM_NOT_FOUND",
  ],
  "cheat.addRecords": [
    ({ admin, sibling: { id }, detection }) =>
      admin.cheat.addRecords({ roomId: id, records: [detection("examinee3")] }),
    "ROOM_NOT_FOUND",
  ],
  "im.send": [
    ({ admin, sibling: { id } }) => admin.im.send({ roomId: id, type: 30_001, data: "x" }),
    "ROOM_ENDED",
    "ROOM_NOT_FOUND",
  ],
};

it.each(Object.entries(CHANGES))("%s crosses the deletion of its exam", async (name, [change, ...finds]) => {
  await using fixture = await openExamsFixture();
  const { admin, room, sibling } = fixture;
  const [deleted, changed] = await Promise.all([
    reasonOf(admin.exam.delete({ examId: room.examId, withRooms: true })),
    reasonOf(change(fixture)),
  ]);
  // An exam with records is not deleted, if they came first.
  if (name === "cheat.addRecords" && changed === "ok") {
    expect(deleted).toBe("EXAM_CONFLICT");
    return;
  }
  expect(deleted).toBe("ok");
  expect(["ok", ...finds]).toContain(changed);
  expect(await reasonOf(admin.exam.get({ examId: room.examId }))).toBe("EXAM_NOT_FOUND");
  for (const { id } of [room, sibling])
    expect(await reasonOf(admin.room.get({ roomId: id }))).toBe("ROOM_NOT_FOUND");
});
