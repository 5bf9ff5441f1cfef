import { describe, expect, it } from "vitest";
import { freshnessOf, mayBeStale, worst } from "./connection-freshness.js";
import { personState } from "./person.js";
import { atLocalTime, isoTimeOf, localTimeOf } from "./time-zone.js";

describe("what is heard", () => {
  it("is stale after 15 seconds of silence, although the connection looks open", () => {
    const at = (ms: number) => freshnessOf({ status: "live", heardAt: 0 }, ms);
    expect(at(14_999)).toEqual({ kind: "live", seconds: 14 });
    expect(at(15_000)).toEqual({ kind: "stale", seconds: 15 });
    expect(mayBeStale(at(14_999))).toBe(false);
    expect(mayBeStale(at(15_000))).toBe(true);
  });

  it("is told of the worst connection of a page", () => {
    const live = { status: "live", heardAt: 9000 } as const;
    expect(worst([], 10_000)).toBeUndefined();
    expect(worst([live, { status: "reconnecting", heardAt: 5000 }], 10_000)).toEqual({
      kind: "reconnecting",
      seconds: 5,
    });
    expect(worst([live, { status: "live", heardAt: 7000 }], 10_000)?.seconds).toBe(3);
  });
});

describe("the state of a person", () => {
  const facts = { isConnected: true, wasConnected: true, cameras: ["publishing"], devices: 1 } as const;
  it.each([
    ["publishing", {}],
    ["idle", { cameras: ["idle"] }],
    ["dark", { cameras: ["publishing", "stopped"] }],
    ["disconnected", { isConnected: false }],
    ["expected", { isConnected: false, wasConnected: false }],
    ["devices", { devices: 2 }],
    ["ended", { hasEnded: true, devices: 2 }],
  ] as const)("is %s", (state, more) => {
    expect(personState({ ...facts, ...more })).toBe(state);
  });
});

describe("times of a zone", () => {
  it.each([
    ["Asia/Shanghai", "2026-11-30", "09:00", "2026-11-30T01:00:00.000Z"],
    ["Europe/Berlin", "2026-07-01", "09:00", "2026-07-01T07:00:00.000Z"],
    // The clocks go from 2:00 to 3:00 on this day.
    ["Europe/Berlin", "2026-03-29", "01:59", "2026-03-29T00:59:00.000Z"],
    ["Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00:00.000Z"],
    ["Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30:00.000Z"],
    // The clocks go from 3:00 to 2:00 on this day.
    ["Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00.000Z"],
    ["America/St_Johns", "2026-01-05", "23:45", "2026-01-06T03:15:00.000Z"],
  ])("in %s, %s %s is %s", (zone, day, time, at) => {
    expect(atLocalTime(zone, day, time)?.toISOString()).toBe(at);
  });

  it.each([
    ["Asia/Shanghai", "2026-11-30T18:05:07.900Z", "2026-12-01T02:05:07+08:00"],
    ["America/St_Johns", "2026-01-06T03:15:00Z", "2026-01-05T23:45:00-03:30"],
    ["UTC", "2026-01-06T03:15:00Z", "2026-01-06T03:15:00+00:00"],
    // The clocks show this time twice. The zone tells which it is.
    ["Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"],
    ["Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"],
  ])("in %s, %s is written as %s for programs", (zone, at, written) => {
    expect(isoTimeOf(zone, new Date(at))).toBe(written);
    expect(Math.floor(Date.parse(at) / 1000)).toBe(Date.parse(written) / 1000);
  });

  it("are written into the fields of a form, and are none if they are not complete", () => {
    expect(localTimeOf("Asia/Shanghai", new Date("2026-11-30T18:05:00Z"))).toEqual({
      day: "2026-12-01",
      time: "02:05",
    });
    expect(atLocalTime("Asia/Shanghai", "", "09:00")).toBeUndefined();
    expect(atLocalTime("Asia/Shanghai", "2026-13-40", "09:00")).toBeUndefined();
  });
});
