import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SignedStreams } from "../types.js";
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
/** The end of the lifetime, rounded up to a whole minute. */
const EXPIRY = 1_711_357_260;
const room = { examId: "e-1", roomId: "r1" } as const;
const USER = "u.1";
const signer = createStreamSigner(settings, clock);
const allUrls = ({ main, pc }: SignedStreams) => [main, pc].flatMap((urls) => Object.values(urls));
const expiryOf = (url: string) => Number(new URL(url).searchParams.get("auth_key")?.split("-")[0]);

describe("authKey", () => {
  it.each([
    ["/video/standard", 1_622_194_197, "aliyunliveexp1234", "5552ff52b5e4e20387c6dc18afce206b"],
    ["/video/standard/test.mp4", 1_627_747_200, "aliyunvodexp1234", "0e9048c8c7de46b6015618f42de79bc2"],
  ])("signs %s like the vendor's documentation", (uri, expiry, key, md5) => {
    expect(authKey(uri, expiry, key)).toBe(`${expiry}-0-0-${md5}`);
  });
});

describe("stream URLs", () => {
  it("have the vendor's format for both cameras", () => {
    const urls = (path: string, twin = "") => ({
      pushUrl: `artc://push.example/live/${path}?${twin}auth_key=${authKey(`/live/${path}`, EXPIRY, "push-key")}`,
      pullUrl: `artc://pull.example/live/${path}?auth_key=${authKey(`/live/${path}`, EXPIRY, "pull-key")}`,
      lowPullUrl: `artc://pull.example/live/${path}_240p?auth_key=${authKey(`/live/${path}_240p`, EXPIRY, "pull-key")}`,
    });
    expect(signer.inRoom(room, { twin: false })(USER).main).toEqual(urls("e-1-r1-u.1"));
    expect(signer.inRoom(room, { twin: true })(USER).pc).toEqual(urls("e-1-r1-u.1_pc", "grtn_twin_rtmp=on&"));
  });

  it("stay the same, byte for byte", () => {
    const { pushUrl, lowPullUrl } = signer.inRoom(room, { twin: true })(USER).pc;
    expect(pushUrl).toBe(
      "artc://push.example/live/e-1-r1-u.1_pc?grtn_twin_rtmp=on&auth_key=1711357260-0-0-78214e2e14d1add83d90b5924a78ba67",
    );
    expect(lowPullUrl).toBe(
      "artc://pull.example/live/e-1-r1-u.1_pc_240p?auth_key=1711357260-0-0-8fd6555ce18e0e67a223aa977af2030d",
    );
  });

  it("for browsers are those of the configured templates, signed like the others", () => {
    const players = {
      hlsUrl: "https://hls.example/{app}/{stream}.m3u8",
      whepUrl: "https://rtc.example/rtc/v1/whep/?app={app}&stream={stream}",
    };
    const { main, pc } = createStreamSigner({ ...settings, ...players }, clock).inRoom(room, { twin: true })(
      USER,
    );
    expect(main.hlsUrl).toBe(
      "https://hls.example/live/e-1-r1-u.1.m3u8?auth_key=1711357260-0-0-60091a9989892b9f561cfc54852138f5",
    );
    expect(pc.lowHlsUrl).toBe(
      "https://hls.example/live/e-1-r1-u.1_pc_240p.m3u8?auth_key=1711357260-0-0-b3c3c273a197085b41761bf36a3a7e1e",
    );
    expect(main.whepUrl).toBe(
      "https://rtc.example/rtc/v1/whep/?app=live&stream=e-1-r1-u.1&auth_key=1711357260-0-0-2bd4b91a6a112b14bf2f348a496c9b1d",
    );
    expect(pc.lowWhepUrl).toBe(
      "https://rtc.example/rtc/v1/whep/?app=live&stream=e-1-r1-u.1_pc_240p&auth_key=1711357260-0-0-2bd4b91a6a112b14bf2f348a496c9b1d",
    );
    expect(Object.keys(signer.inRoom(room, { twin: true })(USER).main)).toEqual([
      "pushUrl",
      "pullUrl",
      "lowPullUrl",
    ]);
  });

  it("have the configured transcode suffix", () => {
    const { main } = createStreamSigner({ ...settings, transcodeSuffix: "_low" }, clock).inRoom(room, {
      twin: false,
    })(USER);
    expect(new URL(main.lowPullUrl).pathname).toMatch(/_low$/);
  });

  const id = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/);
  const anyOwner = fc.record({ examId: id, roomId: id, userId: id });
  const anyMoment = fc
    .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
    .map((date) => date.getTime());
  const anyTtl = fc.integer({ min: 60, max: 31_536_000 });
  const URLS = [
    ["pushUrl", "push-key"],
    ["pullUrl", "pull-key"],
    ["lowPullUrl", "pull-key"],
  ] as const;

  it("are valid at the vendor for exactly their path", () => {
    fc.assert(
      fc.property(
        anyOwner,
        fc.boolean(),
        anyMoment,
        anyTtl,
        ({ userId, ...where }, twin, now, ttlSeconds) => {
          const signed = createStreamSigner({ ...settings, ttlSeconds }, () => new Date(now));
          for (const urls of Object.values(signed.inRoom(where, { twin })(userId)))
            for (const [name, key] of URLS) {
              const url = new URL(urls[name]);
              const [expiry, rand, uid, md5] = url.searchParams.get("auth_key")?.split("-") ?? [];
              const text = `${url.pathname}-${expiry}-${rand}-${uid}-${key}`;
              expect(md5).toBe(createHash("md5").update(text).digest("hex"));
              expect(url.searchParams.get("grtn_twin_rtmp")).toBe(twin && name === "pushUrl" ? "on" : null);
            }
        },
      ),
    );
  });

  it("are valid for the configured lifetime plus less than a minute", () => {
    fc.assert(
      fc.property(anyMoment, anyTtl, (now, ttlSeconds) => {
        const signed = createStreamSigner({ ...settings, ttlSeconds }, () => new Date(now));
        const { pushUrl, pullUrl, lowPullUrl } = signed.inRoom(room, { twin: true })(USER).pc;
        for (const url of [pushUrl, pullUrl, lowPullUrl]) {
          const validFor = expiryOf(url) * 1000 - now;
          expect(validFor).toBeGreaterThanOrEqual(ttlSeconds * 1000);
          expect(validFor).toBeLessThan((ttlSeconds + 60) * 1000);
        }
      }),
    );
  });
});

