import type { CardPageCards, CheckItem, Room, RosterEntry } from "@invigil/client";
import { checkCodes } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { isOutside, momentOf, whenOf } from "./audio-times.js";
import { allOn, isOn, readConfig, switched } from "./detection-config.js";
import { columnName, sheetOf } from "./fault-sheet.js";
import { placeToType, sheetsOf, validUntil } from "./make-cards.js";
import { rosterOf } from "./one-roster.js";
import { byRoom } from "./people.js";
import { planOf } from "./plan-options.js";
import { changedFields, conflictsWith, rebase, settle } from "./rebase.js";
import { byUrgency, isOfServer, readinessOf, STEPS, stepOf, waitsForRooms, worstOf } from "./steps.js";
import { isVideoRight, profileOf, videoValuesOf } from "./video.js";

const item = (code: CheckItem["code"], status: CheckItem["status"]): CheckItem => ({
  code,
  status,
  numbers: {},
  people: [],
  rooms: [],
  settings: [],
  services: [],
});

it("counts people once who are in several rooms", () => {
  const room = (id: string) =>
    ({ id, name: id, status: "in_progress", createTeacher: "t1", createdAt: new Date(0) }) as unknown as Room;
  const person = (userId: string, role: "examinee" | "teacher" | "inspector", roomId?: string) =>
    ({ userId, name: userId, role, extraMinutes: 0, ...(roomId !== undefined && { roomId }) }) as RosterEntry;
  const { examinees, staff, rooms } = byRoom(
    [room("r1"), room("r2")],
    [
      person("e1", "examinee", "r1"),
      person("e1", "examinee", "r2"),
      person("e2", "examinee"),
      ...["r1", "r2"].flatMap((id) => [person("t1", "teacher", id), person("i1", "inspector", id)]),
      person("t2", "teacher"),
    ],
  );
  expect({ examinees, staff }).toEqual({ examinees: 2, staff: 3 });
  expect(rooms.map(({ teachers, inspectors }) => teachers.length + inspectors.length)).toEqual([2, 2]);
});

describe("the steps", () => {
  it("have each item of the check list once", () => {
    expect(Object.values(STEPS).flat().toSorted()).toEqual([...checkCodes].toSorted());
    expect(stepOf("seats")).toBe("rooms");
  });

  it("wait for the rooms, and are not in order because there are none", () => {
    const links = item("links", "ok");
    expect(waitsForRooms([item("rooms", "missing"), links], links)).toBe(true);
    expect(waitsForRooms([item("rooms", "ok"), links], links)).toBe(false);
    expect(waitsForRooms([item("rooms", "missing")], item("links", "missing"))).toBe(false);
  });

  it("tell what only an administrator of the server can put in order", () => {
    const items = [item("seats", "missing"), item("streams", "missing"), item("capacity", "missing")];
    expect(readinessOf(items)).toEqual({ missing: 2, ofServer: 1, attention: 0 });
    // These are no step of the office.
    const codes = [...checkCodes].filter((code) => isOfServer(item(code, "missing")));
    expect(codes.map(stepOf)).toEqual(codes.map(() => "check"));
  });

  it("say the worst of their items, and count what is missing", () => {
    const items = [item("rooms", "ok"), item("seats", "missing"), item("join_codes", "attention")];
    expect(worstOf(items, "rooms")?.code).toBe("seats");
    expect(worstOf(items, "settings")).toBeUndefined();
    expect(worstOf([item("staff_access", "ok"), item("links", "ok")], "links")?.code).toBe("links");
    expect(byUrgency(items).map(({ code }) => code)).toEqual(["seats", "join_codes", "rooms"]);
    expect(readinessOf(items)).toEqual({ missing: 1, ofServer: 0, attention: 1 });
  });
});

