import type { z } from "zod";
import type { RouterOutputs } from "../api/app-router.js";
import { encoderOf } from "./encode.js";
import type { Wire } from "./wire.js";

type Procedures = { [Noun in keyof RouterOutputs]: `${Noun}.${keyof RouterOutputs[Noun] & string}` };
/** The name of a procedure: `noun.verb`. */
export type ProcedurePath = Procedures[keyof Procedures];
type OutputOf<Path extends ProcedurePath> =
  Path extends `${infer Noun extends keyof RouterOutputs}.${infer Verb}`
    ? RouterOutputs[Noun][Verb & keyof RouterOutputs[Noun]]
    : never;

/** A field of a path. Other fields are ignored, for example `ts`, which the web clients add. */
export interface Field {
  /** The name of the field over tRPC, if it differs. */
  readonly as?: string;
  /** Converts the value before the procedure's own schema validates it. */
  readonly read?: z.ZodType;
  /**
   * Whether the field is required although the procedure does not require it. Required fields beside it say so, too: the procedure, which
   * would refuse them, is not called.
   */
  readonly required?: true;
}

interface RowOf<Path extends ProcedurePath> {
  readonly path: string;
  readonly methods: readonly ("GET" | "POST")[];
  readonly procedure: Path;
  readonly fields: Readonly<Record<string, Field>>;
  /** Headers by the names of their values over tRPC. They cannot be sent in the query or body. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether only the body may contain the fields, because URLs appear in the logs of proxies. */
  readonly bodyOnly?: true;
  /** Converts the output to `data` of the response. Undefined if the path documents none. */
  readonly data: (output: OutputOf<Path>) => unknown;
}
/** A documented path and its procedure. */
export type Row = { [Path in ProcedurePath]: RowOf<Path> }[ProcedurePath];

const confirmation = () => true;
const noData = () => undefined;

const GET = ["GET"] as const;
const POST = ["POST"] as const;

const CREDENTIALS = { username: {}, password: {} } as const;

/** The route table: one row per documented path. */
export const createRoutes = (wire: Wire) =>
  [
    {
      path: "/exam/login",
      methods: POST,
      procedure: "auth.login",
      fields: CREDENTIALS,
      bodyOnly: true,
      data: encoderOf(wire.login),
    },
    {
      path: "/login",
      methods: POST,
      procedure: "auth.login",
      fields: CREDENTIALS,
      bodyOnly: true,
      data: encoderOf(wire.login),
    },
    {
      path: "/exam/v2/createRoom",
      methods: POST,
      procedure: "room.create",
      fields: { name: { required: true }, imServer: { required: true } },
      data: encoderOf(wire.room),
    },
    {
      path: "/exam/createRoom",
      methods: POST,
      procedure: "room.create",
      fields: { name: {}, imServer: {} },
      data: encoderOf(wire.room),
    },
    {
      path: "/exam/roomInfo",
      methods: GET,
      procedure: "room.get",
      fields: { roomId: {} },
      data: encoderOf(wire.room),
    },
    {
      path: "/exam/endRoom",
      methods: ["GET", "POST"],
      procedure: "room.end",
      fields: { roomId: {} },
      data: confirmation,
    },
    {
      path: "/exam/updateRoomAudioStatus",
      methods: POST,
      procedure: "room.setAudioStatus",
      fields: {
        id: { as: "roomId", required: true },
        audioStatus: { read: wire.audioStatusInput, required: true },
      },
      data: confirmation,
    },
    {
      path: "/exam/examInfo",
      methods: GET,
      procedure: "exam.get",
      fields: { examId: {} },
      data: encoderOf(wire.exam),
    },
    {
      path: "/exam/userInfo",
      methods: GET,
      procedure: "participant.get",
      fields: { userId: {}, roomId: {} },
      data: encoderOf(wire.user),
    },
    {
      path: "/exam/userList",
      methods: GET,
      procedure: "participant.list",
      fields: { roomId: {} },
      data: encoderOf(wire.users),
    },
    {
      path: "/exam/v2/getIMToken",
      methods: POST,
      procedure: "im.getToken",
      fields: {
        userId: { required: true },
        imServer: { required: true },
        roomId: {},
        deviceId: {},
        deviceType: {},
        role: {},
      },
      data: encoderOf(wire.imTokens),
    },
    {
      path: "/exam/getIMToken",
      methods: POST,
      procedure: "im.getToken",
      fields: { userId: {}, deviceId: {}, deviceType: {} },
      data: ({ aliyunOldIm }) => aliyunOldIm,
    },
    {
      path: "/exam/getOssConfig",
      methods: GET,
      procedure: "upload.getCredentials",
      fields: { examId: {}, mode: {} },
      data: encoderOf(wire.uploadCredentials),
    },
    {
      path: "/exam/selectAudio",
      methods: POST,
      procedure: "audio.list",
      fields: { pageNum: {}, pageSize: {}, name: {}, classify: {} },
      data: encoderOf(wire.audioPage),
    },
    {
      path: "/exam/cheat/setCheatConfig",
      methods: POST,
      procedure: "cheat.setConfig",
      fields: { examId: {}, data: {} },
      data: noData,
    },
    {
      path: "/exam/cheat/getCheatConfig",
      methods: POST,
      procedure: "cheat.getConfig",
      fields: { examId: {} },
      data: encoderOf(wire.cheatConfig),
    },
    {
      path: "/exam/cheat/addCheatRecord",
      methods: POST,
      procedure: "cheat.addRecords",
      fields: { examId: {}, roomId: {}, data: { as: "records", read: wire.detections } },
      data: noData,
    },
    {
      path: "/exam/cheat/listCheatRecord",
      methods: POST,
      procedure: "cheat.listRecords",
      fields: { examId: {}, roomId: {}, pageSize: {}, scrollToken: { as: "cursor" } },
      data: encoderOf(wire.cheatRecordPage),
    },
    {
      path: "/exam/userAct",
      methods: GET,
      procedure: "stream.report",
      headers: { timestamp: "ali-live-timestamp", signature: "ali-live-signature" },
      fields: {
        action: {},
        id: {},
        app: {},
        appname: {},
        time: {},
        ip: {},
        node: {},
        width: {},
        height: {},
      },
      data: confirmation,
    },
  ] as const satisfies readonly Row[];

/** Procedures without a documented path, for typed clients. */
export const UNMAPPED_PROCEDURES = [
  "auth.whoami",
  "auth.refresh",
  "auth.logout",
  "auth.changePassword",
  "auth.issueToken",
  "auth.revokeToken",
  "account.create",
  "account.list",
  "account.disable",
  "account.enable",
  "account.setPassword",
  "room.list",
  "room.joinLinks",
  "room.revokeLinks",
  "room.snapshot",
  "room.onEvent",
  "room.presence",
  "room.reopen",
  "exam.create",
  "exam.list",
  "exam.update",
  "exam.delete",
  "exam.listDeleted",
  "exam.restore",
  "exam.erase",
  "exam.plan",
  "exam.snapshot",
  "exam.onEvent",
  "participant.add",
  "participant.move",
  "participant.import",
  "participant.remove",
  "participant.listUnseated",
  "participant.locate",
  "participant.removeFromExam",
  "audio.create",
  "audio.update",
  "audio.delete",
  "audio.attach",
  "audio.detach",
  "im.send",
  "im.history",
  "stream.listEvents",
] as const satisfies readonly ProcedurePath[];
