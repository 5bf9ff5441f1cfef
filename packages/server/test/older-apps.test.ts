import { createHash } from "node:crypto";
import { aliyunNewTokenSchema } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { rooms } from "../src/storage/tables.js";
import { openAliyunLive } from "./simulators/aliyun-live.js";
import { aliyunConfig, IM_APP, KEY } from "./support/aliyun.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { given, kept } from "./support/secrets.js";
import { readRows } from "./support/tables.js";

// Apps with older SDKs do not name a message service.

const DEVICE = { deviceId: "art-1", deviceType: "web" };
const clientOf = async (fixture: AppFixture, sub = "t1") =>
  rest(fixture, await fixture.token({ sub, role: "teacher" }));
/** The services of each room, by the name of the room. */
const servicesOf = async ({ db }: AppFixture) =>
  (await readRows(db, query.select().from(rooms).orderBy(rooms.name))).map(({ imServer }) => imServer);

describe("without the vendor's older service", () => {
  /** The token equals `aliyunNewIm` in the response of v2/getIMToken, as text. */
  const loginIn = (text: string) =>
    aliyunNewTokenSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString()));

  it.each([
    ["the built-in service", {}, { appId: "invigil", appKey: kept("im-key") }],
    ["the vendor's new one", { aliyunIm: IM_APP }, IM_APP],
  ] as const)("getIMToken answers two logins of %s that the server can verify", async (_, config, app) => {
    await using fixture = await openAppFixture({ config });
    const { accessToken, refreshToken } = dataOf(
      await (await clientOf(fixture)).post("getIMToken", { userId: "pc_t1", ...DEVICE }),
    );
    const logins = [loginIn(accessToken), loginIn(refreshToken)];
    for (const { appId, appToken, auth } of logins) {
      const { userId, nonce, timestamp, role } = auth;
      const signed = `${app.appId}${app.appKey}pc_t1${nonce}${timestamp}`;
      expect({ appId, userId, role }).toEqual({ appId: app.appId, userId: "pc_t1", role: "" });
      expect(timestamp).toBe(Date.parse("2026-01-04T03:04:05Z") / 1000);
      expect(appToken).toBe(createHash("sha256").update(signed).digest("hex"));
    }
    expect(logins[0]?.auth.nonce).not.toBe(logins[1]?.auth.nonce);
  });

  it("getIMToken needs no device, and refuses what it refuses by name", async () => {
    await using fixture = await openAppFixture();
    const client = await clientOf(fixture);
    dataOf(await client.post("getIMToken", { userId: "t1" }));
    refusalOf(await client.post("getIMToken", { userId: "t2", ...DEVICE }), 403, "FORBIDDEN");
  });

  it("createRoom makes a room of aliyun_new", async () => {
    await using fixture = await openAppFixture();
    dataOf(await (await clientOf(fixture)).post("createRoom", { name: "R" }));
    expect(await servicesOf(fixture)).toEqual([["aliyun_new"]]);
  });
});

describe("with the vendor's older service", () => {
  const open = async () => {
    const live = await openAliyunLive({ keys: [KEY] });
    const fixture = await openAppFixture({ config: aliyunConfig(live) });
    return {
      fixture,
      live,
      async [Symbol.asyncDispose]() {
        await fixture[Symbol.asyncDispose]();
        await live[Symbol.asyncDispose]();
      },
    };
  };

  it("getIMToken answers its two tokens, also over tRPC", async () => {
    await using older = await open();
    const { fixture, live } = older;
    const sent = { userId: "t1", ...DEVICE };
    expect(dataOf(await (await clientOf(fixture)).post("getIMToken", sent))).toEqual({
      accessToken: given("old-access-1"),
      refreshToken: given("old-refresh-1"),
    });
    const typed = trpc(fixture, await fixture.token({ sub: "t1", role: "teacher" }));
    expect((await typed.mutate("im.getToken", sent)).data).toEqual({
      aliyunOldIm: { accessToken: given("old-access-2"), refreshToken: given("old-refresh-2") },
    });
    expect(live.failedChecks).toEqual([]);
  });

  it.each([
    ["deviceId", { deviceId: undefined }],
    ["deviceType", { deviceType: "" }],
    ["deviceId", { deviceId: "ART" }],
  ])("getIMToken names what the service must have: %s in %o", async (field, change) => {
    await using older = await open();
    const client = await clientOf(older.fixture);
    const answer = await client.post("getIMToken", { userId: "t1", ...DEVICE, ...change });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(new RegExp(`^${field} `));
    expect(older.live.count()).toBe(0);
  });

  it("getIMToken refuses ids that the service has not", async () => {
    await using older = await open();
    const client = await clientOf(older.fixture, "T1");
    const answer = await client.post("getIMToken", { userId: "T1", ...DEVICE });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^userId must be at most 32 lower-case/);
  });

  it("createRoom makes its group there, and v2/createRoom where it is told to", async () => {
    await using older = await open();
    const { fixture, live } = older;
    const client = await clientOf(fixture);
    dataOf(await client.post("createRoom", { name: "A" }));
    dataOf(await client.post("v2/createRoom", { name: "B", imServer: ["aliyun_new"] }));
    expect(live.calls.map(({ action }) => action)).toEqual(["CreateMessageGroup", "CreateLiveMessageGroup"]);
    expect(await servicesOf(fixture)).toEqual([["aliyun_old"], ["aliyun_new"]]);
    expect(live.failedChecks).toEqual([]);
  });

  it("its failures are the documented error, with what it said for administrators only", async () => {
    await using older = await open();
    const { fixture, live } = older;
    live.fail("signature");
    const sent = { userId: "t1", ...DEVICE };
    const answer = await (await clientOf(fixture)).post("getIMToken", sent);
    // Only the envelope: the vendor's error is not shown to others.
    expect(refusalOf(answer, 502, "PROVIDER_FAILED")).toBe("The service aliyun_old refused the call.");
    const admin = rest(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const { body } = await admin.post("getIMToken", sent);
    expect(body).toMatchObject({
      reason: "PROVIDER_FAILED",
      details: { provider: "aliyun_old", action: "GetMessageToken", code: "SignatureDoesNotMatch" },
    });
  });
});