describe("typed fields, when another person saves in between", () => {
  const base = { name: "Maths", day: "2026-12-01", start: "09:00" };
  const mine = { ...base, name: "Maths A" };

  it("stays, and what was not touched follows", () => {
    const next = rebase({ base, mine }, { ...base, day: "2026-12-02" });
    expect(next.mine).toEqual({ name: "Maths A", day: "2026-12-02", start: "09:00" });
    expect(changedFields(next)).toEqual(["name"]);
  });

  it("is a conflict only if both changed the same field to different values", () => {
    expect(conflictsWith({ base, mine }, { ...base, name: "Maths B" })).toEqual(["name"]);
    expect(conflictsWith({ base, mine }, { ...base, name: "Maths A" })).toEqual([]);
    expect(conflictsWith({ base, mine }, base)).toEqual([]);
    // A conflict stays one until a person decides.
    const theirs = { ...base, name: "Maths B", start: "10:00" };
    const waiting = rebase({ base, mine }, theirs);
    expect(waiting.mine).toEqual({ ...mine, start: "10:00" });
    expect(conflictsWith(waiting, theirs)).toEqual(["name"]);
  });

  it("is settled with one's own value or with theirs", () => {
    const theirs = { ...base, name: "Maths B" };
    const kept = settle({ base, mine }, theirs, "mine");
    expect([conflictsWith(kept, theirs), changedFields(kept), kept.mine.name]).toEqual([
      [],
      ["name"],
      "Maths A",
    ]);
    const taken = settle({ base, mine }, theirs, "theirs");
    expect([conflictsWith(taken, theirs), changedFields(taken), taken.mine.name]).toEqual([
      [],
      [],
      "Maths B",
    ]);
  });

  it("is left alone by an answer that says nothing new", () => {
    const draft = { base, mine };
    expect(rebase(draft, { ...base })).toBe(draft);
  });
});

describe("a time in an exam", () => {
  const exam = { startTime: new Date("2026-12-01T01:00:00Z"), endTime: new Date("2026-12-01T03:00:00Z") };
  const at = (time: string) => new Date(`2026-12-01T${time}:00Z`);

  it.each([
    ["beforeStart", 10, "00:50"],
    ["afterStart", 30, "01:30"],
    ["beforeEnd", 15, "02:45"],
  ] as const)("%s %i is said as it was asked for", (kind, minutes, time) => {
    expect(momentOf(exam, kind, minutes)).toEqual(at(time));
    expect(whenOf(exam, at(time))).toEqual({ kind, minutes });
  });

  it("is at the start or at the end, or outside of it", () => {
    expect(whenOf(exam, exam.startTime)).toEqual({ kind: "atStart" });
    expect(whenOf(exam, exam.endTime)).toEqual({ kind: "atEnd" });
    expect(whenOf(exam, at("03:30"))).toEqual({ kind: "afterStart", minutes: 150 });
    expect([isOutside(exam, at("03:01")), isOutside(exam, at("00:00"))]).toEqual([true, false]);
    expect(isOutside(exam, new Date("2026-11-30T22:59:00Z"))).toBe(true);
  });
});

describe("detections", () => {
  it("are switched one by one, and other settings stay as they were", () => {
    const config = readConfig('{"pc":{"headShaking":true,"own":[1]},"version":2}') ?? {};
    expect([isOn(config, "pc", "headShaking"), isOn(config, "mobile", "manyPeople")]).toEqual([
      true,
      undefined,
    ]);
    expect(JSON.parse(switched(config, "pc", "headShaking", false))).toEqual({
      pc: { headShaking: false, own: [1] },
      version: 2,
    });
    const all = readConfig(allOn(config)) ?? {};
    expect([isOn(all, "mobile", "manyPeople"), all.version]).toEqual([true, 2]);
  });

  it("of another form are text", () => {
    for (const text of ["a=1", "[]", '{"pc":1}', '{"pc":{"headShaking":"yes"}}'])
      expect(readConfig(text)).toBeUndefined();
    expect(readConfig("")).toEqual({});
  });
});

describe("a person who is added by hand", () => {
  it("is a roster that the server reads", () => {
    const bytes = Uint8Array.from(
      atob(rosterOf([{ userId: "t1", name: "周, 静", role: "teacher" }])),
      (one) => one.charCodeAt(0),
    );
    expect(new TextDecoder().decode(bytes)).toBe('id,name,role\nt1,"周, 静",teacher\n');
  });
});

