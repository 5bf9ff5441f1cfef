import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Deps } from "../src/api/deps.js";
import { openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const ALL = ["aliyun_new", "aliyun_old", "rong_cloud"] as const;

describe("im.getToken", () => {
  it.each([
    // caller, their role, person, requested role, expected outcome
    ["examinee1", "examinee", "examinee1", undefined, "ok"],
    ["examinee1", "examinee", "pc_examinee1", undefined, "ok"],
    ["examinee1", "examinee", "pc_pc_examinee1", undefined, "FORBIDDEN"],
    ["examinee1", "examinee", "PC_examinee1", undefined, "FORBIDDEN"],
    ["examinee1", "examinee", "examinee2", undefined, "FORBIDDEN"],
    ["examinee1", "examinee", "teacher1", undefined, "FORBIDDEN"],
    ["examinee1", "examinee", "examinee1", "admin", "FORBIDDEN"],
    ["examinee1", "examinee", "examinee1", "", "ok"],
    ["inspector1", "inspector", "inspector1", undefined, "ok"],
    ["inspector1", "inspector", "inspector1", "admin", "FORBIDDEN"],
    ["teacher1", "teacher", "teacher1", "admin", "ok"],
    ["teacher1", "teacher", "pc_teacher1", "admin", "ok"],
    ["teacher1", "teacher", "examinee1", undefined, "FORBIDDEN"],
    ["root", "admin", "examinee1", undefined, "ok"],
    ["root", "admin", "pc_examinee1", "admin", "ok"],
    ["root", "admin", "somebody", "admin", "ok"],
  ] as const)("%s (%s) for %s as %j: %s", async (sub, role, userId, requestedRole, expected) => {
    await using fixture = await nextSchool();
    const sent = { roomId: fixture.room.id, userId, imServer: ["aliyun_new"], role: requestedRole };
    const answer = await rest(fixture, await fixture.token({ sub, role })).post("v2/getIMToken", sent);
    if (expected === "ok")
      expect(dataOf(answer).aliyunNewIm.auth).toMatchObject({ userId, role: requestedRole ?? "" });
    else refusalOf(answer, 403, expected);
  });

  it.each([
    [["aliyun_new"]],
    [["aliyun_new", "rong_cloud"]],
    [["rong_cloud", "aliyun_old", "aliyun_new"]],
  ] as const)("of %j leaves out what is not configured", async ([...imServer]) => {
    await using fixture = await nextSchool();
    const tokens = await fixture.teacher.im.getToken({ userId: "teacher1", imServer });
    expect(Object.keys(tokens)).toEqual(["aliyunNewIm"]);
  });

  it.each([[["rong_cloud"]], [["aliyun_old"]], [["aliyun_old", "rong_cloud"]]] as const)(
    "of %j is refused when none of them is configured, by name",
    async ([...imServer]) => {
      await using fixture = await nextSchool();
      const { reason, message } = await refused(
        fixture.teacher.im.getToken({ userId: "teacher1", imServer }),
      );
      expect(reason).toBe("PROVIDER_NOT_CONFIGURED");
      for (const name of imServer) expect(message).toContain(name);
    },
  );

  it("answers each service that is configured in its own member", async () => {
    const requests: unknown[] = [];
    const provider = <Token>(token: Token) => ({
      createGroup: ({ groupId }: { groupId: string }) => Promise.resolve({ groupId }),
      announce: () => Promise.resolve(),
      issueToken(request: object) {
        requests.push(request);
        return Promise.resolve(token);
      },
    });
    const change = (deps: Deps): Deps => ({
      ...deps,
      providers: {
        ...deps.providers,
        messages: {
          ...deps.providers.messages,
          aliyun_old: provider({ accessToken: "access", refreshToken: "refresh" }),
          rong_cloud: provider("rong"),
        },
      },
    });
    await using appFixture = await openAppFixture({ change });
    const token = await appFixture.token({ sub: "t1", role: "teacher" });
    const sent = { userId: "pc_t1", deviceId: "d", deviceType: "pc", imServer: ALL };
    const v2 = dataOf(await rest(appFixture, token).post("v2/getIMToken", sent));
    expect(v2).toMatchObject({
      aliyunNewIm: { auth: { userId: "pc_t1" } },
      aliyunOldIm: { accessToken: "access", refreshToken: "refresh" },
      rongToken: "rong",
    });
    const request = { userId: "pc_t1", role: "", deviceId: "d", deviceType: "pc" };
    expect(requests).toEqual([request, request]);
    const onlyRong = await trpc(appFixture, token).mutate("im.getToken", {
      ...sent,
      imServer: ["rong_cloud"],
    });
    expect(onlyRong.data).toEqual({ rongToken: "rong" });
    // The older path has the fields of the older service at the top level.
    expect(dataOf(await rest(appFixture, token).post("getIMToken", sent))).toEqual({
      accessToken: "access",
      refreshToken: "refresh",
    });
    // Rooms can be created with all of them.
    const room = dataOf(await rest(appFixture, token).post("v2/createRoom", { name: "R", imServer: ALL }));
    expect(room.name).toBe("R");
  });

  it("signs with the configured account, and expires in two days", async () => {
    const aliyunIm = { appId: "app", appKey: "key", appSign: "sign" };
    await using fixture = await openExamsFixture({ config: { aliyunIm } });
    const { aliyunNewIm } = await fixture.teacher.im.getToken({
      userId: "teacher1",
      imServer: ["aliyun_new"],
      role: "admin",
    });
    const nonce = aliyunNewIm?.auth.nonce ?? "";
    const timestamp = Date.parse("2026-01-04T03:04:05Z") / 1000;
    expect(aliyunNewIm).toEqual({
      appId: "app",
      appSign: "sign",
      appToken: createHash("sha256").update(`appkeyteacher1${nonce}${timestamp}admin`).digest("hex"),
      auth: {
        userId: "teacher1",
        nonce: expect.stringMatching(/^AK-[A-Za-z0-9]+$/),
        timestamp,
        role: "admin",
      },
    });
    expect(Buffer.byteLength(nonce)).toBeLessThanOrEqual(64);
  });

  it("never uses a nonce twice", async () => {
    await using fixture = await nextSchool();
    const nonces = new Set<string | undefined>();
    for (let n = 0; n < 20; n++) {
      const tokens = await fixture.teacher.im.getToken({ userId: "teacher1", imServer: ["aliyun_new"] });
      nonces.add(tokens.aliyunNewIm?.auth.nonce);
    }
    expect(nonces.size).toBe(20);
  });

  it("still answers for a room that has ended", async () => {
    await using fixture = await nextSchool();
    const roomId = fixture.room.id;
    await fixture.teacher.room.end({ roomId });
    const call = fixture.teacher.im.getToken({ roomId, userId: "teacher1", imServer: ["aliyun_new"] });
    expect(await reasonOf(call)).toBe("ok");
  });

  it("tells the script of the built-in service where this server is", async () => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    const { aliyunNewIm } = await fixture.teacher.im.getToken({
      userId: "teacher1",
      imServer: ["aliyun_new"],
    });
    const sign = JSON.parse(Buffer.from(aliyunNewIm?.appSign ?? "", "base64url").toString());
    expect(sign).toMatchObject({ url });
  });
});

describe("room.create asks its providers for a group first", () => {
  it("once for each service, by the room's own id", async () => {
    const groups: unknown[] = [];
    await using appFixture = await openAppFixture({
      change: (deps) => ({
        ...deps,
        providers: {
          ...deps.providers,
          messages: {
            ...deps.providers.messages,
            rong_cloud: {
              createGroup(group) {
                groups.push(group);
                return Promise.resolve({ groupId: group.groupId });
              },
              announce: () => Promise.resolve(),
              issueToken: () => Promise.resolve("rong"),
            },
          },
        },
      }),
    });
    const client = rest(appFixture, await appFixture.token({ sub: "t1", role: "teacher" }));
    const imServer = ["rong_cloud", "aliyun_new", "rong_cloud"];
    const room = dataOf(await client.post("v2/createRoom", { name: "R", imServer }));
    expect(groups).toEqual([{ groupId: room.id, name: "R", creatorId: "t1", members: ["t1"] }]);
    expect(room.imGroupId).toBe(room.id);
  });
});
