import { type SignalName, signals } from "@invigil/schema";
import type { TestAppOptions, TestCaller } from "../../src/app/testing.js";
import type { ProcedurePath } from "../../src/rest/routes.js";
import type { Sent } from "./calls.js";
import { APPS, type ExamsFixture } from "./exams-fixture.js";
import { callersOf } from "./permissions.js";
import { procedureAt } from "./router.js";
import { STREAM_CONFIG, streamHeaders, streamReport, streamSignature } from "./streams.js";

// Calls of each procedure, for the tests that try every procedure, and for the examples of docs/api.

/** Returns the input of a call. `n` is a different number for each call, for calls that work only once. */
export type Input = (fixture: ExamsFixture, caller: TestCaller, n: number) => object | undefined;
export const own = (fixture: ExamsFixture) => ({ roomId: fixture.room.id });
export const examOf = (fixture: ExamsFixture) => ({ examId: fixture.room.examId });
/** A person with a password, for the rows that need one. */
export const accountOf = ({ room }: ExamsFixture) =>
  ({ userId: `clerk-${room.id}`, role: "teacher", name: "Clerk", password: "a password" }) as const;
export const credentialsOf = (fixture: ExamsFixture) => ({
  username: accountOf(fixture).userId,
  password: accountOf(fixture).password,
});
const sibling = (fixture: ExamsFixture) => ({ roomId: fixture.sibling.id });
const toSibling: Input = (fixture, _, n) => ({
  ...own(fixture),
  userId: `leaving${n}`,
  toRoomId: fixture.sibling.id,
});
const saying =
  (name: SignalName, data: object): Input =>
  (fixture) => ({ ...own(fixture), type: signals[name].type, data });
const SOON = { startTime: new Date("2026-02-01T00:00:00Z"), endTime: new Date("2026-02-01T02:00:00Z") };
const minuteOf = (n: number): Date => new Date(SOON.startTime.getTime() + n * 60_000);

/** Clips that teacher1 added, one per caller. */
let ownClips: readonly string[] = [];
const addOwnClips = async (fixture: ExamsFixture): Promise<void> => {
  const ids: string[] = [];
  for (const name of Object.keys(callersOf(fixture)))
    ids.push((await fixture.teacher.audio.create({ name, url: `https://audio.example/${name}.wav` })).id);
  ownClips = ids;
};

/** Attachments of a clip to the exam of `room`, one per caller. */
let attachments: readonly string[] = [];
const attachClips = async (fixture: ExamsFixture): Promise<void> => {
  const { admin, room, clipId } = fixture;
  const ids: string[] = [];
  for (const n of Object.keys(callersOf(fixture)).keys())
    ids.push((await admin.audio.attach({ examId: room.examId, clipId, startTime: minuteOf(n) })).id);
  attachments = ids;
};

/** Exams of teacher1 without rooms, one per caller. */
let emptyExams: readonly string[] = [];
const createEmptyExams = async (fixture: ExamsFixture): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf(fixture)))
    ids.push((await fixture.teacher.exam.create({ name: "Empty", ...SOON })).id);
  emptyExams = ids;
};

/** Exams of teacher1 with a room in progress, one per caller. Calls that come later need that of `room`. */
let examsInProgress: readonly string[] = [];
const createExamsInProgress = async (fixture: ExamsFixture): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf(fixture)))
    ids.push((await fixture.teacher.room.create({ name: "In progress" })).examId);
  examsInProgress = ids;
};

/** An exam of teacher1 with rooms that only its creator is in: one, or one per caller. */
let emptyRooms: readonly { readonly examId: string; readonly roomId: string }[] = [];
const createEmptyRooms = async ({ teacher }: ExamsFixture, count = 1): Promise<void> => {
  const { id: examId } = await teacher.exam.create({ name: "Empty", ...SOON });
  const rooms: (typeof emptyRooms)[number][] = [];
  while (rooms.length < count)
    rooms.push({ examId, roomId: (await teacher.room.create({ name: "Empty", examId })).id });
  emptyRooms = rooms;
};

/** A room of an exam that its creator, teacher1, controls. teacher3 is in it. */
let controlledRoom = "none";
const createControlledExam = async ({ teacher, room }: ExamsFixture): Promise<void> => {
  const { id: examId } = await teacher.exam.create({
    name: `Controlled ${room.id}`,
    ...SOON,
    controlledBy: "creator",
  });
  const participants = [
    { userId: "teacher3", name: "Teacher Three", role: "teacher" as const },
    { userId: "controlled1", name: "Controlled", role: "examinee" as const },
  ];
  controlledRoom = (await teacher.room.create({ name: "Controlled", examId, participants })).id;
};

