import { expect, it } from "vitest";
import { verdictOf } from "./connection-test.js";
import { browserOf, deviceFaultOf, pictureOf } from "./devices.js";
import { BEST, LOWEST_LEVEL, nextQuality, type Sample, sampleOf, sentOf } from "./quality.js";

const GOOD: Sample = { lost: 0, isStarved: false };
const after = (samples: readonly Sample[], from = BEST) => samples.reduce(nextQuality, from);
const times = (count: number, sample: Sample) => Array.from({ length: count }, () => sample);

it("the picture becomes smaller while packets are lost or the network is slow, and larger again later", () => {
  expect(after([{ lost: 0.2, isStarved: false }, GOOD]).level).toBe(0);
  for (const bad of [
    { lost: 0.2, isStarved: false },
    { lost: 0, isStarved: true },
  ])
    expect(after(times(2, bad)).level).toBe(1);
  const worst = after(times(50, { lost: 0.5, isStarved: true }));
  expect(worst.level).toBe(LOWEST_LEVEL);
  expect(after(times(5, GOOD), worst).level).toBe(LOWEST_LEVEL);
  expect(after(times(6, GOOD), worst).level).toBe(LOWEST_LEVEL - 1);
  expect(after(times(60, GOOD), worst).level).toBe(0);
});

it("reads what browsers report, and takes what they leave out for good", () => {
  expect(sampleOf([])).toEqual(GOOD);
  const entries = [
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", localCandidateId: "l" },
    { id: "l", type: "local-candidate", protocol: "tcp" },
    { id: "v", type: "outbound-rtp", kind: "video", bytesSent: 900, qualityLimitationReason: "bandwidth" },
    { id: "a", type: "outbound-rtp", kind: "audio", bytesSent: 100 },
    { id: "r", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.25 },
  ];
  expect(sampleOf(entries)).toEqual({ lost: 0.25, isStarved: true });
  expect(sentOf(entries)).toEqual({ bytes: 1000, protocol: "tcp" });
});

it("a connection passes by either way that is not slow, however little the picture needs", () => {
  const way = (kbps: number | undefined, isSlow = false) => ({ kbps, isSlow });
  const verdict = (udp: ReturnType<typeof way>, tcp: ReturnType<typeof way>) =>
    verdictOf({ udp: { transport: "udp", ...udp }, tcp: { transport: "tcp", ...tcp } });
  expect([
    verdict(way(300), way(200)),
    verdict(way(undefined), way(20)),
    verdict(way(300, true), way(200)),
  ]).toEqual(["passed", "passed", "passed"]);
  expect(verdict(way(300, true), way(undefined))).toBe("slow");
  expect(verdict(way(undefined), way(undefined))).toBe("blocked");
});

it("tells refused, busy and absent devices apart, as each browser names them", () => {
  const fault = (name: string) => deviceFaultOf(new DOMException("", name));
  expect(
    ["NotAllowedError", "NotReadableError", "AbortError", "NotFoundError", "Strange"].map(fault),
  ).toEqual(["refused", "busy", "busy", "absent", "other"]);
});

it.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "chrome",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
    "safari",
  ],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "ios"],
  ["curl/8", "other"],
])("%s is %s", (agent, browser) => {
  expect(browserOf(agent)).toBe(browser);
});

it("sends no more than the media server takes", () => {
  const data = { width: 1280, height: 720, frameRate: 30, maxBitrate: 4000 };
  expect(pictureOf({ name: "HD", data })).toEqual({ ...data, maxBitrate: 1200 });
  expect(pictureOf(undefined).maxBitrate).toBeLessThanOrEqual(1200);
});
