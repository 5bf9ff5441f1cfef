import type { ExamEvent, ExamSnapshot, Hand, LoggedEvent, RoomEvent, RoomSnapshot } from "@invigil/schema";
import { expect, test } from "vitest";
import { LiveRoom } from "./room.js";
import { applyExamEvent, applyRoomEvent } from "./state.js";

const before = new Date("2026-01-02T03:00:00Z");
const time = new Date("2026-01-02T03:04:05Z");
const room = {
  id: "r1",
  name: "Algebra",
  examId: "x1",
  status: "in_progress",
  audioStatus: "silent",
  imGroupId: "r1",
  createTeacher: "t1",
  createdAt: before,
  updatedAt: before,
} as const;
const member = (userId: string, more: object = {}) => ({
  userId,
  role: "examinee" as const,
  name: userId.toUpperCase(),
  extraMinutes: 0,
  publishStatus: { main: "idle" as const, pc: "idle" as const },
  ...more,
});
const page = (userId: string, camera: "main" | "pc", since = before) => ({
  userId,
  role: "examinee" as const,
  camera,
  since,
  devices: 1,
});
const hand = (id: number, userId: string, status: Hand["status"] = "raised"): Hand => ({
  id,
  roomId: "r1",
  userId,
  kind: "help",
  status,
  createdAt: before,
});
const state: RoomSnapshot = {
  room,
  members: [member("e1"), member("e2")],
  presence: [page("e1", "main"), page("e1", "pc")],
  hands: [hand(3, "e1")],
  lastEventId: "7",
};

// Safe: the tests give each type what belongs to it.
const event = (type: LoggedEvent["type"], more: object = {}) =>
  ({ type, id: "8", roomId: "r1", time, ...more }) as RoomEvent & ExamEvent;
const config = { examId: "x1", data: "{}", createdAt: time, updatedAt: time };
const person = { userId: "e2", role: "examinee", name: "Li", extraMinutes: 5 };

test("a talk says whether the person hears it, and a report about an older one says nothing of it", () => {
  const [own, other] = [
    { userId: "e1", by: "t1", since: before, isHeard: false },
    { userId: "e2", by: "t2", since: before, isHeard: false },
  ];
  const told = (since: Date, isHeard: boolean, talks = [own, other]) =>
    applyRoomEvent(
      { ...state, talks },
      event("talk_heard", { userId: "e1", role: "examinee", by: "t1", since, isHeard }),
    ).talks;
  const heard = [{ ...own, isHeard: true }, other];
  expect(told(before, true)).toEqual(heard);
  expect(told(before, false, heard)).toEqual([own, other]);
  expect(told(time, true)).toEqual([own, other]);
});

test.each<[LoggedEvent["type"], object, Partial<RoomSnapshot>]>([
  ["room_ended", {}, { room: { ...room, status: "ended", updatedAt: time }, hands: [] }],
  [
    "audio_status_changed",
    { audioStatus: "speaking" },
    { room: { ...room, audioStatus: "speaking", updatedAt: time } },
  ],
  [
    "participant_added",
    { userId: "t2", role: "teacher", name: "Wang", extraMinutes: 0 },
    { members: [...state.members, { ...member("t2", { role: "teacher", name: "Wang" }) }] },
  ],
  ["participant_updated", person, { members: [member("e1"), member("e2", { name: "Li", extraMinutes: 5 })] }],
  [
    "identity_checked",
    { userId: "e1", role: "examinee", status: "later", since: time },
    { members: [member("e1", { identity: { status: "later", since: time } }), member("e2")] },
  ],
  [
    "readiness_changed",
    {
      userId: "e1",
      role: "examinee",
      checks: { camera: { result: "passed" } },
      wavedThrough: false,
      since: time,
    },
    {
      members: [
        member("e1", {
          readiness: { checks: { camera: { result: "passed" } }, wavedThrough: false, since: time },
        }),
        member("e2"),
      ],
    },
  ],
  [
    "detectors_changed",
    { userId: "e1", role: "examinee", off: true },
    { members: [member("e1", { detectorsOff: true }), member("e2")] },
  ],
  ["detectors_changed", { userId: "e1", role: "examinee", off: false }, {}],
  [
    "talk_changed",
    { userId: "e1", role: "examinee", by: "t1", isTalking: true },
    { talks: [{ userId: "e1", by: "t1", since: time, isHeard: false }] },
  ],
  ["talk_changed", { userId: "e1", role: "examinee", by: "t1", isTalking: false }, { talks: [] }],
  ["talk_heard", { userId: "e1", role: "examinee", by: "t1", since: time, isHeard: true }, { talks: [] }],
  ["hand_changed", { userId: "e2", hand: hand(4, "e2") }, { hands: [hand(3, "e1"), hand(4, "e2")] }],
  ["hand_changed", { userId: "e1", hand: hand(3, "e1", "taken") }, { hands: [hand(3, "e1", "taken")] }],
  ["hand_changed", { userId: "e1", hand: hand(3, "e1", "resolved") }, { hands: [] }],
  // An earlier hand of the person, which a later one has followed.
  ["hand_changed", { userId: "e1", hand: hand(2, "e1", "resolved") }, {}],
  [
    "participant_removed",
    { userId: "e1", role: "examinee" },
    { members: [member("e2")], presence: [], hands: [] },
  ],
  [
    "participant_entered",
    { userId: "e2", role: "examinee", camera: "pc" },
    { presence: [...state.presence, page("e2", "pc", time)] },
  ],
  [
    "participant_entered",
    { userId: "e1", role: "examinee", camera: "main" },
    { presence: [page("e1", "main", time), page("e1", "pc")] },
  ],
  [
    "devices_changed",
    { userId: "e1", role: "examinee", camera: "pc", devices: 3 },
    { presence: [page("e1", "main"), { ...page("e1", "pc"), devices: 3 }] },
  ],
  ["participant_left", { userId: "e1", role: "examinee", camera: "main" }, { presence: [page("e1", "pc")] }],
  [
    "publish_status_changed",
    { userId: "e1", camera: "pc", status: "publishing" },
    { members: [member("e1", { publishStatus: { main: "idle", pc: "publishing" } }), member("e2")] },
  ],
  ["cheat_config_changed", { cheatConfig: config }, { cheatConfig: config }],
  ["cheat_records_added", { records: [] }, {}],
  ["message", { message: {} }, {}],
  ["room_created", { room }, {}],
])("a room after %s %j", (type, more, change) => {
  const frozen = structuredClone(state);
  expect(applyRoomEvent(state, event(type, more))).toEqual({ ...state, ...change, lastEventId: "8" });
  expect(state).toEqual(frozen);
});