/** An exam of teacher1 with plans that seat an inspector each, one per caller. */
let plannedExam = "none";
const makePlans = async (fixture: ExamsFixture): Promise<void> => {
  const { id: examId } = await fixture.teacher.exam.create({ name: "Planned", ...SOON });
  await fixture.teacher.room.create({ name: "Planned", examId });
  for (const n of Object.keys(callersOf(fixture)).keys()) {
    const teachers = [{ userId: `planned${n}`, name: "Planned", role: "inspector" as const }];
    await fixture.teacher.exam.plan({ examId, roomSize: 30, teachers });
  }
  plannedExam = examId;
};

/** Exams that were deleted, one per caller. */
let deletedExams: readonly string[] = [];
const deleteExams = async (fixture: ExamsFixture): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf(fixture))) {
    const { id: examId } = await fixture.admin.exam.create({ name: "Gone", ...SOON });
    await fixture.admin.exam.delete({ examId });
    ids.push(examId);
  }
  deletedExams = ids;
};

const addAccount = (fixture: ExamsFixture) => fixture.admin.account.create(accountOf(fixture));

let decisions = 0;
/** Decides about a person, with a key for each caller. */
const deciding =
  (what: string, more: object = {}): Input =>
  (fixture, _, n) => ({
    ...own(fixture),
    userIds: ["examinee2"],
    reason: { code: "technical", note: "The power is out.", message: "Please wait." },
    key: `${what}-${n}`,
    ...more,
  });
const decisionAboutAll = ({ room }: ExamsFixture) => ({
  roomId: room.id,
  reason: { code: "other" as const },
  key: `decision-${++decisions}`,
});
/** Reopens and resumes the attempts of the room. */
const continuing = async (fixture: ExamsFixture): Promise<unknown> => {
  await fixture.admin.attempt.reopen(decisionAboutAll(fixture));
  return fixture.admin.attempt.resume(decisionAboutAll(fixture));
};

/** Makes the exam of `room` one that has begun. */
export const beginExam = ({ admin, room }: Pick<ExamsFixture, "admin" | "room">): Promise<unknown> =>
  admin.exam.update({ examId: room.examId, startTime: new Date("2026-01-02T03:00:00Z") });

/** The newest session of a person whose account no other call changes. */
let sessionId = "none";
let visitorId = "none";
const addSession = async (fixture: ExamsFixture): Promise<void> => {
  const visitor = { ...accountOf(fixture), userId: `visitor-${fixture.room.id}` };
  const { userId: username, password } = visitor;
  // Once: a refusal would stand in the audit, whose example shows the newest entry.
  if (visitorId !== visitor.userId) await fixture.admin.account.create(visitor).catch(() => undefined);
  visitorId = visitor.userId;
  await fixture.admin.auth.login({ username, password });
  const { sessions } = await fixture.admin.account.listSessions({ userId: username });
  sessionId = sessions[0]?.id ?? sessionId;
};

/** Raised hands of people who leave, one per caller, and one of examinee1. */
let raisedHands: readonly number[] = [];
let handOfExaminee = 1;
const raiseHands = async (fixture: ExamsFixture): Promise<void> => {
  const { admin, room } = fixture;
  const asked = { roomId: room.id, kind: "break" } as const;
  handOfExaminee = (await fixture.as({ sub: "examinee1", role: "examinee" }).hand.raise(asked)).id;
  const ids: number[] = [];
  for (const n of Object.keys(callersOf(fixture)).keys())
    ids.push(
      (await admin.hand.raise({ ...asked, userId: `leaving${n}` }).catch(() => undefined))?.id ??
        handOfExaminee,
    );
  raisedHands = ids;
};

/** The version of the newest consent text. */
let consentVersion = 0;
const readConsent = async (fixture: ExamsFixture): Promise<void> => {
  consentVersion = (await fixture.admin.exam.consent(examOf(fixture))).version;
};

/** The code of teacher1. */
let code = "none";

export interface Call {
  /** Makes what the calls of all callers need, once. */
  readonly prepare?: (fixture: ExamsFixture) => Promise<unknown>;
  /** What happens before each call, so that there is something to do however often it is made. */
  readonly before?: (fixture: ExamsFixture, n: number) => Promise<unknown>;
  /** Whether it needs the token of a login, which a call may end. */
  readonly needsLogin?: true;
  readonly input: Input;
}

/**
 * The calls that tests make. Each procedure has one under its name, which docs/api shows as the example if a caller of `callersOf` can make it
 * with success. Further calls have names that say what differs. A procedure without a call does not compile.
 */
