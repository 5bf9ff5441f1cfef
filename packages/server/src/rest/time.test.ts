import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { slashedTime, zonedTime } from "./time.js";

const ZONES = ["Asia/Shanghai", "UTC", "Asia/Kolkata", "America/St_Johns", "Europe/London"];

const instant = (min: string, max = "9999-12-30T00:00:00Z") =>
  fc.date({ min: new Date(min), max: new Date(max), noInvalidDate: true });
const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);
const faultOf = (codec: ReturnType<typeof zonedTime>, text: unknown): string | undefined =>
  z.safeDecode(codec, text as string).error?.issues[0]?.message;

describe("times of the API", () => {
  it("match the examples of the contract", () => {
    const shanghai = zonedTime("Asia/Shanghai");
    expect(z.encode(shanghai, new Date(232_323))).toBe("1970-01-01T08:03:52+08:00");
    expect(z.encode(shanghai, new Date("2024-03-18T09:00:53.999Z"))).toBe("2024-03-18T17:00:53+08:00");
    expect(z.decode(shanghai, "2024-03-18T17:00:53+08:00")).toEqual(new Date("2024-03-18T09:00:53Z"));
  });

  it.each([
    ["UTC", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00+00:00"],
    ["Europe/London", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00+00:00"],
    ["Europe/London", "2026-07-01T12:00:00Z", "2026-07-01T13:00:00+01:00"],
    ["Asia/Kolkata", "2026-07-01T12:00:00Z", "2026-07-01T17:30:00+05:30"],
    ["America/St_Johns", "2026-01-01T12:00:00Z", "2026-01-01T08:30:00-03:30"],
    ["America/St_Johns", "2026-07-01T12:00:00Z", "2026-07-01T09:30:00-02:30"],
    ["America/St_Johns", "1970-01-01T00:00:00Z", "1969-12-31T20:30:00-03:30"],
  ])("in %s: %s is %s", (zone, time, text) => {
    expect(z.encode(zonedTime(zone), new Date(time))).toBe(text);
  });

  it.each(ZONES)("round-trip in %s, in whole seconds", (zone) => {
    const codec = zonedTime(zone);
    fc.assert(
      fc.property(instant("1972-01-01T00:00:00Z"), (time) => {
        const text = z.encode(codec, time);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
        expect(z.decode(codec, text)).toEqual(wholeSeconds(time));
        // As the apps parse it.
        expect(new Date(text)).toEqual(wholeSeconds(time));
      }),
    );
  });

  it("are parsed in any time zone", () => {
    expect(z.decode(zonedTime("Asia/Shanghai"), "1970-01-01T00:00:01+00:00")).toEqual(new Date(1000));
  });

  it.each(["", "2024-03-18", "2024-03-18T17:00:53", "2024-02-30T00:00:00+08:00", "2024/03/18 17:00:53", 5])(
    "refuse %j",
    (text) => {
      expect(faultOf(zonedTime("Asia/Shanghai"), text)).toMatch(/must be a time like|expected string/);
    },
  );
});

describe("an exam's own times", () => {
  it("have slashes, and are in the time zone without an offset", () => {
    const time = new Date("2023-03-30T06:00:00.999Z");
    expect(z.encode(slashedTime("Asia/Shanghai"), time)).toBe("2023/03/30 14:00:00");
    expect(z.encode(slashedTime("Asia/Kolkata"), time)).toBe("2023/03/30 11:30:00");
    expect(z.decode(slashedTime("Asia/Shanghai"), "2023/03/30 14:00:00")).toEqual(
      new Date("2023-03-30T06:00:00Z"),
    );
  });

  it.each(["Asia/Shanghai", "UTC", "Asia/Kolkata"])("round-trip in %s, in whole seconds", (zone) => {
    const codec = slashedTime(zone);
    fc.assert(
      // Shanghai set its clocks back until 1991. Texts in that hour are ambiguous.
      fc.property(instant("1992-01-01T00:00:00Z"), (time) => {
        expect(z.decode(codec, z.encode(codec, time))).toEqual(wholeSeconds(time));
      }),
    );
  });

  it.each(ZONES)("round-trip as texts in %s, even in an hour that occurs twice", (zone) => {
    const codec = slashedTime(zone);
    fc.assert(
      fc.property(
        fc.oneof(instant("1970-01-02T00:00:00Z"), instant("2026-10-25T00:00:00Z", "2026-11-01T06:00:00Z")),
        (time) => {
          const text = z.encode(codec, time);
          expect(text).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d$/);
          expect(z.encode(codec, z.decode(codec, text))).toBe(text);
        },
      ),
    );
  });

  it.each(["", "2023-03-30 14:00:00", "2023/3/30 14:00:00", "2023/13/30 14:00:00"])("refuse %j", (text) => {
    expect(faultOf(slashedTime("Asia/Shanghai"), text)).toBe("must be a time like 2023/03/30 14:00:00");
  });
});