test("an updated person keeps the publish status", () => {
  const publishing = applyRoomEvent(
    state,
    event("publish_status_changed", { userId: "e2", camera: "main", status: "publishing" }),
  );
  const { members } = applyRoomEvent(publishing, event("participant_updated", person));
  expect(members[1]).toEqual(
    member("e2", { name: "Li", extraMinutes: 5, publishStatus: { main: "publishing", pc: "idle" } }),
  );
});

test("an updated person keeps what was found about them", () => {
  const found = {
    readiness: { checks: {}, wavedThrough: true },
    detectorsOff: true,
    identity: { status: "confirmed", since: time },
  } as const;
  const known = { ...state, members: [member("e2", found)] };
  const { members } = applyRoomEvent(known, event("participant_updated", person));
  expect(members).toEqual([member("e2", { ...found, name: "Li", extraMinutes: 5 })]);
});

test("a room that begins with a snapshot reads none, and follows the events after it", async () => {
  const after: string[] = [];
  const live = new LiveRoom(
    "r1",
    {
      snapshot: () => Promise.reject(new Error("nothing is read")),
      subscribe(lastEventId, { onStarted, onData }) {
        after.push(lastEventId);
        queueMicrotask(() => {
          onStarted();
          onData({ data: event("participant_removed", { userId: "e1", role: "examinee" }) });
        });
        return { unsubscribe: () => undefined };
      },
      send: () => Promise.reject(new Error("nothing is sent")),
    },
    { reconnect: { baseMs: 0, maxMs: 0 }, retry: false, snapshot: state },
  );
  expect([live.status, live.state]).toEqual(["connecting", state]);
  await new Promise<void>((resolve) => {
    live.subscribe(() => {
      if (live.state?.lastEventId === "8" || live.error) resolve();
    });
  });
  live.close();
  expect(live.error).toBeUndefined();
  expect(after).toEqual(["7"]);
  expect(live.state?.members).toEqual([member("e2")]);
});

test("a gap replaces the state of a room and of an exam", () => {
  const snapshot = { ...state, members: [], lastEventId: "3" };
  expect(applyRoomEvent(state, { type: "gap", id: "3", roomId: "r1", time, snapshot })).toBe(snapshot);
  const exam: ExamSnapshot = { examId: "x1", rooms: [], lastEventId: "3" };
  const gap: ExamEvent = { type: "gap", id: "3", examId: "x1", time, snapshot: exam };
  expect(applyExamEvent({ ...exam, rooms: [room] }, gap)).toBe(exam);
});

test("a room of a server that does not know raised hands has none, also after a gap and an event", async () => {
  // Safe: it is what the server of the version before answers.
  const { hands: _, ...older } = state;
  const snapshot = older as RoomSnapshot;
  const left = event("participant_removed", { userId: "e1", role: "examinee" });
  const live = new LiveRoom(
    "r1",
    {
      snapshot: async () => snapshot,
      subscribe(_after, { onStarted, onData }) {
        queueMicrotask(() => {
          onStarted();
          onData({ data: left });
          onData({
            data: { type: "gap", id: "9", roomId: "r1", time, snapshot: { ...snapshot, lastEventId: "9" } },
          });
        });
        return { unsubscribe: () => undefined };
      },
      send: () => Promise.reject(new Error("nothing is sent")),
    },
    { reconnect: { baseMs: 0, maxMs: 0 }, retry: false },
  );
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    live.subscribe(() => {
      if (live.state) seen.push(live.state.hands);
      if (live.state?.lastEventId === "9" || live.error) resolve();
    });
  });
  live.close();
  expect(live.error).toBeUndefined();
  expect(seen).not.toHaveLength(0);
  expect(new Set(seen.map((hands) => JSON.stringify(hands)))).toEqual(new Set(["[]"]));
});

const other = { ...room, id: "r2" };
test.each<[LoggedEvent["type"], object, readonly object[]]>([
  ["room_created", { roomId: "r3", room: { ...room, id: "r3" } }, [room, other, { ...room, id: "r3" }]],
  ["room_created", { room: { ...room, name: "Physics" } }, [{ ...room, name: "Physics" }, other]],
  ["room_ended", {}, [{ ...room, status: "ended", updatedAt: time }, other]],
  [
    "audio_status_changed",
    { audioStatus: "speaking" },
    [{ ...room, audioStatus: "speaking", updatedAt: time }, other],
  ],
  ["message", { message: {} }, [room, other]],
  // About the whole exam.
  ["cheat_config_changed", { roomId: "", cheatConfig: config }, [room, other]],
])("an exam after %s %j", (type, more, rooms) => {
  const exam: ExamSnapshot = { examId: "x1", rooms: [room, other], lastEventId: "7" };
  expect(applyExamEvent(exam, event(type, more))).toEqual({ examId: "x1", rooms, lastEventId: "8" });
});
