import { describe, expect, it } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { formatTime, parseTime, type TimeOptions } from "./time.js";

const NOW = new Date("2026-06-06T17:30:00Z"); // 01:30 on the 7th in Shanghai
const shanghai: TimeOptions = { option: "--start", timeZone: "Asia/Shanghai", now: NOW };
const newYork: TimeOptions = { ...shanghai, timeZone: "America/New_York" };
const read = (text: string, reader: TimeOptions = shanghai) => parseTime(text, reader).toISOString();
const refusal = (text: string, reader: TimeOptions = shanghai): string => {
  try {
    return `${read(text, reader)} was read`;
  } catch (error) {
    if (!(error instanceof InvigilError)) throw error;
    expect(error.code).toBe("INVALID_INPUT");
    return error.message;
  }
};

describe("a time", () => {
  it.each([
    ["2026-06-07T09:00:00+08:00", "2026-06-07T01:00:00.000Z"],
    ["2026-06-07T09:00+0800", "2026-06-07T01:00:00.000Z"],
    ["2026-06-07 09:00 -05:00", "2026-06-07T14:00:00.000Z"],
    ["2026-06-07T01:00:00Z", "2026-06-07T01:00:00.000Z"],
    ["2026-06-07T01:00:00.250z", "2026-06-07T01:00:00.250Z"],
    ["2026-06-07 09:00", "2026-06-07T01:00:00.000Z"],
    ["2026-06-07T09:00:30", "2026-06-07T01:00:30.000Z"],
    [" 2026-06-07 9:05 ", "2026-06-07T01:05:00.000Z"],
    ["today 09:00", "2026-06-07T01:00:00.000Z"],
    ["Tomorrow 09:00", "2026-06-08T01:00:00.000Z"],
    ["tomorrow 00:00:01", "2026-06-07T16:00:01.000Z"],
    ["2028-02-29 12:00", "2028-02-29T04:00:00.000Z"],
  ])("%s is %s in Shanghai", (text, instant) => {
    expect(read(text)).toBe(instant);
  });

  it.each([
    ["yesterday", "2026-06-05T16:00:00.000Z"],
    ["Today", "2026-06-06T16:00:00.000Z"],
    ["tomorrow", "2026-06-07T16:00:00.000Z"],
    ["2026-06-01", "2026-05-31T16:00:00.000Z"],
    ["yesterday 09:00", "2026-06-06T01:00:00.000Z"],
    ["today 09:00", "2026-06-07T01:00:00.000Z"],
  ])("that selects the past: %s is %s in Shanghai", (text, instant) => {
    expect(read(text, { ...shanghai, past: true })).toBe(instant);
  });

  it("that selects the past: a day begins where the clocks say, also without a midnight", () => {
    const santiago: TimeOptions = { ...shanghai, timeZone: "America/Santiago", past: true };
    expect(read("2025-09-07", santiago)).toBe("2025-09-07T04:00:00.000Z");
  });

  it.each(["last week", "2026-02-29", "yesterday 9", "06-07"])(
    "that selects the past: refuses %j",
    (text) => {
      expect(refusal(text, { ...shanghai, option: "--since", past: true })).toBe(
        `--since must be a time like '2026-06-07 09:00', yesterday, 'today 09:00' or 2026-06-07T09:00:00+08:00, not '${text}'`,
      );
    },
  );

  it("without a date is on the given day in the time zone", () => {
    const day = new Date("2026-06-07T17:00:00Z"); // the 8th in Shanghai
    expect(read("11:30", { ...shanghai, day })).toBe("2026-06-08T03:30:00.000Z");
    expect(read("08:50:10", { ...shanghai, day })).toBe("2026-06-08T00:50:10.000Z");
    expect(read("11:30", { ...newYork, day })).toBe("2026-06-07T15:30:00.000Z");
    expect(read("today 11:30", { ...shanghai, day })).toBe("2026-06-07T03:30:00.000Z");
  });

  it.each([
    "",
    "soon",
    "11:30",
    "2026-06-07",
    "2026-06-07 24:00",
    "2026-06-07 09:60",
    "2026-02-29 09:00",
    "2026-13-01 09:00",
    "2026-02-30T09:00:00Z",
    "07.06.2026 09:00",
    "yesterday 09:00",
    "today",
    "today 9",
    "2026-06-07 09:00 CST",
    "2026-06-07T09:00:00+08:00 and more",
  ])("refuses %j", (text) => {
    expect(refusal(text)).toMatch(/^--start must be a time like .*, not '/);
  });

  it("that a clock change skips is refused", () => {
    expect(refusal("2026-03-08 02:30", newYork)).toBe(
      "--start '2026-03-08 02:30' does not exist in America/New_York: the clocks are set forward then",
    );
    expect(read("2026-03-08 01:59", newYork)).toBe("2026-03-08T06:59:00.000Z");
    expect(read("2026-03-08 03:00", newYork)).toBe("2026-03-08T07:00:00.000Z");
  });

  it("that occurs twice is refused, with both possible instants", () => {
    expect(refusal("2026-11-01 01:30", newYork)).toBe(
      "--start '2026-11-01 01:30' occurs twice in America/New_York, because the clocks are set back then: specify 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00",
    );
    expect(read("2026-11-01T01:30:00-05:00", newYork)).toBe("2026-11-01T06:30:00.000Z");
    expect(read("2026-11-01 00:59", newYork)).toBe("2026-11-01T04:59:00.000Z");
    expect(read("2026-11-01 02:00", newYork)).toBe("2026-11-01T07:00:00.000Z");
  });

  it("without a date, or with 'tomorrow', is checked the same way", () => {
    const day = new Date("2026-11-01T12:00:00Z");
    expect(refusal("01:15", { ...newYork, day })).toContain("occurs twice");
    expect(refusal("tomorrow 02:15", { ...newYork, now: new Date("2026-03-07T12:00:00Z") })).toContain(
      "does not exist",
    );
  });

  it.each([
    ["2026-10-04 02:15", "Australia/Lord_Howe", "does not exist"], // by half an hour
    ["2026-04-05 01:45", "Australia/Lord_Howe", "occurs twice"],
    ["2011-12-30 12:00", "Pacific/Apia", "does not exist"], // by a whole day
    ["1991-09-15 01:30", "Asia/Shanghai", "occurs twice"],
  ])("%s %s %s", (text, timeZone, what) => {
    expect(refusal(text, { ...shanghai, timeZone })).toContain(what);
  });

  it("is formatted as local time and as UTC", () => {
    expect(formatTime(new Date("2026-06-07T01:00:00Z"), "Asia/Shanghai")).toBe(
      "2026-06-07 09:00 Asia/Shanghai (2026-06-07T01:00:00Z)",
    );
    expect(formatTime(new Date("2026-06-07T01:00:05.250Z"), "UTC")).toBe(
      "2026-06-07 01:00:05 UTC (2026-06-07T01:00:05.250Z)",
    );
  });
});
