import { afterEach, describe, expect, it, vi } from "vitest";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { sample } from "./support/effort.js";
import { ALL, openVendors, type Vendors } from "./support/vendors.js";

// Uses all vendor services at once, like a server with all settings.

const DRAIN_MS = 20_000;
/** The default of INVIGIL_PROVIDER_PAUSE_SECONDS, in milliseconds. */
const PAUSE_MS = 10_000;
/** How long a call to a vendor that hangs is waited for. Others have the time that they need. */
const patience = (fault: string) => (fault === "hang" ? { timeoutMs: 2000 } : {});
const now = () => Math.floor(Date.now() / 1000);

const openRoom = async (vendors: Vendors) => {
  const teacher = await vendors.token({ sub: "t1", role: "teacher" });
  const client = trpc(vendors, teacher);
  const participants = ["e1", "e2"].map((userId) => ({ userId, name: userId, role: "examinee" }));
  const answer = await client.mutate("room.create", { name: "Maths", imServer: ALL, participants });
  expect(answer.error).toBeUndefined();
  const examinee = await vendors.token({ sub: "e1", role: "examinee" });
  return { room: answer.data, teacher: rest(vendors, teacher), examinee: rest(vendors, examinee) };
};
/** Returns the parameters of all calls of one action that a simulator received. */
const paramsOf = ({ live }: Vendors, action: string) =>
  live.calls.filter((call) => call.action === action).map(({ params }) => params);

afterEach(() => void vi.useRealTimers());

describe("with every vendor service", () => {
  it("a room is made at all of them, under one id", async () => {
    await using vendors = await openVendors();
    const { room } = await openRoom(vendors);
    expect(room.imGroupId).toBe(room.id);
    expect(vendors.groups()).toEqual({
      aliyun_new: [room.id],
      aliyun_old: [room.id],
      rong_cloud: [room.id],
    });
    expect(paramsOf(vendors, "CreateMessageGroup")).toMatchObject([{ AppId: "old-app", CreatorId: "t1" }]);
    expect(paramsOf(vendors, "CreateLiveMessageGroup")).toEqual([
      expect.objectContaining({ AppId: "demoapp", GroupId: room.id, GroupName: "Maths", CreatorId: "t1" }),
    ]);
    expect([...(vendors.rong.groups.get(room.id)?.members ?? [])]).toEqual(
      expect.arrayContaining(["t1", "e1", "e2"]),
    );
    expect(vendors.failedChecks()).toEqual([]);
  });

  it("everybody gets a login for each of them, from those that issue them", async () => {
    await using vendors = await openVendors();
    const { room, examinee } = await openRoom(vendors);
    const sent = { userId: "e1", roomId: room.id, deviceId: "art-1", deviceType: "web", imServer: ALL };
    const tokens = dataOf(await examinee.post("v2/getIMToken", sent));
    expect(tokens.aliyunNewIm).toMatchObject({ appId: "demoapp", auth: { userId: "e1" } });
    const { accessToken, refreshToken } = tokens.aliyunOldIm;
    expect(vendors.live.oldTokens.get(accessToken)).toMatchObject({ userId: "e1", refreshToken });
    expect(accessToken).not.toBe(refreshToken);
    expect(tokens.rongToken).toContain("e1");
    const older = dataOf(await examinee.post("getIMToken", sent));
    expect(vendors.live.oldTokens.get(older.accessToken)?.userId).toBe("e1");
    expect(vendors.failedChecks()).toEqual([]);
  });

  it("an examinee's credentials let it put its own recordings, and nothing else", async () => {
    await using vendors = await openVendors();
    const { room, examinee } = await openRoom(vendors);
    const query = { examId: room.examId, mode: "OSS" };
    const credentials = dataOf(await examinee.get("getOssConfig", query));
    const path = (name: string) => `record/local/${name}/1.mp4`;
    const own = path(vendors.nameOf(room, "e1"));
    expect(credentials).toMatchObject({ region: "oss-cn-hangzhou", bucket: "recordings" });
    expect(vendors.sts.mayPut(credentials, own)).toBe(true);
    expect(vendors.sts.mayPut(credentials, path(vendors.nameOf(room, "e1", "pc")))).toBe(true);
    for (const other of [
      path(vendors.nameOf(room, "e2")),
      path(vendors.nameOf({ ...room, id: "another" }, "e1")),
      `record/local/${vendors.nameOf(room, "e1")}/../${vendors.nameOf(room, "e2")}/1.mp4`,
    ])
      expect(vendors.sts.mayPut(credentials, other)).toBe(false);
    const vod = dataOf(await examinee.get("getOssConfig", { ...query, mode: "VOD" }));
    expect(vendors.sts.may(vod, "vod:CreateUploadVideo", "*")).toBe(true);
    expect(vendors.sts.may(vod, "vod:DeleteVideo", "*")).toBe(false);
    expect(vendors.failedChecks()).toEqual([]);
  });

  it("what the stream service reports in order, repeated and late is told at all of them, once", async () => {
    await using vendors = await openVendors();
    const { room, teacher } = await openRoom(vendors);
    vendors.live.join(room.id, "t1");
    const id = vendors.nameOf(room, "e1");
    const time = now() - 100;
    await vendors.streams.reportManyTimes({ action: "publish", id, time });
    await vendors.streams.report({ action: "publish_done", id, time: time + 20 });
    await vendors.streams.report({ action: "publish", id, time: time + 10 });
    await vendors.services.queue.drain(DRAIN_MS);
    const expected = [20_001, 20_000].map((type) => ({ type, data: '{"userId":"e1"}' }));
    expect(
      vendors.live.groups.get(room.id)?.messages.map(({ type, body }) => ({ type, data: body })),
    ).toEqual(expected);
    expect(
      vendors.live.oldGroups.get(room.id)?.messages.map(({ type, body }) => ({ type, data: body })),
    ).toEqual(expected);
    expect(vendors.rong.messages.map(({ objectName, content }) => [objectName, content])).toEqual([
      ["ART:StreamPublish", '{"userId":"e1"}'],
      ["ART:StreamStop", '{"userId":"e1"}'],
    ]);
    const [first] = dataOf(await teacher.get("userList", { roomId: room.id }));
    expect(first).toMatchObject({ id: "e1", publishStatus: 2 });
    expect(vendors.failedChecks()).toEqual([]);
  });

  it("its groups are deleted two minutes after a room has ended, where that can be", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await using vendors = await openVendors();
    const { room, teacher } = await openRoom(vendors);
    expect(dataOf(await teacher.get("endRoom", { roomId: room.id }))).toBe(true);
    await vendors.services.queue.drain(DRAIN_MS);
    expect(vendors.groups().aliyun_new).toEqual([room.id]);
    vi.setSystemTime(Date.now() + 120_000);
    await vendors.services.queue.drain(DRAIN_MS);
    // The older service has no such call.
    expect(vendors.groups()).toEqual({ aliyun_new: [], aliyun_old: [room.id], rong_cloud: [] });
    expect(vendors.failedChecks()).toEqual([]);
  });
});