const CALLS: Readonly<Record<ProcedurePath | `${ProcedurePath}, ${string}`, Call>> = {
  "auth.whoami": { input: () => undefined },
  "auth.login": { prepare: addAccount, input: credentialsOf },
  // Of a server that runs no demo, as all of these are. login-to-demo.test.ts has one.
  "auth.loginToDemo": { input: () => undefined },
  "auth.refresh": { needsLogin: true, input: () => undefined },
  "auth.logout": { needsLogin: true, input: () => undefined },
  "auth.changePassword": {
    needsLogin: true,
    input: () => ({ currentPassword: "a password", newPassword: "another one" }),
  },
  "auth.issueToken": { input: (fixture) => ({ ...own(fixture), userId: "examinee1", role: "examinee" }) },
  "auth.issueToken, of the exam": {
    input: (fixture) => ({ ...examOf(fixture), userId: "examinee1", role: "examinee" }),
  },
  "auth.issueToken, of no room": { input: () => ({ userId: "examinee1", role: "examinee" }) },
  "auth.revokeToken": { input: () => ({ tokenId: "a token's id" }) },
  "account.create": {
    input: (fixture, _, n) => ({ ...accountOf(fixture), userId: `${accountOf(fixture).userId}-${n}` }),
  },
  "account.list": { input: () => ({}) },
  "account.disable": {
    before: (fixture) => fixture.admin.account.enable({ userId: accountOf(fixture).userId }),
    prepare: addAccount,
    input: (fixture) => ({ userId: accountOf(fixture).userId }),
  },
  "account.enable": {
    before: (fixture) => fixture.admin.account.disable({ userId: accountOf(fixture).userId }),
    prepare: addAccount,
    input: (fixture) => ({ userId: accountOf(fixture).userId }),
  },
  "account.setPassword": {
    prepare: addAccount,
    input: (fixture) => ({ userId: accountOf(fixture).userId, password: "another one" }),
  },
  "account.listSessions": { prepare: addSession, input: () => ({}) },
  "account.listSessions, of another": {
    prepare: addAccount,
    input: (fixture) => ({ userId: accountOf(fixture).userId }),
  },
  "account.endSession": {
    before: addSession,
    needsLogin: true,
    input: () => ({ sessionId }),
  },
  "audit.list": { input: () => ({ procedure: "account.create", pageSize: 1 }) },
  "audit.list, with names": {
    input: () => ({ procedure: "account.create", pageSize: 1, withReads: false, withNames: true }),
  },
  "outbox.list": { input: () => ({}) },
  "outbox.retry": { input: () => ({ id: "the-id-of-a-task" }) },
  "room.create": { input: () => ({ name: "New room" }) },
  "room.create, in the exam": { input: (fixture) => ({ name: "New room", ...examOf(fixture) }) },
  "room.get": { input: own },
  "room.end": { before: ({ admin, room }) => admin.room.reopen({ roomId: room.id }), input: own },
  "room.reopen": { before: ({ admin, room }) => admin.room.end({ roomId: room.id }), input: own },
  "room.setAudioStatus": {
    before: ({ admin, room }) => admin.room.setAudioStatus({ roomId: room.id, audioStatus: "silent" }),
    input: (fixture) => ({ ...own(fixture), audioStatus: "speaking" }),
  },
  "room.list": { input: () => ({}) },
  "room.joinLinks": { input: own },
  "room.joinLinks, of the exam": { input: examOf },
  "room.joinLinks, of another room": { input: sibling },
  "room.joinCodes": { input: own },
  "room.joinCodes, of the exam": { input: examOf },
  "room.joinCodes, of another room": { input: sibling },
  "room.linkOfCode": {
    prepare: async ({ teacher, room }) => {
      code = (await teacher.room.joinCodes({ roomId: room.id }))[0]?.code ?? code;
    },
    input: () => ({ code }),
  },
  "room.revokeLinks": { input: (fixture) => ({ ...own(fixture), userIds: ["examinee2"] }) },
  "room.revokeLinks, in another room": {
    input: (fixture) => ({ ...sibling(fixture), userIds: ["examinee3"] }),
  },
  "room.listEvents": { input: (fixture) => ({ ...own(fixture), pageSize: 2 }) },
  "room.listEvents, about a person": {
    input: (fixture) => ({ ...own(fixture), userId: "examinee2", types: ["participant_added"] }),
  },
  "room.presence": { input: own },
  "room.visits": { input: (fixture) => ({ ...own(fixture), userId: "examinee1" }) },
  "room.snapshot": { input: own },
  // After an unknown event id, so that a snapshot arrives at once.
  "room.onEvent": { input: (fixture) => ({ ...own(fixture), lastEventId: "999999999" }) },
  "exam.create": { input: () => ({ name: "New exam", ...SOON }) },
  "exam.get": { input: examOf },
  "exam.update": { input: (fixture) => ({ ...examOf(fixture), name: "Another name" }) },
  "exam.consent": { input: examOf },
  "exam.setConsent": {
    input: (fixture, _, n) => ({
      ...examOf(fixture),
      zh: `考试期间您的摄像头和麦克风会被监看。(${n})`,
      en: `Your camera and microphone are watched during the exam. (${n})`,
    }),
  },
  "exam.list": { input: () => ({}) },
  "exam.list, with counts": { input: () => ({ withCounts: true }) },
  "exam.duplicate": {
    input: (fixture) => ({
      ...examOf(fixture),
      name: "Its copy",
      ...SOON,
      withRooms: true,
      withPeople: true,
    }),
  },
  "exam.end": { prepare: createExamsInProgress, input: (_, __, n) => ({ examId: examsInProgress[n] }) },
  "room.rename": {
    prepare: (fixture) => createEmptyRooms(fixture),
    input: (_, __, n) => ({ ...emptyRooms[0], name: `Room ${n}` }),
  },
  "room.setTeacher": {
    async prepare(fixture) {
      await createEmptyRooms(fixture);
      const [{ roomId } = { roomId: "none" }] = emptyRooms;
      const participants = [{ userId: "standby", name: "Standby", role: "teacher" as const }];
      await fixture.teacher.participant.add({ roomId, participants });
    },
    async before({ admin }) {
      const [room] = emptyRooms;
      if (room) await admin.room.setTeacher({ ...room, userId: "teacher1" });
    },
    input: () => ({ ...emptyRooms[0], userId: "standby" }),
  },
  "room.delete": {
    prepare: (fixture) => createEmptyRooms(fixture, Object.keys(callersOf(fixture)).length),
    input: (_, __, n) => emptyRooms[n],
  },
  "exam.check": { input: examOf },
  "exam.cards": { input: (fixture) => ({ ...examOf(fixture), limit: 1 }) },
  "exam.cards, of a room": {
    input: (fixture) => ({ ...examOf(fixture), ...own(fixture), userIds: ["examinee1"] }),
  },
  "exam.cards, of another room": {
    input: (fixture) => ({ ...examOf(fixture), ...sibling(fixture), userIds: ["examinee3"] }),
  },
  "exam.delete": { input: examOf },
  "exam.delete, without rooms": {
    prepare: createEmptyExams,
    input: (_, __, n) => ({ examId: emptyExams[n] }),
  },
  "exam.listDeleted": { input: () => ({}) },
  "exam.restore": { prepare: deleteExams, input: (_, __, n) => ({ examId: deletedExams[n] }) },
  "exam.erase": { prepare: deleteExams, input: (_, __, n) => ({ examId: deletedExams[n], confirm: "Gone" }) },
  "exam.plan": {
    before: (fixture, n) =>
      fixture.admin.participant.import({
        ...examOf(fixture),
        file: Buffer.from(`id,name\nseatless${n},Seatless\n`).toString("base64"),
      }),
    input: (fixture) => ({ ...examOf(fixture), roomSize: 30 }),
  },
  "exam.plans": { input: examOf },
  "exam.undoPlan": {
    prepare: makePlans,
    input: (_, __, n) => ({ examId: plannedExam, plan: n + 1 }),
  },
  "exam.series": { input: examOf },
  "exam.series, of a room": { input: (fixture) => ({ ...examOf(fixture), ...own(fixture) }) },
  "exam.roomSeries": { input: examOf },
  "exam.people": { input: (fixture) => ({ ...examOf(fixture), pageSize: 2 }) },
  "exam.people, in a room": { input: (fixture) => ({ ...examOf(fixture), ...own(fixture) }) },
  "exam.people, by first letters": { input: (fixture) => ({ ...examOf(fixture), search: "wf" }) },
  "exam.people, with the next page": { input: (fixture) => ({ ...examOf(fixture), cursor: "r1" }) },
  "exam.people, without a room": { input: (fixture) => ({ ...examOf(fixture), cursor: "u0" }) },
  "exam.entries": { input: examOf },
  "exam.entries, about a person": {
    input: (fixture) => ({ ...examOf(fixture), ...own(fixture), userId: "examinee2" }),
  },
  "exam.snapshot": { input: examOf },
  "exam.onEvent": { input: (fixture) => ({ ...examOf(fixture), lastEventId: "999999999" }) },
  "exam.onPeople": { input: (fixture) => ({ ...examOf(fixture), lastEventId: "999999999" }) },
  "attempt.pause": { before: continuing, input: deciding("pause") },
  "attempt.resume": {
    async before(fixture) {
      await continuing(fixture);
      await fixture.admin.attempt.pause(decisionAboutAll(fixture));
    },
    input: deciding("resume"),
  },
  "attempt.extend": { before: continuing, input: deciding("extend", { minutes: 1 }) },
  ...Object.fromEntries(
    (["pause", "extend", "terminate", "reopen"] as const).map((kind) => [
      `attempt.${kind}, of a controlled exam`,
      {
        prepare: createControlledExam,
        before: ({ admin }: ExamsFixture) =>
          admin.attempt[kind === "reopen" ? "terminate" : "reopen"]({
            roomId: controlledRoom,
            reason: { code: "other" },
            key: `decision-${++decisions}`,
          }),
        input: (_: ExamsFixture, __: unknown, n: number) => ({
          roomId: controlledRoom,
          reason: { code: "technical" },
          key: `${kind}-${n}`,
          ...(kind === "extend" && { minutes: 1 }),
        }),
      },
    ]),
  ),
  "attempt.terminate": { before: continuing, input: deciding("terminate", { answers: "save" }) },
  "attempt.reopen": {
    async before(fixture) {
      await continuing(fixture);
      await fixture.admin.attempt.terminate({ ...decisionAboutAll(fixture), userIds: ["examinee2"] });
    },
    input: deciding("reopen"),
  },
  "attempt.finish": { prepare: beginExam, input: own },
  "attempt.open": { input: own },
  "attempt.consent": {
    prepare: readConsent,
    input: (fixture) => ({ ...own(fixture), version: consentVersion }),
  },
  "attempt.reportReadiness": {
    input: (fixture) => ({
      ...own(fixture),
      checks: { camera: { result: "passed" }, microphone: { result: "failed", detail: "silent" } },
    }),
  },
  "participant.get": { input: (fixture) => ({ ...own(fixture), userId: "teacher1" }) },
  "participant.list": { input: own },
  "participant.add": {
    input: (fixture, _, n) => ({
      ...own(fixture),
      participants: [{ userId: `new${n}`, name: "New", role: "examinee" }],
    }),
  },
  "participant.add, in another room": {
    input: (fixture, _, n) => ({
      ...sibling(fixture),
      participants: [{ userId: `new${n}`, name: "New", role: "examinee" }],
    }),
  },
  "participant.setExtraMinutes": {
    before: ({ admin, room }) =>
      admin.participant.setExtraMinutes({
        roomId: room.id,
        participants: [{ userId: "examinee1", extraMinutes: 0 }],
      }),
    input: (fixture) => ({ ...own(fixture), participants: [{ userId: "examinee1", extraMinutes: 15 }] }),
  },
  "participant.setExtraMinutes, in another room": {
    before: (fixture) =>
      fixture.admin.participant.setExtraMinutes({
        ...sibling(fixture),
        participants: [{ userId: "examinee3", extraMinutes: 0 }],
      }),
    input: (fixture) => ({ ...sibling(fixture), participants: [{ userId: "examinee3", extraMinutes: 15 }] }),
  },
  "participant.move": { input: toSibling },
  "participant.move, in reach": {
    prepare: ({ admin, room }) =>
      admin.participant.add({
        roomId: room.id,
        participants: [{ userId: "teacher3", name: "Teacher Three", role: "teacher" }],
      }),
    input: toSibling,
  },
  "participant.import": {
    input: (fixture, _, n) => ({
      ...examOf(fixture),
      file: Buffer.from(`id,name,room\nnew${n},New,${fixture.room.id}\n`).toString("base64"),
    }),
  },
  "participant.import, into a room": {
    input: (fixture, _, n) => ({
      ...examOf(fixture),
      ...own(fixture),
      file: Buffer.from(`id,name\nnew${n},New\n`).toString("base64"),
    }),
  },
  "participant.import, removing": {
    input: (fixture, _, n) => ({
      ...examOf(fixture),
      file: Buffer.from(`id,name\nnew${n},New\n`).toString("base64"),
      remove: [`leaving${n}`],
    }),
  },
  "participant.remove": { input: (fixture, _, n) => ({ ...own(fixture), userId: `leaving${n}` }) },
  "participant.remove, in another room": {
    prepare: (fixture) =>
      fixture.admin.participant.add({
        ...sibling(fixture),
        participants: Object.keys(callersOf(fixture)).map((_, n) => ({
          userId: `leaving${n}`,
          name: "Leaving",
          role: "examinee",
        })),
      }),
    input: (fixture, _, n) => ({ ...sibling(fixture), userId: `leaving${n}` }),
  },
  "participant.remove, records": {
    input: (fixture, _, n) => ({ ...own(fixture), userId: `leaving${n}`, withRecords: true }),
  },
  "participant.unseat": {
    input: (fixture, _, n) => ({ ...examOf(fixture), ...own(fixture), userId: `leaving${n}` }),
  },
  "participant.listUnseated": { input: examOf },
  "participant.locate": { input: (fixture) => ({ ...examOf(fixture), userId: "examinee1" }) },
  "participant.diagnose": { input: (fixture) => ({ ...examOf(fixture), userId: "examinee1" }) },
  "participant.diagnose, of no exam": { input: () => ({ userId: "examinee1" }) },
  "participant.removeFromExam": { input: (fixture, _, n) => ({ ...examOf(fixture), userId: `leaving${n}` }) },
  "participant.removeFromExam, records": {
    input: (fixture, _, n) => ({ ...examOf(fixture), userId: `leaving${n}`, withRecords: true }),
  },
  "audio.list": { input: () => ({}) },
  "audio.create": { input: () => ({ name: "New clip", url: "https://audio.example/new.wav" }) },
  "audio.create, a default one": {
    input: () => ({ name: "New clip", url: "https://audio.example/new.wav", isDefault: true }),
  },
  "audio.update": { input: (fixture) => ({ clipId: fixture.clipId, name: "Another name" }) },
  "audio.update, the teacher's": {
    prepare: addOwnClips,
    input: (_, __, n) => ({ clipId: ownClips[n], name: "Another" }),
  },
  "audio.update, to a default one": {
    prepare: addOwnClips,
    input: (_, __, n) => ({ clipId: ownClips[n], isDefault: true }),
  },
  "audio.delete": { input: () => ({ clipId: "none" }) },
  "audio.delete, the teacher's": { prepare: addOwnClips, input: (_, __, n) => ({ clipId: ownClips[n] }) },
  "audio.attach": {
    input: (fixture, _, n) => ({ ...examOf(fixture), clipId: fixture.clipId, startTime: minuteOf(n) }),
  },
  "audio.detach": { input: (fixture) => ({ ...examOf(fixture), attachmentId: "none" }) },
  "audio.detach, an attached one": {
    prepare: attachClips,
    input: (fixture, _, n) => ({ ...examOf(fixture), attachmentId: attachments[n] }),
  },
  "cheat.setConfig": {
    before: ({ admin, room }, n) =>
      admin.cheat.setConfig({ examId: room.examId, data: JSON.stringify({ n }) }),
    input: (fixture) => ({ ...examOf(fixture), data: "{}" }),
  },
  "cheat.getConfig": { input: examOf },
  "cheat.addRecords": {
    input: (fixture) => ({ ...own(fixture), records: [fixture.detection("examinee1")] }),
  },
  "cheat.listRecords": { input: own },
  "cheat.listRecords, of the exam": { input: examOf },
  "cheat.listRecords, about a person": {
    input: (fixture) => ({ ...examOf(fixture), userIds: ["examinee1"] }),
  },
  "cheat.listRecords, filtered": {
    input: (fixture) => ({
      ...own(fixture),
      detectTypes: ["watch", "cellPhone"],
      isMainMonitor: true,
      receivedFrom: new Date("2026-01-01T00:00:00Z"),
      receivedTo: new Date("2027-01-01T00:00:00Z"),
    }),
  },
  "participant.waveThrough": {
    before: ({ admin, room }) =>
      admin.participant.waveThrough({ roomId: room.id, userId: "examinee1", wavedThrough: false }),
    input: (fixture) => ({ ...own(fixture), userId: "examinee1", wavedThrough: true }),
  },
  "participant.setDetectors": {
    before: ({ admin, room }) =>
      admin.participant.setDetectors({ roomId: room.id, userId: "examinee1", off: false }),
    input: (fixture) => ({ ...own(fixture), userId: "examinee1", off: true }),
  },
  "participant.checkIdentity": {
    input: (fixture, _, n) => ({
      ...own(fixture),
      userId: "examinee1",
      status: "confirmed",
      note: "Passport",
      key: `identity-${n}`,
    }),
  },
  "exam.note": {
    input: (fixture, _, n) => ({
      ...examOf(fixture),
      ...own(fixture),
      userId: "examinee1",
      severity: "look",
      at: new Date("2026-02-01T00:10:00Z"),
      text: "Talks to a person who is not in the picture",
      key: `note-${n}`,
    }),
  },
  "exam.note, about the room": {
    input: (fixture, _, n) => ({ ...examOf(fixture), ...own(fixture), text: "Quiet", key: `room-${n}` }),
  },
  "exam.note, about the exam": {
    input: (fixture, _, n) => ({ ...examOf(fixture), text: "The start was late", key: `exam-${n}` }),
  },
  "hand.raise": {
    input: (fixture, { sub, role }, n) => ({
      ...own(fixture),
      userId: role === "examinee" ? sub : `leaving${n}`,
      kind: "break",
      text: "Back in five minutes",
    }),
  },
  "hand.raise, of another": {
    input: (fixture, _, n) => ({ ...own(fixture), userId: `leaving${n}`, kind: "help" }),
  },
  "hand.answer": {
    prepare: raiseHands,
    input: (fixture, _, n) => ({
      ...own(fixture),
      handId: raisedHands[n],
      action: "grant",
      note: "Five minutes",
    }),
  },
  "hand.answer, resolving their own": {
    prepare: raiseHands,
    input: (fixture) => ({ ...own(fixture), handId: handOfExaminee, action: "resolve" }),
  },
  "hand.list": { prepare: raiseHands, input: own },
  "hand.list, of the exam": { prepare: raiseHands, input: examOf },
  "hand.list, of a person": {
    prepare: raiseHands,
    input: (fixture) => ({ ...examOf(fixture), userId: "examinee1", statuses: ["raised", "taken"] }),
  },
  "im.getToken": {
    input: (fixture, { sub }) => ({ ...own(fixture), userId: sub, imServer: ["aliyun_new"] }),
  },
  "im.getToken, of no room": { input: (_, { sub }) => ({ userId: `pc_${sub}`, imServer: ["aliyun_new"] }) },
  "im.getToken, of no service": { input: (_, { sub }) => ({ userId: sub }) },
  "im.getToken, commanding": {
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_new"], role: "admin" }),
  },
  "im.getToken, not configured": {
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_old", "rong_cloud"] }),
  },
  "im.send": { input: (fixture) => ({ ...own(fixture), type: 30_001, data: "of our own" }) },
  "im.send, an answer": { input: saying("cheatDetected", {}) },
  "im.send, a command": { input: saying("startCall", { sid: "call" }) },
  "im.send, the server's": { input: saying("streamStopped", { userId: "examinee1" }) },
  "im.history": { input: own },
  "im.history, about a person": { input: (fixture) => ({ ...own(fixture), userId: "examinee2" }) },
  "upload.getCredentials": { input: examOf },
  "stream.report": {
    before: ({ admin, room }, n) =>
      admin.stream.report({
        ...streamReport(room, "examinee1", n - 1),
        action: "publish_done",
        ...streamSignature(),
      }),
    input: ({ room }, _, n) => ({ ...streamReport(room, "examinee1", n), ...streamSignature() }),
  },
  "stream.listEvents": { input: own },
  "stream.publish": { input: own },
  "stream.watch": { input: (fixture) => ({ ...own(fixture), userIds: ["examinee1"] }) },
  "stream.talk": { input: (fixture) => ({ ...own(fixture), userId: "examinee1" }) },
  "stream.listen": { input: own },
  "stream.reportHeard": { input: (fixture) => ({ ...own(fixture), since: SOON.startTime, isHeard: true }) },
  "stream.listTalks": { input: own },
  "stream.listTalks, with a person": { input: (fixture) => ({ ...own(fixture), userId: "examinee1" }) },
  "stream.listEvents, about a person": { input: (fixture) => ({ ...own(fixture), userId: "examinee1" }) },
  "installation.info": { input: () => undefined },
  "installation.servers": { input: () => undefined },
  "installation.usage": { input: () => undefined },
};

