import { describe, expect, it } from "vitest";
import { checkMorning } from "./morning-checks.mjs";

const ROOM = { roomId: "room1", examId: "exam1", teacher: "teacher1", candidates: ["candidate1"] };
const nothing = {
  ids: [],
  lefts: [],
  reports: [],
  commands: [],
  told: [],
  answers: [],
  sent: [],
  answered: [],
  acknowledged: [],
};

/** A morning in which all is right, and what a test changes in it. */
const outcomeOf = async (change = () => undefined) => {
  const candidate = {
    ...nothing,
    ...ROOM,
    role: "examinee",
    userId: "candidate1",
    first: 2,
    ids: [5],
    commands: ["command1"],
    answered: ["command1"],
    acknowledged: ["report1", "report2"],
  };
  const teacher = {
    ...nothing,
    ...ROOM,
    role: "teacher",
    userId: "teacher1",
    first: 1,
    ids: [2, 3, 5, 8],
    reports: ["report1", "report2"],
    sent: ["command1"],
    told: [{ command: "command1", to: "candidate1", id: 5 }],
    answers: ["command1"],
  };
  const watcher = {
    ...nothing,
    role: "watcher",
    userId: "watcher1",
    examId: "exam1",
    first: 0,
    ids: [1, 2, 3, 4, 5, 8],
  };
  const world = {
    people: { candidate, teacher, watcher },
    stored: ["report1", "report2"],
    present: ["teacher1", "candidate1"],
    afterLeaving: ["teacher1"],
    devices: 1,
    problems: [],
    interruptions: [{ userId: "candidate1", ms: 1500 }],
  };
  change(world);
  let hasLeft = false;
  const answers = {
    "room.presence": () =>
      (hasLeft ? world.afterLeaving : world.present).map((userId) => ({
        userId,
        role: userId === "teacher1" ? "teacher" : "examinee",
        devices: world.devices,
      })),
    "cheat.listRecords": () => ({ records: world.stored.map((report) => ({ extraInfo: { report } })) }),
  };
  return checkMorning({
    rooms: [ROOM],
    query: async (procedure) => answers[procedure](),
    results: async () => [
      {
        people: Object.values(world.people),
        problems: world.problems,
        interruptions: world.interruptions,
        latencies: [["working roomInfo", [3000, 1000, 2000]]],
        counters: { calls: 3 },
      },
    ],
    leave: async () => {
      hasLeft = true;
    },
    events: async () => [
      { roomId: "room1", examId: "exam1", ids: [1, 2, 3, 5, 8] },
      { roomId: "room2", examId: "exam1", ids: [4] },
    ],
    seconds: 0,
    say: () => undefined,
  });
};

describe("a morning", () => {
  it("in which all is right has no failures", async () => {
    const { failures, passes, latencies, events } = await outcomeOf();
    expect(failures).toEqual([]);
    expect(passes).toHaveLength(10);
    expect(events).toBe(6);
    expect(latencies).toEqual([{ key: "working roomInfo", calls: 3, p50: 2, p99: 3 }]);
  });

  it.each([
    ["an acknowledged record is missing", ({ stored }) => stored.pop(), /acknowledged records/],
    ["a record is stored twice", ({ stored }) => stored.push("report1"), /acknowledged records/],
    ["a record of an unknown outcome is stored twice", ({ stored }) => stored.push("x", "x"), /there once/],
    [
      "a teacher is told of a record twice",
      ({ people }) => people.teacher.reports.push("report1"),
      /told of once/,
    ],
    [
      "a teacher is told of a record that is not stored",
      ({ people }) => people.teacher.reports.push("x"),
      /told of/,
    ],
    ["a teacher lacks an event", ({ people }) => people.teacher.ids.splice(1, 1), /lacks 1: 3/],
    ["a teacher received an event twice", ({ people }) => people.teacher.ids.push(8), /once, in order/],
    ["a watcher received events in another order", ({ people }) => people.watcher.ids.reverse(), /watcher1/],
    ["a command did not reach its candidate", ({ people }) => people.candidate.commands.pop(), /commands/],
    ["a sent command is no event", ({ people }) => people.teacher.sent.push("x"), /acknowledged commands/],
    [
      "an answer reached the teacher twice",
      ({ people }) => people.teacher.answers.push("command1"),
      /answers/,
    ],
    ["somebody who is connected is absent", ({ present }) => present.pop(), /present/],
    [
      "a page counts twice",
      (world) => {
        world.devices = 2;
      },
      /present/,
    ],
    ["a page left that came back in time", ({ people }) => people.teacher.lefts.push("candidate1"), /left/],
    ["somebody who has left stays", ({ afterLeaving }) => afterLeaving.push("candidate1"), /gone/],
    ["a call was refused", ({ problems }) => problems.push("roomInfo was answered 403"), /403/],
  ])("is wrong when %s", async (_, change, failure) => {
    const { failures } = await outcomeOf((world) => void change(world));
    expect(failures.join("\n")).toMatch(failure);
  });

  it("allows a page to leave that was away for longer than the settle time", async () => {
    const { failures } = await outcomeOf(({ people, interruptions }) => {
      people.teacher.lefts.push("candidate1");
      interruptions[0].ms = 12_000;
    });
    expect(failures).toEqual([]);
  });
});
