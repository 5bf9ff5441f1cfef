import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authKey, createStreamSigner, type StreamSettings } from "./stream-signer.js";

const settings: StreamSettings = {
  pushDomain: "push.example",
  pushKey: "push-key",
  pullDomain: "pull.example",
  pullKey: "pull-key",
  app: "live",
  ttlSeconds: 604_800,
  transcodeSuffix: "_240p",
};
const clock = () => new Date("2024-03-18T17:00:53.999+08:00");
const EXPIRY = Math.floor(clock().getTime() / 1000) + 604_800;
const owner = { examId: "e-1", roomId: "r1", userId: "u.1", camera: "main" } as const;
const signer = createStreamSigner(settings, clock);

describe("authKey", () => {
  it.each([
    ["/video/standard", 1_622_194_197, "aliyunliveexp1234", "5552ff52b5e4e20387c6dc18afce206b"],
    ["/video/standard/test.mp4", 1_627_747_200, "aliyunvodexp1234", "0e9048c8c7de46b6015618f42de79bc2"],
  ])("signs %s as the vendor's documents do", (uri, expiry, key, md5) => {
    expect(authKey(uri, expiry, key)).toBe(`${expiry}-0-0-${md5}`);
  });
});

describe("stream URLs", () => {
  it("are the vendor's form, for both cameras", () => {
    const urls = (path: string, twin = "") => ({
      pushUrl: `artc://push.example/live/${path}?${twin}auth_key=${authKey(`/live/${path}`, EXPIRY, "push-key")}`,
      pullUrl: `artc://pull.example/live/${path}?auth_key=${authKey(`/live/${path}`, EXPIRY, "pull-key")}`,
      lowPullUrl: `artc://pull.example/live/${path}_240p?auth_key=${authKey(`/live/${path}_240p`, EXPIRY, "pull-key")}`,
    });
    expect(signer.urls(owner, { twin: false })).toEqual(urls("e-1-r1-u.1"));
    expect(signer.urls({ ...owner, camera: "pc" }, { twin: true })).toEqual(
      urls("e-1-r1-u.1_pc", "grtn_twin_rtmp=on&"),
    );
  });

  it("stay the same, byte for byte", () => {
    const { pushUrl, lowPullUrl } = signer.urls({ ...owner, camera: "pc" }, { twin: true });
    expect(pushUrl).toBe(
      "artc://push.example/live/e-1-r1-u.1_pc?grtn_twin_rtmp=on&auth_key=1711357253-0-0-da795a1e232c74d4495a5b7fd97d8ae0",
    );
    expect(lowPullUrl).toBe(
      "artc://pull.example/live/e-1-r1-u.1_pc_240p?auth_key=1711357253-0-0-da0283f8bfcb71bc3816e71b72480567",
    );
  });

  it("carry the transcode suffix that is set", () => {
    const { lowPullUrl } = createStreamSigner({ ...settings, transcodeSuffix: "_low" }, clock).urls(owner, {
      twin: false,
    });
    expect(new URL(lowPullUrl).pathname).toMatch(/_low$/);
  });

  const id = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/);
  const anyOwner = fc.record({
    examId: id,
    roomId: id,
    userId: id,
    camera: fc.constantFrom("main" as const, "pc" as const),
  });

  it("verify at the vendor: the key signs exactly the path that is asked for, and only there", () => {
    fc.assert(
      fc.property(
        anyOwner,
        fc.boolean(),
        fc.integer({ min: 60, max: 31_536_000 }),
        (one, twin, ttlSeconds) => {
          const urls = createStreamSigner({ ...settings, ttlSeconds }, clock).urls(one, { twin });
          for (const [name, key] of [
            ["pushUrl", "push-key"],
            ["pullUrl", "pull-key"],
            ["lowPullUrl", "pull-key"],
          ] as const) {
            const url = new URL(urls[name]);
            const [expiry, rand, uid, md5] = url.searchParams.get("auth_key")?.split("-") ?? [];
            const signed = `${url.pathname}-${expiry}-${rand}-${uid}-${key}`;
            expect(md5).toBe(createHash("md5").update(signed).digest("hex"));
            expect(Number(expiry)).toBe(Math.floor(clock().getTime() / 1000) + ttlSeconds);
            expect(url.searchParams.get("grtn_twin_rtmp")).toBe(twin && name === "pushUrl" ? "on" : null);
          }
        },
      ),
    );
  });
});