describe("a vendor that fails", () => {
  const rongFails = (fault: Parameters<Vendors["rong"]["fault"]>[1]) => (vendors: Vendors) => {
    vendors.rong.fault("main", fault);
    vendors.rong.fault("spare", fault);
  };
  const aliyunFails = (fault: Parameters<Vendors["live"]["fail"]>[0], action: string) => (vendors: Vendors) =>
    vendors.live.fail(fault, { action });
  const heal = (vendors: Vendors): void => {
    vendors.live.heal();
    vendors.sts.heal();
    rongFails(undefined)(vendors);
  };

  const faults: readonly [service: string, fault: string, fail: (vendors: Vendors) => void][] = [
    ...(["hang", "error", "throttle", "nonsense", "wrong", "signature", "reset"] as const).flatMap((fault) =>
      (
        [
          ["aliyun_new", "CreateLiveMessageGroup"],
          ["aliyun_old", "CreateMessageGroup"],
        ] as const
      ).map(
        ([service, action]) =>
          [service, fault, aliyunFails(fault, action)] as [string, string, (vendors: Vendors) => void],
      ),
    ),
    ...(["hang", "500", "throttle", "no JSON", "bad signature", "reset"] as const).map(
      (fault) => ["rong_cloud", fault, rongFails(fault)] as [string, string, (vendors: Vendors) => void],
    ),
  ];
  it.each(sample(faults, 3))("leaves no room behind: %s, %s", async (service, fault, fail) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await using vendors = await openVendors(patience(fault));
    const admin = await vendors.token({ sub: "t1", role: "admin" });
    const client = rest(vendors, admin);
    fail(vendors);
    const sent = { name: "Maths", imServer: ALL };
    const { details, ...body } = (await client.post("v2/createRoom", sent)).body;
    expect(body).toMatchObject({ success: false, errorCode: "502", reason: "PROVIDER_FAILED" });
    expect(body.errorMsg).toContain(service);
    expect(details).toMatchObject({ provider: service });
    // Teachers do not see the vendor's error.
    const teacher = rest(vendors, await vendors.token({ sub: "t1", role: "teacher" }));
    refusalOf(await teacher.post("v2/createRoom", sent), 502, "PROVIDER_FAILED");
    expect((await trpc(vendors, admin).query("room.list", {})).data.rooms).toEqual([]);

    heal(vendors);
    // After the pause of the open circuit breaker.
    vi.setSystemTime(Date.now() + PAUSE_MS);
    await vendors.services.queue.drain(DRAIN_MS);
    const { aliyun_new, rong_cloud } = vendors.groups();
    expect({ aliyun_new, rong_cloud }).toEqual({ aliyun_new: [], rong_cloud: [] });
    // The service works again as soon as the vendor does.
    expect(dataOf(await client.post("v2/createRoom", sent)).name).toBe("Maths");
  });

  it.each(sample(["hang", "error", "throttle", "nonsense", "wrong", "signature", "reset"] as const, 3, 1))(
    "issues no credentials: %s",
    async (fault) => {
      await using vendors = await openVendors(patience(fault));
      const { room, examinee } = await openRoom(vendors);
      vendors.sts.fail(fault);
      const query = { examId: room.examId };
      refusalOf(await examinee.get("getOssConfig", query), 502, "PROVIDER_FAILED");
      heal(vendors);
      expect(dataOf(await examinee.get("getOssConfig", query)).bucket).toBe("recordings");
    },
  );
});