describe("streams signed before", () => {
  const MINUTE = 60_000;
  const start = new Date("2024-03-18T17:00:00.001+08:00").getTime();
  const openSigner = ({ remembered, ...changed }: Partial<StreamSettings> & { remembered?: number } = {}) => {
    let now = start;
    const memory = createStreamSigner({ ...settings, ...changed }, () => new Date(now), remembered);
    return {
      at: (moment: number) => {
        now = moment;
      },
      urls: (userId = USER, twin = true, where: { examId: string; roomId: string } = room) =>
        memory.inRoom(where, { twin })(userId),
    };
  };

  it("are the same within a minute, and different in the next", () => {
    const { at, urls } = openSigner();
    const first = urls();
    at(start + MINUTE - 1);
    expect(urls()).toBe(first);
    at(start + MINUTE);
    const next = urls();
    expect(expiryOf(next.main.pushUrl)).toBe(expiryOf(first.main.pushUrl) + 60);
    expect(new Set([first, next].flatMap(allUrls)).size).toBe(12);
  });

  it("are different if the clock is set back", () => {
    const { at, urls } = openSigner();
    at(start + MINUTE);
    const later = urls();
    at(start);
    expect(expiryOf(urls().main.pullUrl)).toBe(expiryOf(later.main.pullUrl) - 60);
  });

  it("belong to the minute in which the room was requested", () => {
    let now = start;
    const memory = createStreamSigner(settings, () => new Date(now));
    const earlier = memory.inRoom(room, { twin: true });
    now += MINUTE;
    memory.inRoom(room, { twin: true });
    const early = earlier(USER);
    expect(expiryOf(early.pc.pullUrl)).toBe(
      expiryOf(memory.inRoom(room, { twin: true })(USER).pc.pullUrl) - 60,
    );
  });

  it("are different for each person, room, exam and twin", () => {
    const { urls } = openSigner();
    const asked = [
      () => urls(),
      () => urls("u.2"),
      () => urls(USER, false),
      () => urls(USER, true, { ...room, roomId: "r2" }),
      () => urls(USER, true, { ...room, examId: "e-2" }),
    ];
    const once = asked.map((ask) => ask());
    expect(asked.map((ask) => ask())).toEqual(once);
    expect(new Set(once.map(({ main }) => main.pushUrl)).size).toBe(asked.length);
  });

  it("depend on the domains, keys, app and suffix of the signer", () => {
    const signers = [
      {},
      { pushDomain: "other.example" },
      { pullDomain: "other.example" },
      { pushKey: "other" },
      { pullKey: "other" },
      { app: "other" },
      { transcodeSuffix: "_other" },
    ];
    const urls = signers.map((changed) => JSON.stringify(openSigner(changed).urls()));
    expect(new Set(urls).size).toBe(signers.length);
  });

  it("are immutable", () => {
    const signed = openSigner().urls();
    for (const part of [signed, signed.main, signed.pc]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("are cached for a limited number of people per minute", () => {
    const { at, urls } = openSigner({ remembered: 2 });
    const other = { ...room, roomId: "r2" };
    const ask = () => [
      urls("a"),
      urls("b", true, other),
      urls("c"),
      urls("d", true, { ...room, roomId: "r3" }),
    ];
    for (const moment of [start, start + MINUTE]) {
      at(moment);
      const first = ask();
      const again = ask();
      expect(again).toEqual(first);
      expect(again.map((one, index) => one === first[index])).toEqual([true, true, false, false]);
    }
  });
});
