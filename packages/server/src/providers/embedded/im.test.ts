import { aliyunNewTokenSchema } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { aliyunNewToken } from "../aliyun/im-token.js";
import { createEmbeddedIm } from "./im.js";

describe("the built-in message service", () => {
  const world = { url: "http://127.0.0.1:7001", nonces: 0 };
  const im = createEmbeddedIm({
    appKey: "own-key",
    clock: () => new Date(1_000_000),
    nonce: () => {
      world.nonces += 1;
      return `n${world.nonces}`;
    },
    publicUrl: () => world.url,
  });
  const issue = () => im.issueToken({ userId: "s1", role: "" });
  const addressIn = (appSign: string): unknown => JSON.parse(Buffer.from(appSign, "base64url").toString());

  it("signs like the vendor's, with its own app and key", async () => {
    const { appSign, ...token } = await issue();
    const auth = { userId: "s1", nonce: `AK-n${world.nonces}`, timestamp: 1000 + 172_800, role: "" } as const;
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

  it("says where to connect, as it is when asked", async () => {
    expect(addressIn((await issue()).appSign)).toEqual({ v: 1, url: "http://127.0.0.1:7001" });
    world.url = "https://exam.example";
    expect(addressIn((await issue()).appSign)).toEqual({ v: 1, url: "https://exam.example" });
  });

  it("makes a room's group without asking anybody", async () => {
    const group = { groupId: "g", name: "Maths", creatorId: "t1", members: ["t1"] };
    expect(await im.createGroup(group)).toEqual({ groupId: "g" });
  });
});
