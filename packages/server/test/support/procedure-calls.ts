import { type SignalName, signals } from "@invigil/schema";
import type { TestAppOptions, TestCaller } from "../../src/app/testing.js";
import type { Sent } from "./calls.js";
import { callersOf } from "./permissions.js";
import { APPS, type School } from "./school.js";
import { STREAM_CONFIG, streamHeaders, streamReport, streamSignature } from "./streams.js";

// A call of each procedure, for tests that try every procedure.

/**
 * The call of each row of the table. `n` is a different number for each call, for calls that work only once.
 */
export type Input = (school: School, caller: TestCaller, n: number) => object | undefined;
export const own = (school: School) => ({ roomId: school.room.id });
export const examOf = (school: School) => ({ examId: school.room.examId });
/** A person with a password, for the rows that need one. */
export const accountOf = ({ room }: School) =>
  ({ userId: `clerk-${room.id}`, role: "teacher", name: "Clerk", password: "a password" }) as const;
export const credentialsOf = (school: School) => ({
  username: accountOf(school).userId,
  password: accountOf(school).password,
});
/** Procedures without a token, which need a password or the stream service's signature. */
export const PUBLIC = new Set(["auth.login", "stream.report"]);
const toSibling: Input = (school, _, n) => ({
  ...own(school),
  userId: `leaving${n}`,
  toRoomId: school.sibling.id,
});
const saying =
  (name: SignalName, data: object): Input =>
  (school) => ({ ...own(school), type: signals[name].type, data });
const SOON = { startTime: new Date("2026-02-01T00:00:00Z"), endTime: new Date("2026-02-01T02:00:00Z") };
const minuteOf = (n: number): Date => new Date(SOON.startTime.getTime() + n * 60_000);

/** Clips that teacher1 added, one per caller. */
let ownClips: readonly string[] = [];
const addOwnClips = async (school: School): Promise<void> => {
  const ids: string[] = [];
  for (const name of Object.keys(callersOf(school)))
    ids.push((await school.teacher.audio.create({ name, url: `https://audio.example/${name}.wav` })).id);
  ownClips = ids;
};

/** Attachments of a clip to the exam of `room`, one per caller. */
let attachments: readonly string[] = [];
const attachClips = async ({ admin, room, clipId, ...school }: School): Promise<void> => {
  const ids: string[] = [];
  for (const n of Object.keys(callersOf({ admin, room, clipId, ...school })).keys())
    ids.push((await admin.audio.attach({ examId: room.examId, clipId, startTime: minuteOf(n) })).id);
  attachments = ids;
};

/** Exams of teacher1 without rooms, one per caller. */
let emptyExams: readonly string[] = [];
const createEmptyExams = async (school: School): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf(school)))
    ids.push((await school.teacher.exam.create({ name: "Empty", ...SOON })).id);
  emptyExams = ids;
};

/** Exams that were deleted, one per caller. */
let deletedExams: readonly string[] = [];
const deleteExams = async ({ admin, ...school }: School): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf({ admin, ...school }))) {
    const { id: examId } = await admin.exam.create({ name: "Gone", ...SOON });
    await admin.exam.delete({ examId });
    ids.push(examId);
  }
  deletedExams = ids;
};