/** The procedure of a call. */
export const procedureOf = (name: string): string => name.split(",")[0] ?? name;

const METHODS = { query: "query", mutation: "mutate", subscription: "subscribe" } as const;
/** @throws if there is no such call */
export const callOf = (row: string) => {
  // Safe: no name has more than an undefined call.
  const call = (CALLS as Readonly<Record<string, Call | undefined>>)[row];
  if (!call) throw new Error(`there is no call ${row}`);
  const path = procedureOf(row);
  const procedure = procedureAt(path);
  return { ...call, row, path, procedure, method: METHODS[procedure._def.type] };
};
/** The calls in their order. */
export const calls = Object.keys(CALLS).map(callOf);

export interface DocumentedCall {
  /** Below `/exam/`, or absolute. */
  readonly path: string;
  readonly method: "GET" | "POST";
  /** The call of `CALLS` that does the same. */
  readonly row: string;
  /** The fields that the vendor's apps send. */
  readonly fields: (fixture: ExamsFixture, caller: TestCaller, n: number) => Record<string, unknown>;
  readonly headers?: Record<string, string>;
}
/** Calls of the documented paths. */
export const PATHS: readonly DocumentedCall[] = [
  { path: "login", method: "POST", row: "auth.login", fields: credentialsOf },
  { path: "/login", method: "POST", row: "auth.login", fields: credentialsOf },
  {
    path: "v2/createRoom",
    method: "POST",
    row: "room.create",
    fields: () => ({ name: "N", imServer: ["aliyun_new"] }),
  },
  { path: "createRoom", method: "POST", row: "room.create", fields: () => ({ name: "N" }) },
  { path: "roomInfo", method: "GET", row: "room.get", fields: own },
  { path: "endRoom", method: "GET", row: "room.end", fields: own },
  { path: "endRoom", method: "POST", row: "room.end", fields: own },
  {
    path: "updateRoomAudioStatus",
    method: "POST",
    row: "room.setAudioStatus",
    fields: ({ room }) => ({ id: room.id, audioStatus: 1 }),
  },
  { path: "examInfo", method: "GET", row: "exam.get", fields: examOf },
  {
    path: "userInfo",
    method: "GET",
    row: "participant.get",
    fields: ({ room }) => ({ roomId: room.id, userId: "teacher1" }),
  },
  { path: "userList", method: "GET", row: "participant.list", fields: own },
  {
    path: "v2/getIMToken",
    method: "POST",
    row: "im.getToken",
    fields: ({ room }, { sub }) => ({ roomId: room.id, userId: sub, imServer: ["aliyun_new"] }),
  },
  {
    path: "getIMToken",
    method: "POST",
    row: "im.getToken, of no service",
    fields: (_, { sub }) => ({ userId: sub, deviceId: "d", deviceType: "ios" }),
  },
  { path: "getOssConfig", method: "GET", row: "upload.getCredentials", fields: examOf },
  { path: "selectAudio", method: "POST", row: "audio.list", fields: () => ({}) },
  {
    path: "cheat/setCheatConfig",
    method: "POST",
    row: "cheat.setConfig",
    fields: ({ room }) => ({ examId: room.examId, data: "{}" }),
  },
  { path: "cheat/getCheatConfig", method: "POST", row: "cheat.getConfig", fields: examOf },
  {
    path: "cheat/addCheatRecord",
    method: "POST",
    row: "cheat.addRecords",
    fields: ({ room, detection }) => ({
      roomId: room.id,
      examId: room.examId,
      data: JSON.stringify([{ ...detection("examinee1"), detectTime: 232323 }]),
    }),
  },
  { path: "cheat/listCheatRecord", method: "POST", row: "cheat.listRecords", fields: own },
  {
    path: "cheat/listCheatRecord",
    method: "POST",
    row: "cheat.listRecords, of the exam",
    fields: examOf,
  },
  {
    path: "userAct",
    method: "GET",
    row: "stream.report",
    fields: ({ room }, _, n) => streamReport(room, "examinee1", n),
    headers: streamHeaders(),
  },
];

