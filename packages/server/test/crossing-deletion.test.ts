import { expect, it } from "vitest";
import { reasonOf } from "./support/reason.js";
import { openSchool, type School } from "./support/school.js";

const person = { userId: "p9", name: "P", role: "examinee" } as const;

const PEOPLE = Buffer.from("id,name\np9,P\n").toString("base64");

/** All changes of something that belongs to an exam or a room, with the expected error after its deletion. */
const CHANGES: Readonly<
  Record<string, readonly [change: (school: School) => Promise<unknown>, finds: string]>
> = {
  "room.create": [
    ({ admin, sibling: { examId } }) => admin.room.create({ name: "R", examId }),
    "EXAM_NOT_FOUND",
  ],
  // The room was ended, and does not exist any more.
  "room.end": [({ admin, sibling: { id } }) => admin.room.end({ roomId: id }), "ok"],
  "room.setAudioStatus": [
    ({ admin, sibling: { id } }) => admin.room.setAudioStatus({ roomId: id, audioStatus: "speaking" }),
    "ROOM_ENDED",
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
  ],
};

it.each(Object.entries(CHANGES))("%s crosses the deletion of its exam", async (_, [change, finds]) => {
  await using school = await openSchool();
  const [deleted, changed] = await Promise.all([
    reasonOf(school.admin.exam.delete({ examId: school.room.examId, withRooms: true })),
    reasonOf(change(school)),
  ]);
  expect([deleted, changed]).toEqual(["ok", finds]);
});
