import { describe, expect, it } from "vitest";
import { InvigilError } from "../src/platform/errors.js";
import { createAliyunNewIm } from "../src/providers/aliyun/im-new.js";
import { CLOCK, IM_APP, openAliyun } from "./support/aliyun.js";
import { given } from "./support/secrets.js";

const GROUP = { groupId: "g1", name: "Maths", creatorId: "teacher_1", members: ["teacher_1", "s1"] };
const PUBLISHED = { groupId: "g1", type: 20_001, data: '{"userId":"s1"}' };

const detailsOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.then(
    () => new Error("nothing failed"),
    (caught: unknown) => caught,
  );
  if (!(error instanceof InvigilError)) throw error;
  const { code, message, fields, details } = error;
  return { code, message, fields, details };
};

describe("the new message service", () => {
  it("makes a room's group in the name of its teacher", async () => {
    await using aliyun = await openAliyun();
    expect(await aliyun.im.createGroup({ ...GROUP, creatorId: "t1" })).toEqual({ groupId: "g1" });
    expect(aliyun.live.calls).toEqual([
      {
        action: "CreateLiveMessageGroup",
        params: { AppId: "demoapp", GroupId: "g1", GroupName: "Maths", CreatorId: "t1" },
      },
    ]);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("makes it once, also when the first answer is lost", async () => {
    await using aliyun = await openAliyun();
    aliyun.live.fail("reset", { times: 1, afterwards: true });
    expect(await aliyun.im.createGroup(GROUP)).toEqual({ groupId: "g1" });
    expect(aliyun.live.count()).toBe(2);
    expect([...aliyun.live.groups.keys()]).toEqual(["g1"]);
  });

  it.each([
    ["长".repeat(63), "长".repeat(42)],
    [`${"x".repeat(127)}é`, "x".repeat(127)],
    [`${"x".repeat(125)}😀y`, "x".repeat(125)],
    ["x".repeat(63), "x".repeat(63)],
  ])("cuts a name to 128 bytes, in whole characters: %s", async (name, kept) => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup({ ...GROUP, name });
    expect(aliyun.live.groups.get("g1")?.name).toBe(kept);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it.each(["t-1", "t.1", "teacher_1", "x".repeat(65)])(
    "names no creator that cannot log in there: %s",
    async (creatorId) => {
      await using aliyun = await openAliyun();
      await aliyun.im.createGroup({ ...GROUP, creatorId });
      expect(aliyun.live.calls[0]?.params).not.toHaveProperty("CreatorId");
      expect(aliyun.live.failedChecks).toEqual([]);
    },
  );

  it("does not take a deleted group for a new one", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    await aliyun.im.deleteGroup?.("g1");
    expect(await detailsOf(aliyun.im.createGroup(GROUP))).toMatchObject({
      code: "PROVIDER_FAILED",
      message: "The service aliyun_new refused the call.",
      details: { action: "CreateLiveMessageGroup", fault: "refused", code: "AlreadyDelete" },
    });
  });

  it("says when the app is full", async () => {
    await using aliyun = await openAliyun({ maxGroups: 1 });
    await aliyun.im.createGroup(GROUP);
    expect(await detailsOf(aliyun.im.createGroup({ ...GROUP, groupId: "g2" }))).toMatchObject({
      code: "PROVIDER_FAILED",
      details: { fault: "refused", code: "GroupLimitExceeded" },
    });
    await aliyun.im.deleteGroup?.("g1");
    expect(await aliyun.im.createGroup({ ...GROUP, groupId: "g2" })).toEqual({ groupId: "g2" });
  });

  it("deletes a group, and one that is gone is deleted", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    await aliyun.im.deleteGroup?.("g1");
    await aliyun.im.deleteGroup?.("g1");
    await aliyun.im.deleteGroup?.("never");
    expect(aliyun.live.groups.get("g1")?.deleted).toBe(true);
    expect(aliyun.live.calls.slice(1)).toEqual(
      ["g1", "g1", "never"].map((GroupId) => ({
        action: "DeleteLiveMessageGroup",
        params: { AppId: "demoapp", GroupId },
      })),
    );
    expect(aliyun.log).toEqual([]);
  });

  it("announces to the group, and leaves nothing in its history", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    aliyun.live.join("g1", "teacher_1");
    await aliyun.im.announce(PUBLISHED);
    expect(aliyun.live.calls.at(-1)).toEqual({
      action: "SendLiveMessageGroup",
      params: {
        AppId: "demoapp",
        GroupId: "g1",
        SenderId: "invigil",
        MsgType: "20001",
        Body: '{"userId":"s1"}',
        NoStorage: "true",
        NoCache: "true",
      },
    });
    expect(aliyun.live.groups.get("g1")?.messages).toEqual([
      { type: 20_001, body: '{"userId":"s1"}', senderId: "invigil", kept: false },
    ]);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("announces to nobody without failing", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    await aliyun.im.announce(PUBLISHED);
    await aliyun.im.announce({ ...PUBLISHED, groupId: "never" });
    await aliyun.im.announce({ ...PUBLISHED, userIds: ["s1"] });
    expect(aliyun.live.count("SendLiveMessageGroup")).toBe(2);
    expect(aliyun.live.count("SendLiveMessageUser")).toBe(1);
    expect(aliyun.log).toEqual([]);
  });

  it("tells single people, each login of its own, and only those that can be logged in", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    for (const login of ["s1", "pc_s1"]) aliyun.live.join("g1", login);
    await aliyun.im.announce({
      groupId: "g1",
      type: 20_020,
      data: "{}",
      userIds: ["s1", "pc_s1", "gone", "no-login"],
    });
    const sent = (ReceiverId: string) => ({
      action: "SendLiveMessageUser",
      params: { AppId: "demoapp", SenderId: "invigil", ReceiverId, MsgType: "20020", Body: "{}" },
    });
    expect(aliyun.live.calls.slice(1)).toHaveLength(3);
    expect(aliyun.live.calls.slice(1)).toEqual(
      expect.arrayContaining([sent("s1"), sent("pc_s1"), sent("gone")]),
    );
    expect(aliyun.live.direct.map(({ receivers, kept }) => `${receivers.join()} ${kept}`).toSorted()).toEqual(
      ["pc_s1 false", "s1 false"],
    );
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("sends up to 15 KB, and does not try more", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.createGroup(GROUP);
    aliyun.live.join("g1", "teacher_1");
    const text = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;
    await aliyun.im.announce({ ...PUBLISHED, data: text(15 * 1024) });
    const failed = await detailsOf(aliyun.im.announce({ ...PUBLISHED, data: text(15 * 1024 + 1) }));
    expect(failed).toMatchObject({ code: "PROVIDER_FAILED", details: { fault: "refused" } });
    expect(aliyun.live.count("SendLiveMessageGroup")).toBe(1);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("signs tokens itself", async () => {
    await using aliyun = await openAliyun();
    aliyun.live.fail("error");
    const token = await aliyun.im.issueToken({ userId: "s1", role: "" });
    expect(token.auth).toEqual({ userId: "s1", nonce: "AK-nonce", timestamp: 1_767_495_845, role: "" });
    expect(aliyun.live.count()).toBe(0);
  });

  it("is checked without changing anything", async () => {
    await using aliyun = await openAliyun();
    await aliyun.im.check?.();
    expect(aliyun.live.calls).toEqual([{ action: "DescribeLiveMessageApp", params: { AppId: "demoapp" } }]);
    aliyun.live.fail("signature");
    expect(await detailsOf(aliyun.im.check?.() ?? Promise.resolve())).toMatchObject({
      details: { action: "DescribeLiveMessageApp", code: "SignatureDoesNotMatch" },
    });
  });

  it("without credentials makes tokens only: groups are made at the vendor by hand", async () => {
    const im = createAliyunNewIm(IM_APP, { clock: CLOCK, nonce: () => "nonce" });
    expect(await im.createGroup(GROUP)).toEqual({ groupId: "g1" });
    await im.announce(PUBLISHED);
    expect((await im.issueToken({ userId: "s1", role: "admin" })).auth.role).toBe("admin");
    expect(Object.keys(im).toSorted()).toEqual(["announce", "createGroup", "issueToken"]);
  });
});

describe("the older message service", () => {
  it("makes a room's group, which it names itself", async () => {
    await using aliyun = await openAliyun({ oldGroupIds: ["AE35-T95F"] });
    expect(aliyun.old.choosesGroupIds).toBe(true);
    expect(await aliyun.old.createGroup(GROUP)).toEqual({ groupId: "AE35-T95F" });
    expect(aliyun.live.calls).toEqual([
      {
        action: "CreateMessageGroup",
        params: { AppId: "old-app", CreatorId: "teacher_1", Extension: '{"name":"Maths"}' },
      },
    ]);
    expect(aliyun.live.failedChecks).toEqual([]);
    expect(aliyun.old).not.toHaveProperty("deleteGroup");
  });

  it("does not make a second group when an answer is lost", async () => {
    await using aliyun = await openAliyun();
    aliyun.live.fail("reset", { afterwards: true });
    expect(await detailsOf(aliyun.old.createGroup(GROUP))).toMatchObject({
      code: "PROVIDER_FAILED",
      details: { provider: "aliyun_old", action: "CreateMessageGroup", fault: "unreachable" },
    });
    expect(aliyun.live.oldGroups.size).toBe(1);
  });

  it("gives both tokens as the vendor does", async () => {
    await using aliyun = await openAliyun();
    const device = { deviceId: "art-1702371472", deviceType: "web" };
    const tokens = await aliyun.old.issueToken({ userId: "pc_s.1", role: "", ...device });
    expect(tokens).toEqual({ accessToken: given("old-access-1"), refreshToken: given("old-refresh-1") });
    expect(aliyun.live.calls).toEqual([
      {
        action: "GetMessageToken",
        params: { AppId: "old-app", UserId: "pc_s.1", DeviceId: "art-1702371472", DeviceType: "web" },
      },
    ]);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it.each([
    ["userId", { userId: "S1" }],
    ["userId", { userId: "s-1" }],
    ["userId", { userId: "x".repeat(33) }],
    ["deviceId", { deviceId: undefined }],
    ["deviceId", { deviceId: "ART-1" }],
    ["deviceId", { deviceId: "x".repeat(65) }],
    ["deviceType", { deviceType: undefined }],
    ["deviceType", { deviceType: "windows" }],
  ])("names the field that does not fit: %s in %o", async (field, change) => {
    await using aliyun = await openAliyun();
    const good = { userId: "s1", role: "" as const, deviceId: "d", deviceType: "pc" };
    const { deviceId, deviceType, ...who } = { ...good, ...change };
    const request = { ...who, ...(deviceId && { deviceId }), ...(deviceType && { deviceType }) };
    expect(await detailsOf(aliyun.old.issueToken(request))).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(new RegExp(`^${field} (must be|is required)`)),
      fields: { [field]: [expect.any(String)] },
    });
    expect(aliyun.live.count()).toBe(0);
  });

  it("does not make a group for a teacher that cannot log in to it", async () => {
    await using aliyun = await openAliyun();
    expect(await detailsOf(aliyun.old.createGroup({ ...GROUP, creatorId: "Teacher" }))).toMatchObject({
      code: "INVALID_INPUT",
      fields: { createTeacher: [expect.stringContaining("aliyun_old")] },
    });
    expect(aliyun.live.count()).toBe(0);
  });

  it("announces to the group, or to some of it", async () => {
    await using aliyun = await openAliyun();
    const { groupId } = await aliyun.old.createGroup(GROUP);
    await aliyun.old.announce({ ...PUBLISHED, groupId });
    await aliyun.old.announce({ ...PUBLISHED, groupId, userIds: ["s1", "pc_s1", "No-Login"] });
    await aliyun.old.announce({ ...PUBLISHED, groupId, userIds: ["No-Login"] });
    const params = {
      AppId: "old-app",
      GroupId: groupId,
      OperatorUserId: "invigil",
      Type: "20001",
      Data: '{"userId":"s1"}',
      SkipAudit: "true",
    };
    expect(aliyun.live.calls.slice(1)).toEqual([
      { action: "SendMessageToGroup", params },
      { action: "SendMessageToGroupUsers", params: { ...params, ReceiverIdList: "s1,pc_s1" } },
    ]);
    expect(aliyun.live.oldGroups.get(groupId)?.messages.map(({ receivers }) => receivers)).toEqual([
      undefined,
      ["s1", "pc_s1"],
    ]);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("announces to a group that is gone without failing", async () => {
    await using aliyun = await openAliyun();
    await aliyun.old.announce(PUBLISHED);
    expect(aliyun.live.count("SendMessageToGroup")).toBe(1);
    expect(aliyun.log).toEqual([]);
  });

  it("is checked without changing anything", async () => {
    await using aliyun = await openAliyun();
    await aliyun.old.check?.();
    expect(aliyun.live.calls).toEqual([{ action: "GetMessageApp", params: { AppId: "old-app" } }]);
  });
});
