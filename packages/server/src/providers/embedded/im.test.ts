import { createHash } from "node:crypto";
import { aliyunNewTokenSchema, type DropInLogin } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { aliyunNewToken } from "../aliyun/im-token.js";
import { createEmbeddedIm } from "./im.js";

describe("the built-in message service", () => {
  const fixture = { url: "http://127.0.0.1:7001", nonces: 0 };
  const im = createEmbeddedIm({
    appKey: "own-key",
    clock: () => new Date(1_000_000),
    nonce: () => {
      fixture.nonces += 1;
      return `n${fixture.nonces}`;
    },
    publicUrl: () => fixture.url,
  });
  const issue = () => im.issueToken({ userId: "s1", role: "" });
  const addressIn = (appSign: string): unknown => JSON.parse(Buffer.from(appSign, "base64url").toString());

  it("signs like the vendor's service, with its own app and key", async () => {
    const { appSign, ...token } = await issue();
    const auth = {
      userId: "s1",
      nonce: `AK-n${fixture.nonces}`,
      timestamp: 1000 + 172_800,
      role: "",
    } as const;
    const { appSign: _, ...expected } = aliyunNewToken(
      { appId: "invigil", appKey: "own-key", appSign },
      auth,
    );
    expect(token).toEqual(expected);
    expect(aliyunNewTokenSchema.parse({ ...token, appSign })).toEqual({ ...token, appSign });
  });

  it("never issues a nonce twice", async () => {
    expect((await issue()).auth.nonce).not.toBe((await issue()).auth.nonce);
  });

  it("returns the current address", async () => {
    expect(addressIn((await issue()).appSign)).toEqual({ v: 1, url: "http://127.0.0.1:7001" });
    fixture.url = "https://exam.example";
    expect(addressIn((await issue()).appSign)).toEqual({ v: 1, url: "https://exam.example" });
  });

  it("creates a room's group without a call", async () => {
    const group = { groupId: "g", name: "Maths", creatorId: "t1", members: ["t1"] };
    expect(await im.createGroup(group)).toEqual({ groupId: "g" });
  });
});

describe("a login of the built-in message service", () => {
  const NOW = 1_702_198_672;
  const im = (now = NOW) =>
    createEmbeddedIm({
      appKey: "own-key",
      clock: () => new Date(now * 1000),
      nonce: () => "0123456789abcdef0123456789abcdef",
      publicUrl: () => "http://127.0.0.1:7001",
    });
  /** An issued login with fixed values, so that its signature never changes. */
  const issued: DropInLogin = {
    appId: "invigil",
    appToken: "0154b444592bbc127b6678e7edc0ba5888201eac616dc0419588091ac5dbbfa5",
    auth: {
      userId: "pc_s1",
      nonce: "AK-0123456789abcdef0123456789abcdef",
      timestamp: NOW + 172_800,
      role: "admin",
    },
  };
  const signed = (login: DropInLogin): DropInLogin => {
    const { userId, nonce, timestamp, role } = login.auth;
    const text = `${login.appId}own-key${userId}${nonce}${timestamp}${role}`;
    return { ...login, appToken: createHash("sha256").update(text).digest("hex") };
  };
  const withAuth = (auth: Partial<DropInLogin["auth"]>): DropInLogin => ({
    ...issued,
    auth: { ...issued.auth, ...auth },
  });

  it("is valid until its timestamp", async () => {
    const { appSign: _, ...login } = await im().issueToken({ userId: "pc_s1", role: "admin" });
    expect(login).toEqual(issued);
    const until = new Date((NOW + 172_800) * 1000);
    expect(im().verify?.(issued)).toEqual(until);
    expect(im(NOW + 172_799).verify?.(issued)).toEqual(until);
    expect(im(NOW + 172_800).verify?.(issued)).toBeUndefined();
    // The clock of the issuing server was ahead.
    expect(im(NOW - 60).verify?.(issued)).toEqual(until);
    expect(im(NOW - 61).verify?.(issued)).toBeUndefined();
  });

  it.each([
    { appToken: "" },
    { appToken: issued.appToken.toUpperCase() },
    { appToken: issued.appToken.slice(1) },
    { appToken: `${issued.appToken}0` },
    { appToken: "é".repeat(64) },
    { appId: "another" },
  ])("is refused with %j", (different) => {
    expect(im().verify?.({ ...issued, ...different })).toBeUndefined();
  });

  it.each([
    { userId: "pc_s2" },
    { userId: "s1" },
    { nonce: "AK-0123456789abcdef0123456789abcdee" },
    { timestamp: NOW + 172_801 },
    { role: "" as const },
  ])("is refused for the unsigned value %j", (different) => {
    expect(im().verify?.(withAuth(different))).toBeUndefined();
  });

  it.each(["", "AK-", "0123", "ak-0123", "AK-01 23", "AK-0123-4", `AK-${"0".repeat(62)}`])(
    "is refused with the signed nonce %j",
    (nonce) => {
      expect(im().verify?.(signed(withAuth({ nonce })))).toBeUndefined();
    },
  );

  it("of one app is not valid for another", () => {
    const other = signed({ ...issued, appId: "another" });
    expect(im().verify?.(other)).toBeUndefined();
  });

  it("refuses other parts that result in the same signed text", () => {
    // A digit moved from the nonce to the time, which then is centuries ahead.
    const nonce = "AK-0123456789abcdef0123456789abcde1";
    const honest = signed(withAuth({ nonce }));
    const later = withAuth({ nonce: nonce.slice(0, -1), timestamp: Number(`1${NOW + 172_800}`) });
    expect(signed(later).appToken).toBe(honest.appToken);
    expect(im().verify?.(honest)).toBeDefined();
    expect(im().verify?.({ ...later, appToken: honest.appToken })).toBeUndefined();
    // The end of a user id moved to the nonce, for the login of another person.
    const long = signed(withAuth({ userId: "s1AK-7" }));
    const short = withAuth({ userId: "s1", nonce: `AK-7${issued.auth.nonce}` });
    expect(signed(short).appToken).toBe(long.appToken);
    expect(im().verify?.(long)).toBeDefined();
    expect(im().verify?.({ ...short, appToken: long.appToken })).toBeUndefined();
  });
});