describe("cards", () => {
  const card = (
    userId: string,
    role: CardPageCards["role"],
    roomId: string,
    expires = "2026-12-01T05:00:00Z",
  ) =>
    ({ userId, name: userId, role, roomId, roomName: roomId, expiresAt: new Date(expires) }) as CardPageCards;

  it("are eight to a sheet; each room begins a new one, and candidates never share one with staff", () => {
    const cards = [
      card("t", "teacher", "a"),
      ...Array.from({ length: 9 }, (_, n) => card(`e${n}`, "examinee", "a")),
      card("e", "examinee", "b"),
    ];
    expect(
      sheetsOf(cards).map((sheet) => [
        sheet.roomName,
        sheet.isStaff,
        sheet.number,
        sheet.of,
        sheet.people.length,
      ]),
    ).toEqual([
      ["a", true, 1, 1, 1],
      ["a", false, 1, 2, 8],
      ["a", false, 2, 2, 1],
      ["b", false, 1, 1, 1],
    ]);
  });

  it("have a code for each room of staff of several rooms, once, after the rooms", () => {
    const inRooms = (userId: string, rooms: number) =>
      Array.from({ length: rooms }, (_, n) => card(userId, n === 0 ? "teacher" : "inspector", `r${n}`));
    const cards = [
      card("own", "teacher", "r0"),
      ...inRooms("three", 3),
      ...inRooms("four", 4),
      ...inRooms("many", 17),
      // Someone who was added by hand.
      card("e", "examinee", "r0"),
      card("e", "examinee", "r1"),
    ];
    expect(
      sheetsOf(cards).map(({ roomName, isStaff, people }) => [
        roomName,
        isStaff,
        ...people.map((person) => `${person[0].userId} ${person.map(({ roomId }) => roomId).join("+")}`),
      ]),
    ).toEqual([
      ["r0", true, "own r0"],
      ["r0", false, "e r0"],
      ["r1", false, "e r1"],
      [undefined, true, "three r0+r1+r2", "four r0+r1+r2+r3"],
      [undefined, true, `many ${Array.from({ length: 15 }, (_, n) => `r${n}`).join("+")}`],
      [undefined, true, "many r15+r16"],
    ]);
  });

  it("say where a code is typed, and until when the first of them is valid", () => {
    expect(placeToType({ code: "ABCD", url: "https://exam.example/j/ABCD" })).toBe("exam.example/j");
    const cards = [card("a", "examinee", "r"), card("b", "examinee", "r", "2026-12-01T04:00:00Z")];
    expect(validUntil(cards)).toEqual(new Date("2026-12-01T04:00:00Z"));
    expect(validUntil([])).toBeUndefined();
  });
});

describe("a piece of a sheet", () => {
  it("has each fault at its cell, and says where rows are left out", () => {
    const fault = {
      row: 8,
      cell: 1,
      column: "姓名",
      value: "",
      person: "",
      code: "missing",
      reason: "is missing",
    } as const;
    const rows = sheetOf(
      { header: ["学号", "姓名"], rows: [2, 7, 8].map((row) => ({ row, cells: ["1", ""] })) },
      [fault],
    );
    expect(
      rows.map(({ row, gap, faults, cells }) => [
        row,
        gap,
        faults.length,
        cells.map((one) => one.faults.length),
      ]),
    ).toEqual([
      [2, false, 0, [0, 0]],
      [7, true, 0, [0, 0]],
      [8, false, 1, [0, 1]],
    ]);
  });

  it("names columns as spreadsheets do", () => {
    expect([0, 25, 26, 51, 52].map(columnName)).toEqual(["A", "Z", "AA", "AZ", "BA"]);
  });
});

describe("a plan", () => {
  const values = { size: "30", name: "Room {n}", order: "roster", seed: "1" };
  it("has the options that were typed, or none if something is wrong", () => {
    expect(planOf(values).options).toEqual({ roomSize: 30, roomName: "Room {n}" });
    expect(planOf({ ...values, order: "shuffled", seed: " 7 " }).options).toMatchObject({ seed: "7" });
    for (const size of ["", "0", "501", "3.5", "x"])
      expect(planOf({ ...values, size }).options).toBeUndefined();
    expect(planOf({ ...values, name: "Room" })).toMatchObject({ options: undefined, errors: { name: true } });
  });
});

describe("a picture", () => {
  it("is one of the known ones, of other values, or as the apps choose", () => {
    expect(videoValuesOf(undefined).preset).toBe("app");
    expect(profileOf(videoValuesOf(undefined))).toBeNull();
    const data = { width: 640, height: 480, frameRate: 15, maxBitrate: 600 };
    expect(videoValuesOf({ name: "x", data }).preset).toBe("medium");
    const own = videoValuesOf({ name: "x", data: { ...data, width: 641 } });
    expect(own.preset).toBe("own");
    expect(profileOf(own)?.data).toEqual({ ...data, width: 641 });
    expect(isVideoRight({ ...own, width: "7681" })).toBe(false);
  });
});