export const CALLS: Readonly<Record<string, { method: "query" | "mutate" | "subscribe"; input: Input }>> = {
  "auth.whoami": { method: "query", input: () => undefined },
  "auth.login": { method: "mutate", input: credentialsOf },
  "auth.refresh": { method: "mutate", input: () => undefined },
  "auth.logout": { method: "mutate", input: () => undefined },
  "auth.changePassword": {
    method: "mutate",
    input: () => ({ currentPassword: "a password", newPassword: "another one" }),
  },
  "auth.issueToken": {
    method: "mutate",
    input: (school) => ({ ...own(school), userId: "examinee1", role: "examinee" }),
  },
  "auth.issueToken, of the exam": {
    method: "mutate",
    input: (school) => ({ ...examOf(school), userId: "examinee1", role: "examinee" }),
  },
  "auth.issueToken, of no room": {
    method: "mutate",
    input: () => ({ userId: "examinee1", role: "examinee" }),
  },
  "auth.revokeToken": { method: "mutate", input: () => ({ tokenId: "a token's id" }) },
  "account.create": {
    method: "mutate",
    input: (school, _, n) => ({ ...accountOf(school), userId: `${accountOf(school).userId}-${n}` }),
  },
  "account.list": { method: "query", input: () => ({}) },
  "account.disable": { method: "mutate", input: (school) => ({ userId: accountOf(school).userId }) },
  "account.enable": { method: "mutate", input: (school) => ({ userId: accountOf(school).userId }) },
  "account.setPassword": {
    method: "mutate",
    input: (school) => ({ userId: accountOf(school).userId, password: "another one" }),
  },
  "audit.list": { method: "query", input: () => ({ procedure: "account.create", pageSize: 1 }) },
  "room.create": { method: "mutate", input: () => ({ name: "New room" }) },
  "room.create, in the exam": {
    method: "mutate",
    input: (school) => ({ name: "New room", ...examOf(school) }),
  },
  "room.get": { method: "query", input: own },
  "room.end": { method: "mutate", input: own },
  "room.reopen": { method: "mutate", input: own },
  "room.setAudioStatus": {
    method: "mutate",
    input: (school) => ({ ...own(school), audioStatus: "speaking" }),
  },
  "room.list": { method: "query", input: () => ({}) },
  "room.joinLinks": { method: "mutate", input: own },
  "room.joinLinks, of the exam": { method: "mutate", input: examOf },
  "room.joinCodes": { method: "mutate", input: own },
  "room.joinCodes, of the exam": { method: "mutate", input: examOf },
  "room.revokeLinks": { method: "mutate", input: (school) => ({ ...own(school), userIds: ["examinee2"] }) },
  "room.presence": { method: "query", input: own },
  "room.snapshot": { method: "query", input: own },
  // After an unknown event id, so that a snapshot arrives at once.
  "room.onEvent": { method: "subscribe", input: (school) => ({ ...own(school), lastEventId: "999999999" }) },
  "exam.create": { method: "mutate", input: () => ({ name: "New exam", ...SOON }) },
  "exam.get": { method: "query", input: examOf },
  "exam.update": { method: "mutate", input: (school) => ({ ...examOf(school), name: "Another name" }) },
  "exam.list": { method: "query", input: () => ({}) },
  "exam.delete": { method: "mutate", input: examOf },
  "exam.delete, without rooms": { method: "mutate", input: (_, __, n) => ({ examId: emptyExams[n] }) },
  "exam.listDeleted": { method: "query", input: () => ({}) },
  "exam.restore": { method: "mutate", input: (_, __, n) => ({ examId: deletedExams[n] }) },
  "exam.erase": { method: "mutate", input: (_, __, n) => ({ examId: deletedExams[n], confirm: "Gone" }) },
  "exam.plan": { method: "mutate", input: (school) => ({ ...examOf(school), roomSize: 30 }) },
  "exam.snapshot": { method: "query", input: examOf },
  "exam.onEvent": {
    method: "subscribe",
    input: (school) => ({ ...examOf(school), lastEventId: "999999999" }),
  },
  "participant.get": { method: "query", input: (school) => ({ ...own(school), userId: "teacher1" }) },
  "participant.list": { method: "query", input: own },
  "participant.add": {
    method: "mutate",
    input: (school, _, n) => ({
      ...own(school),
      participants: [{ userId: `new${n}`, name: "New", role: "examinee" }],
    }),
  },
  "participant.move": { method: "mutate", input: toSibling },
  "participant.move, in reach": { method: "mutate", input: toSibling },
  "participant.import": {
    method: "mutate",
    input: (school, _, n) => ({
      ...examOf(school),
      file: Buffer.from(`id,name,room\nnew${n},New,${school.room.id}\n`).toString("base64"),
    }),
  },
  "participant.import, into a room": {
    method: "mutate",
    input: (school, _, n) => ({
      ...examOf(school),
      ...own(school),
      file: Buffer.from(`id,name\nnew${n},New\n`).toString("base64"),
    }),
  },
  "participant.remove": {
    method: "mutate",
    input: (school, _, n) => ({ ...own(school), userId: `leaving${n}` }),
  },
  "participant.remove, records": {
    method: "mutate",
    input: (school, _, n) => ({ ...own(school), userId: `leaving${n}`, withRecords: true }),
  },
  "participant.listUnseated": { method: "query", input: examOf },
  "participant.locate": { method: "query", input: (school) => ({ ...examOf(school), userId: "examinee1" }) },
  "participant.removeFromExam": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), userId: `leaving${n}` }),
  },
  "participant.removeFromExam, records": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), userId: `leaving${n}`, withRecords: true }),
  },
  "audio.list": { method: "query", input: () => ({}) },
  "audio.create": {
    method: "mutate",
    input: () => ({ name: "New clip", url: "https://audio.example/new.wav" }),
  },
  "audio.create, a default one": {
    method: "mutate",
    input: () => ({ name: "New clip", url: "https://audio.example/new.wav", isDefault: true }),
  },
  "audio.update": { method: "mutate", input: (school) => ({ clipId: school.clipId, name: "Another name" }) },
  "audio.update, the teacher's": {
    method: "mutate",
    input: (_, __, n) => ({ clipId: ownClips[n], name: "Another" }),
  },
  "audio.update, to a default one": {
    method: "mutate",
    input: (_, __, n) => ({ clipId: ownClips[n], isDefault: true }),
  },
  "audio.delete": { method: "mutate", input: () => ({ clipId: "none" }) },
  "audio.delete, the teacher's": { method: "mutate", input: (_, __, n) => ({ clipId: ownClips[n] }) },
  "audio.attach": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), clipId: school.clipId, startTime: minuteOf(n) }),
  },
  "audio.detach": {
    method: "mutate",
    input: (school) => ({ ...examOf(school), attachmentId: "none" }),
  },
  "audio.detach, an attached one": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), attachmentId: attachments[n] }),
  },
  "cheat.setConfig": { method: "mutate", input: (school) => ({ ...examOf(school), data: "{}" }) },
  "cheat.getConfig": { method: "query", input: examOf },
  "cheat.addRecords": {
    method: "mutate",
    input: (school) => ({ ...own(school), records: [school.detection("examinee1")] }),
  },
  "cheat.listRecords": { method: "query", input: own },
  "cheat.listRecords, of the exam": { method: "query", input: examOf },
  "im.getToken": {
    method: "mutate",
    input: (school, { sub }) => ({ ...own(school), userId: sub, imServer: ["aliyun_new"] }),
  },
  "im.getToken, of no room": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: `pc_${sub}`, imServer: ["aliyun_new"] }),
  },
  "im.getToken, of no service": { method: "mutate", input: (_, { sub }) => ({ userId: sub }) },
  "im.getToken, commanding": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_new"], role: "admin" }),
  },
  "im.getToken, not configured": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_old", "rong_cloud"] }),
  },
  "im.send": { method: "mutate", input: (school) => ({ ...own(school), type: 30_001, data: "of our own" }) },
  "im.send, an answer": { method: "mutate", input: saying("cheatDetected", {}) },
  "im.send, a command": { method: "mutate", input: saying("startCall", { sid: "call" }) },
  "im.send, the server's": { method: "mutate", input: saying("streamStopped", { userId: "examinee1" }) },
  "im.history": { method: "query", input: own },
  "upload.getCredentials": { method: "mutate", input: examOf },
  "stream.report": {
    method: "mutate",
    input: ({ room }, _, n) => ({ ...streamReport(room, "examinee1", n), ...streamSignature() }),
  },
  "stream.listEvents": { method: "query", input: own },
};

