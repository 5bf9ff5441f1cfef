import { describe, expect, it } from "vitest";
import { hear, openIn, say } from "./support/drop-in-apps.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";

// All messages that the vendor's two apps send, with their exact bodies.

const SID = "0b0e3c9e-6a5c-4b7a-9d0f-0a1b2c3d4e5f";
const AUDIO = { id: "11111", classify: 1, name: "Five minutes", url: "https://audio.example/five.mp3" };

/** The commands of the invigilator's app by number: the fields before `receiverIdList`, which it appends. */
const COMMANDS: readonly (readonly [type: number, fields: object])[] = [
  [20002, { sid: SID }],
  [20002, { sid: SID, enableAudioMix: false }],
  [20003, { sid: SID }],
  [20006, { sid: SID }],
  [20008, { sid: SID }],
  [20011, { ...AUDIO, sid: SID }],
  [20013, { sid: SID }],
];
/** The messages that it sends to the whole group. */
const ANNOUNCEMENTS = [20010, 20015] as const;
/** The messages of the examinee's app to the teacher, by number. */
const ANSWERS: readonly (readonly [type: number, data: string])[] = [
  ...[20004, 20005, 20007, 20009, 20012, 20014].map((type) => [type, JSON.stringify({ sid: SID })] as const),
  // A page that joins during a broadcast answers without a command.
  [20007, '{"sid":""}'],
  // JSON.stringify omits undefined fields.
  [20007, "{}"],
  ...[20016, 20017, 20018].map((type) => [type, JSON.stringify({ sid: SID })] as const),
  [
    20019,
    JSON.stringify({
      sid: SID,
      data: {
        isMainMonitor: false,
        userId: "examinee1",
        detectTime: 1767323045123,
        detectType: "cellPhone",
        extraInfo: '{"message":"学生1疑似携带手机"}',
      },
    }),
  ],
];

/** The people of a full room with 500 examinees. */
const CANDIDATES = 500;
/** With the maximum length of ids. */
const longId = (n: number): string => `${"e".repeat(57)}${String(n).padStart(4, "0")}`;
const fillRoom = async (fixture: ExamsFixture) => {
  const participants = Array.from({ length: CANDIDATES }, (_, n) => ({
    userId: longId(n),
    name: `E${n}`,
    role: "examinee" as const,
  }));
  const room = await fixture.teacher.room.create({ name: "Full", participants, examId: fixture.room.examId });
  return { ...fixture, room };
};

describe("messages of the vendor's apps", () => {
  it("are accepted: commands to some of a group and to the whole group", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using pc = await openIn(fixture, url, "pc_examinee1", "examinee");
    const groupId = fixture.room.id;
    for (const [type, fields] of COMMANDS) {
      const receiverIdList = ["examinee1", "pc_examinee1"];
      const data = JSON.stringify({ ...fields, receiverIdList });
      await teacher.messages.sendGroupMessage({ groupId, type, data, receiverIdList, skipAudit: true });
      const [message, heardIn] = await pc.diary.until("recvgroupmessage");
      expect([message.type, message.data, heardIn]).toEqual([type, data, groupId]);
    }
    for (const type of ANNOUNCEMENTS) {
      const data = JSON.stringify({ sid: SID });
      await teacher.messages.sendGroupMessage({ groupId, type, data, skipAudit: true });
      const [message] = await pc.diary.until("recvgroupmessage");
      expect([message.type, message.data]).toEqual([type, data]);
    }
  });

  it.each(["examinee1", "pc_examinee1"])("are accepted: answers and reports of %s", async (login) => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using page = await openIn(fixture, url, login, "examinee");
    for (const [type, data] of ANSWERS) {
      const one = { groupId: fixture.room.id, type, data, receiverId: "teacher1", skipAudit: true };
      await page.messages.sendC2cMessage(one);
      const [message] = await teacher.diary.until("recvc2cmessage");
      expect([message.type, message.data, message.sender]).toEqual([type, data, { userId: login }]);
    }
  });
});

describe("a full room", () => {
  it("can be sent a command that names both logins of all people, with ids of maximum length", async () => {
    await using fixture = await fillRoom(await openExamsFixture());
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using phone = await openIn(fixture, url, longId(0), "examinee");
    await using pc = await openIn(fixture, url, `pc_${longId(CANDIDATES - 1)}`, "examinee");
    const ids = Array.from({ length: CANDIDATES }, (_, n) => longId(n));
    const receiverIdList = ids.flatMap((id) => [id, `pc_${id}`]);
    const data = JSON.stringify({ sid: SID, receiverIdList });
    const stop = { groupId: fixture.room.id, type: 20008, data, receiverIdList, skipAudit: true };
    await teacher.messages.sendGroupMessage(stop);
    for (const page of [phone, pc]) {
      const [message] = await page.diary.until("recvgroupmessage");
      expect([message.type, message.data]).toEqual([20008, data]);
    }
    // The same over tRPC, including the sender.
    const to = [...receiverIdList, "teacher1"];
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 20008, text: data, to });
    expect((await phone.diary.until("recvgroupmessage"))[0].data).toBe(data);
  });

  it("can be sent a command that also names both logins of all staff", async () => {
    await using fixture = await fillRoom(await openExamsFixture());
    const roomId = fixture.room.id;
    const staff = Array.from({ length: 99 }, (_, n) => ({
      userId: `inspector-${n}`,
      name: `I${n}`,
      role: "inspector" as const,
    }));
    await fixture.admin.participant.add({ roomId, participants: staff });
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using watcher = await openIn(fixture, url, "inspector-98", "inspector");
    const people = [
      ...Array.from({ length: CANDIDATES }, (_, n) => longId(n)),
      ...staff.map((one) => one.userId),
    ];
    await say(teacher, fixture, 7, { receiverIdList: people.flatMap((id) => [id, `pc_${id}`]) });
    expect(await hear(watcher)).toBe(7);
  });

  it("cannot be sent a command that names more logins, which fails with the name of the field", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    const receiverIdList = Array.from({ length: 1201 }, (_, n) => `e${n}`);
    await expect(say(teacher, fixture, 1, { receiverIdList })).rejects.toThrow(
      "to must be at most 1200 logins",
    );
  });
});
