import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attempt,
  type AttemptAction,
  attemptAfter,
  endsAtOf,
  isOver,
  MAX_EXTENDED_MINUTES,
  RUNNING,
} from "./attempts.js";

const at = (time: string) => new Date(`2026-02-01T${time}:00Z`);
const exam = { startTime: at("08:00"), endTime: at("10:00"), extraMinutes: 10 };
/** Applies actions at times, and returns the last attempt. */
const after = (...steps: readonly (readonly [string, AttemptAction])[]): Attempt =>
  steps.reduce<Attempt>((attempt, [time, action]) => {
    const next = attemptAfter(attempt, action, { exam, now: at(time) });
    if (typeof next === "string") throw new Error(`${action.kind} at ${time}: ${next}`);
    return next;
  }, RUNNING);
const PAUSE = { kind: "pause", givesBack: true } as const;
const [RESUME, TERMINATE, FINISH, REOPEN] = (["resume", "terminate", "finish", "reopen"] as const).map(
  (kind) => ({ kind }),
) as [AttemptAction, AttemptAction, AttemptAction, AttemptAction];

describe("endsAtOf", () => {
  it.each([
    ["nothing decided", after(), "10:10"],
    ["a pause of 20 minutes", after(["08:30", PAUSE], ["08:50", RESUME]), "10:30"],
    [
      "a pause whose time is lost",
      after(["08:30", { ...PAUSE, givesBack: false }], ["08:50", RESUME]),
      "10:10",
    ],
    ["a pause from before the start", after(["07:00", PAUSE], ["08:05", RESUME]), "10:15"],
    ["an open pause", after(["08:30", PAUSE]), "10:40"],
    ["an extension", after(["08:30", { kind: "extend", minutes: -5 }]), "10:05"],
    ["a termination that was undone", after(["08:30", TERMINATE], ["09:00", REOPEN]), "10:40"],
    [
      "a termination during a pause",
      after(["08:30", PAUSE], ["08:40", TERMINATE], ["08:45", REOPEN]),
      "10:25",
    ],
    ["a finish that was undone", after(["08:30", FINISH], ["08:31", REOPEN]), "10:11"],
  ])("is, with %s", (_, attempt, expected) => {
    expect(endsAtOf(exam, attempt, at("09:00"))).toEqual(at(expected));
  });

  it("stands still once the attempt is terminated during a pause", () => {
    const attempt = after(["08:30", PAUSE], ["08:40", TERMINATE]);
    expect(isOver(attempt)).toBe(true);
    for (const now of ["08:40", "09:00", "12:00"])
      expect(endsAtOf(exam, attempt, at(now))).toEqual(at("10:20"));
  });
});