const addAccount = (school: School) => school.admin.account.create(accountOf(school));
/** Additional preparations of a row. */
export const PREPARE: Readonly<Record<string, (school: School) => Promise<unknown>>> = {
  "participant.move, in reach": ({ admin, sibling }) =>
    admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "teacher1", name: "Teacher One", role: "teacher" }],
    }),
  "audio.update, the teacher's": addOwnClips,
  "audio.update, to a default one": addOwnClips,
  "audio.delete, the teacher's": addOwnClips,
  "audio.detach, an attached one": attachClips,
  "exam.delete, without rooms": createEmptyExams,
  "exam.restore": deleteExams,
  "exam.erase": deleteExams,
  "auth.login": addAccount,
  "account.disable": addAccount,
  "account.enable": addAccount,
  "account.setPassword": addAccount,
};

/** What happens before each call of a row, so that there is something to do however often it is made. */
export const BEFORE_EACH: Readonly<Record<string, (school: School, n: number) => Promise<unknown>>> = {
  "account.disable": (school) => school.admin.account.enable({ userId: accountOf(school).userId }),
  "account.enable": (school) => school.admin.account.disable({ userId: accountOf(school).userId }),
  "room.end": ({ admin, room }) => admin.room.reopen({ roomId: room.id }),
  "room.reopen": ({ admin, room }) => admin.room.end({ roomId: room.id }),
  "room.setAudioStatus": ({ admin, room }) =>
    admin.room.setAudioStatus({ roomId: room.id, audioStatus: "silent" }),
  "exam.plan": (school, n) =>
    school.admin.participant.import({
      ...examOf(school),
      file: Buffer.from(`id,name\nseatless${n},Seatless\n`).toString("base64"),
    }),
  "cheat.setConfig": ({ admin, room }, n) =>
    admin.cheat.setConfig({ examId: room.examId, data: JSON.stringify({ n }) }),
  "stream.report": ({ admin, room }, n) =>
    admin.stream.report({
      ...streamReport(room, "examinee1", n - 1),
      action: "publish_done",
      ...streamSignature(),
    }),
};

/** The procedure of a row of the permission table. */
export const procedureOf = (row: string): string => row.split(",")[0] ?? row;

export interface DocumentedCall {
  /** Below `/exam/`, or absolute. */
  readonly path: string;
  readonly method: "GET" | "POST";
  /** The row of the permission table that applies. */
  readonly row: string;
  /** The fields that the vendor's apps send. */
  readonly fields: (school: School, caller: TestCaller, n: number) => Record<string, unknown>;
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
  school: School,
  caller: TestCaller,
  n: number,
): Sent => {
  const sent = fields(school, caller, n);
  return {
    method,
    path: urlOf(path),
    headers,
    ...(method === "GET" ? { query: sent } : { json: sent }),
  };
};

/** Options of an app in which each procedure works. */
export const EVERYTHING: TestAppOptions = {
  config: { apps: APPS, publicUrl: "https://invigil.example", ...STREAM_CONFIG },
};