export const urlOf = (path: string): string => (path.startsWith("/") ? path : `/exam/${path}`);
/** The request of a documented path. */
export const requestOf = (
  { path, method, fields, headers = {} }: DocumentedCall,
  fixture: ExamsFixture,
  caller: TestCaller,
  n: number,
): Sent => {
  const sent = fields(fixture, caller, n);
  return {
    method,
    path: urlOf(path),
    headers,
    ...(method === "GET" ? { query: sent } : { json: sent }),
  };
};

/** Makes a call in-process, and returns the answer. Of a subscription, it is the first event. */
export const makeCall = async (
  fixture: Pick<ExamsFixture, "as">,
  caller: TestCaller,
  { path, input }: { readonly path: string; readonly input: object | undefined },
): Promise<unknown> => {
  const [noun = "", verb = ""] = path.split(".");
  // Safe: the names are those of the router.
  const callers = fixture.as(caller) as unknown as Record<
    string,
    Record<string, (input: unknown) => Promise<unknown>>
  >;
  const answer = await callers[noun]?.[verb]?.(input);
  if (procedureAt(path)._def.type !== "subscription") return answer;
  // Safe: a subscription answers with its events.
  for await (const event of answer as AsyncIterable<unknown>) return event;
  return undefined;
};

/** Options of an app in which each procedure works. */
export const EVERYTHING: TestAppOptions = {
  config: { apps: APPS, publicUrl: "https://invigil.example", ...STREAM_CONFIG },
};
