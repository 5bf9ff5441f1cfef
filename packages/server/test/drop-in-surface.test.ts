import { describe, expect, it } from "vitest";
import { eventually } from "./support/drop-in.js";
import { hear, openIn, say } from "./support/drop-in-apps.js";
import { openExamsFixture } from "./support/exams-fixture.js";

// The parts of the SDK that apps use.

describe("an app that", () => {
  it("calls init again can register listeners again, and receives each event once", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee");
    await app.engine.init({ appId: "invigil", appSign: app.made.appSign, source: "exam" });
    const received: string[] = [];
    app.engine
      .getMessageManager()
      .on("recvgroupmessage", ({ data }: { data: string }) => received.push(data));
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 1 });
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 2, to: ["examinee1"] });
    const other = new Promise((resolve) => app.messages.on("recvc2cmessage", resolve));
    expect(await other).toMatchObject({ data: "2" });
    expect([received, app.diary.all("recvgroupmessage")]).toEqual([["1"], []]);
  });

  it("throws in a listener does not affect other listeners", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee");
    app.messages.removeAllListeners();
    app.messages.on("recvgroupmessage", () => {
      throw new Error("the app's own");
    });
    const received = new Promise((resolve) => app.messages.on("recvgroupmessage", resolve));
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 1 });
    expect(await received).toMatchObject({ data: "1" });
    await eventually(
      () => app.groups.queryGroup(fixture.room.id),
      () => app.page.thrown.length > 0,
    );
    expect(app.page.thrown).toMatchObject([{ message: "the app's own" }]);
  });

  it("queries groups, users and messages receives them", async () => {
    await using fixture = await openExamsFixture({ now: () => new Date() });
    const url = await fixture.listen();
    const groupId = fixture.room.id;
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "pc_examinee1", "examinee");
    const { statistics: _, ...known } = await teacher.groups.queryGroup({ groupId });
    expect(teacher.group).toMatchObject(known);
    await eventually(
      async () => (await teacher.groups.queryGroup(groupId)).statistics.onlineCount,
      (count) => count === 2,
    );
    expect(await teacher.groups.queryGroup(groupId)).toEqual({
      groupId,
      groupName: "Room A",
      groupMeta: "",
      createTime: Math.floor(fixture.room.createdAt.getTime() / 1000),
      creator: "teacher1",
      admins: ["teacher1"],
      statistics: { pv: 2, onlineCount: 2, msgAmount: {} },
      muteStatus: { groupId, muteAll: false, muteUserList: [], whiteUserList: [] },
    });
    expect(await examinee.groups.listRecentGroupUser(groupId)).toEqual({
      groupId,
      total: 2,
      userList: [{ userId: "teacher1" }, { userId: "pc_examinee1" }],
    });
    const page = await teacher.groups.listGroupUser({ groupId, sortType: 1, pageSize: 1 });
    expect(page).toMatchObject({ hasMore: true, userList: [{ userId: "pc_examinee1" }] });
    expect(
      await teacher.groups.listGroupUser({
        groupId,
        sortType: 1,
        pageSize: 1,
        nextpagetoken: page.nextpagetoken,
      }),
    ).toMatchObject({ hasMore: false, userList: [{ userId: "teacher1" }] });

    for (let n = 1; n <= 12; n += 1) await say(teacher, fixture, n, n === 12 ? { type: 30002 } : {});
    await say(teacher, fixture, 0, { receiverIdList: ["pc_examinee1"] });
    const texts = ({ messageList }: { messageList: { data: string }[] }) =>
      messageList.map(({ data }) => Number(data));
    const oldest = await examinee.messages.listMessage({
      groupId,
      type: 30001,
      sortType: 0,
      nextpagetoken: 1,
    });
    expect([texts(oldest), oldest.hasMore]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], true]);
    const { nextpagetoken } = oldest;
    const rest = await examinee.messages.listMessage({ groupId, type: 30001, nextpagetoken });
    expect([texts(rest), rest.hasMore]).toEqual([[11], false]);
    const newest = await examinee.messages.listMessage({ groupId, sortType: 1, pageSize: 3 });
    expect(texts(newest)).toEqual([12, 11, 10]);
    const then = await examinee.messages.listMessage({
      groupId,
      sortType: 1,
      pageSize: 3,
      nextPageToken: newest.nextPageToken,
    });
    expect(texts(then)).toEqual([9, 8, 7]);
    const recent = await examinee.messages.listRecentMessage({ groupId, pageSize: 2 });
    expect(texts(recent)).toEqual([11, 12]);
    const since = { groupId, seqnum: recent.messageList[0].seqnum };
    expect(texts(await examinee.messages.listRecentMessage(since))).toEqual([12]);
    for (const call of ["createGroup", "closeGroup", "modifyGroup"])
      await expect(teacher.groups[call]({ groupId })).rejects.toThrow("every group is a room");
    await expect(teacher.messages.deleteMessage({ groupId })).rejects.toThrow("every group is a room");
  });

  it("mutes people prevents their messages until it unmutes them", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const groupId = fixture.room.id;
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    await using other = await openIn(fixture, url, "examinee2", "examinee");
    const status = (muteAll: boolean, ...muteUserList: string[]) => ({
      groupId,
      muteAll,
      muteUserList,
      whiteUserList: [],
    });
    await teacher.groups.muteUser({ groupId, userList: ["examinee1", "pc_examinee1"] });
    // Candidates see themselves, and those who run the room see everybody.
    expect(await examinee.diary.until("mutechange")).toEqual([
      groupId,
      status(false, "examinee1", "pc_examinee1"),
    ]);
    expect(await teacher.diary.until("mutechange")).toEqual([
      groupId,
      status(false, "examinee1", "pc_examinee1"),
    ]);
    expect(await other.diary.until("mutechange")).toEqual([groupId, status(false)]);
    expect(await other.groups.listMuteUsers(groupId)).toEqual(status(false));
    await expect(say(examinee, fixture, 1)).rejects.toMatchObject({ code: 442 });
    await expect(
      fixture.as({ sub: "examinee1", role: "examinee" }).im.send({ roomId: groupId, type: 30001, data: 1 }),
    ).rejects.toThrow(`The login examinee1 is muted in the room ${groupId}.`);
    await say(other, fixture, 2);
    expect(await hear(teacher)).toBe(2);
    // Answers and reports continue.
    const answer = { groupId, type: 20004, data: '{"sid":"1"}', receiverId: "teacher1" };
    await examinee.messages.sendC2cMessage(answer);
    expect((await teacher.diary.until("recvc2cmessage"))[0].type).toBe(20004);

    await teacher.groups.cancelMuteUser({ groupId, userList: ["examinee1"] });
    await say(examinee, fixture, 3);
    await teacher.groups.muteAll(groupId);
    expect(await teacher.groups.listMuteUsers(groupId)).toEqual(status(true, "pc_examinee1"));
    for (const app of [examinee, other])
      await expect(say(app, fixture, 4)).rejects.toMatchObject({ code: 442 });
    await say(teacher, fixture, 5);
    await teacher.groups.cancelMuteAll(groupId);
    await say(other, fixture, 6);
    expect((await examinee.groups.queryGroup(groupId)).muteStatus).toEqual(status(false, "pc_examinee1"));
    expect((await other.groups.queryGroup(groupId)).muteStatus).toEqual(status(false));
    for (const call of ["muteAll", "cancelMuteAll", "muteUser", "cancelMuteUser", "listGroupUser"])
      await expect(examinee.groups[call]({ groupId, userList: ["teacher1"] })).rejects.toMatchObject({
        code: 403,
      });
  });

  it("sends 200 messages at once receives a response for each", async () => {
    let time = Date.parse("2026-01-02T03:04:05Z");
    // Every reading of the clock is 200 ms later, so that nobody exceeds the send rate.
    await using fixture = await openExamsFixture({
      now: () => {
        time += 200;
        return new Date(time);
      },
    });
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => say(teacher, fixture, n)));
    expect(ids.map(Number)).toEqual(ids.map(Number).toSorted((a, b) => a - b));
    for (let n = 0; n < 200; n += 1) expect(await hear(examinee)).toBe(n);
  });
});
