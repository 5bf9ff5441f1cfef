import { describe, expect, it } from "vitest";
import { peakOf as peakAt } from "./capacity.js";

const NOW = new Date("2026-06-07T00:00:00Z");
const hour = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
const exam = (name: string, from: number, to: number, examinees: number) => ({
  id: name,
  name,
  startTime: hour(from),
  endTime: hour(to),
  cameras: "one" as const,
  examinees,
});
/** At the vendor's service. */
const peakOf = (exams: Parameters<typeof peakAt>[0], now: Date) => peakAt(exams, now, "aliyun");

describe("the fullest moment to come", () => {
  it("is none without exams", () => {
    expect(peakOf([], NOW)).toBeUndefined();
  });

  it("counts the exams that are held at the same time, two cameras each", () => {
    const exams = [exam("A", 1, 3, 100), exam("B", 2, 4, 50), exam("C", 3, 5, 60), exam("D", 6, 7, 140)];
    expect(peakOf(exams, NOW)).toEqual({ at: hour(2), exams: ["A", "B"], examinees: 150, streams: 300 });
  });

  it("counts at the embedded media server the cameras that the exams need", () => {
    const exams = [exam("A", 1, 3, 100), { ...exam("B", 2, 4, 50), cameras: "both" as const }];
    expect(peakAt(exams, NOW, "embedded")).toMatchObject({ at: hour(2), examinees: 150, streams: 200 });
    const apart = [exam("one", 1, 2, 15), { ...exam("both", 3, 4, 10), cameras: "both" as const }];
    expect(peakAt(apart, NOW, "embedded")).toMatchObject({ exams: ["both"], streams: 20 });
  });

  it("does not count an exam that ends when another begins", () => {
    const exams = [exam("A", 1, 3, 100), exam("B", 3, 4, 101)];
    expect(peakOf(exams, NOW)).toMatchObject({ at: hour(3), exams: ["B"], examinees: 101 });
  });

  it("is now, where an exam is held now; of equal ones it is the first", () => {
    const exams = [exam("later", 5, 6, 10), exam("now", -1, 1, 10)];
    expect(peakOf(exams, NOW)).toMatchObject({ at: NOW, exams: ["now"] });
  });
});