describe("attemptAfter", () => {
  it.each([
    ["a pause after the end", after(), PAUSE, "10:10", "pastEnd"],
    ["a pause of a terminated attempt", after(["08:30", TERMINATE]), PAUSE, "08:40", "over"],
    ["a resumption of a finished attempt", after(["08:30", FINISH]), RESUME, "08:40", "over"],
    [
      "an extension of a finished attempt",
      after(["08:30", FINISH]),
      { kind: "extend", minutes: 5 },
      "08:40",
      "over",
    ],
    ["a termination of a finished attempt", after(["08:30", FINISH]), TERMINATE, "08:40", "over"],
    ["a new end in the past", after(), { kind: "extend", minutes: -60 }, "09:10", "endsInPast"],
    ["an extension that ends in the past", after(), { kind: "extend", minutes: 5 }, "10:15", "endsInPast"],
    [
      "too many minutes",
      after(),
      { kind: "extend", minutes: MAX_EXTENDED_MINUTES + 1 },
      "08:30",
      "tooManyMinutes",
    ],
    [
      "too few minutes",
      after(),
      { kind: "extend", minutes: -MAX_EXTENDED_MINUTES - 1 },
      "01:00",
      "tooManyMinutes",
    ],
    ["reopening after the end", after(["10:10", FINISH]), REOPEN, "10:20", undefined],
  ] as const)("refuses %s", (_, attempt, action, time, refusal) => {
    const next = attemptAfter(attempt, action, { exam, now: at(time) });
    expect(next).toEqual(refusal ?? "endsInPast");
  });

  it("limits what the actor may give, and not what they take back", () => {
    const attempt = after(["08:30", { kind: "extend", minutes: 30 }]);
    const options = { exam, now: at("08:40"), maxMinutes: 20 };
    expect(attemptAfter(attempt, { kind: "extend", minutes: 1 }, options)).toBe("tooManyMinutes");
    expect(attemptAfter(attempt, { kind: "extend", minutes: -10 }, options)).toMatchObject({
      extendedMinutes: 20,
    });
  });

  it.each([
    ["pause", after(["08:30", PAUSE]), { ...PAUSE, givesBack: false }],
    ["resume", after(), RESUME],
    ["terminate", after(["08:30", TERMINATE]), TERMINATE],
    ["finish", after(["08:30", TERMINATE]), FINISH],
    ["reopen", after(), REOPEN],
  ] as const)("changes nothing if it is so already: %s", (_, attempt, action) => {
    expect(attemptAfter(attempt, action, { exam, now: at("08:40") })).toBe(attempt);
  });
});

describe("a clock that goes back and forth", () => {
  const MINUTE = 60_000;
  const steps = fc.array(
    fc.record({
      jump: fc.oneof(fc.constant(0), fc.integer({ min: -180, max: 180 })),
      pass: fc.integer({ min: 0, max: 40 }),
      action: fc.oneof(
        fc.constantFrom(PAUSE, { ...PAUSE, givesBack: false }, RESUME, TERMINATE, FINISH, REOPEN),
        fc.integer({ min: -30, max: 30 }).map((minutes): AttemptAction => ({ kind: "extend", minutes })),
      ),
    }),
    { maxLength: 20 },
  );
  const givenTo = ({ extendedMinutes }: Attempt): number => exam.extraMinutes + extendedMinutes;

  it("never leaves more time than the exam's length and the minutes given, and takes none of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 700 }), steps, (start, all) => {
        let [now, attempt] = [at("00:00").getTime() + start * MINUTE, RUNNING];
        const check = () => {
          const end = endsAtOf(exam, attempt, new Date(now)).getTime();
          expect(end).toBeGreaterThanOrEqual(exam.endTime.getTime() + givenTo(attempt) * MINUTE);
          const left = end - Math.max(now, exam.startTime.getTime());
          expect(left).toBeLessThanOrEqual((120 + givenTo(attempt)) * MINUTE);
          // What was given back until now was lost after the start, each minute once.
          const since = attempt.since?.getTime() ?? now;
          expect(attempt.pausedMs).toBeLessThanOrEqual(Math.max(0, since - exam.startTime.getTime()));
        };
        for (const { jump, pass, action } of all) {
          now += jump * MINUTE;
          check();
          now += pass * MINUTE;
          const next = attemptAfter(attempt, action, { exam, now: new Date(now) });
          if (typeof next !== "string") attempt = next;
          check();
        }
      }),
      { numRuns: 500 },
    );
  });

  it("counts a pause from the last decision that was stored", () => {
    // The clock was put back before the second pause, and is right again when it ends.
    const attempt = after(["08:30", PAUSE], ["09:00", RESUME], ["08:05", PAUSE], ["09:10", RESUME]);
    expect(attempt).toMatchObject({ pausedMs: 40 * MINUTE, since: at("09:10") });
    expect(endsAtOf(exam, attempt, at("09:10"))).toEqual(at("10:50"));
    // The clock goes back again. The person then has 130 minutes: the exam and their extra minutes, and no more.
    expect(endsAtOf(exam, attempt, at("08:10"))).toEqual(at("10:20"));
  });
});
