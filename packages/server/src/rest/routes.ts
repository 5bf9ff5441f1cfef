import { doneSchema, type ErrorCode } from "@invigil/schema";
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
   * Whether the field is required although the procedure does not require it. Then the procedure is not called, so other required fields
   * need this as well.
   */
  readonly required?: true;
  /** What the JSON text of the field contains, for documents. */
  readonly content?: z.ZodType;
}

interface RowOf<Path extends ProcedurePath> {
  readonly path: string;
  /** What a call does, in one sentence, if it differs from the procedure's sentence. */
  readonly summary?: string;
  /** What else a caller has to know, as Markdown. */
  readonly notes?: string;
  /** The errors that remain of the procedure's own, if the path takes fewer fields. */
  readonly errors?: readonly ErrorCode[];
  readonly methods: readonly ("GET" | "POST")[];
  readonly procedure: Path;
  readonly fields: Readonly<Record<string, Field>>;
  /** Headers by the names of their values over tRPC. They cannot be sent in the query or body. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether only the body may contain the fields, because URLs appear in the logs of proxies. */
  readonly bodyOnly?: true;
  /** Whether the vendor documents the fields in the query, while the apps send a body. */
  readonly queryToo?: true;
  /** Converts the output to `data` of the response. Absent if the path documents none. */
  readonly data?: Answer<OutputOf<Path>>;
}
/** A documented path and its procedure. */
export type Row = { [Path in ProcedurePath]: RowOf<Path> }[ProcedurePath];

/** The codec of the path's answer, and the function that encodes with it. */
interface Answer<Output> {
  readonly codec: z.ZodType;
  readonly encode: (output: Output) => unknown;
}
const written = <Codec extends z.ZodType>(codec: Codec): Answer<z.output<Codec>> => ({
  codec,
  encode: encoderOf(codec),
});

const GET = ["GET"] as const;
const POST = ["POST"] as const;

/** The errors of `room.create` that are possible without `examId` and `participants`. */
const WITHOUT_AN_EXAM = ["PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED", "QUOTA_EXCEEDED"] as const;

const CREDENTIALS = { username: {}, password: {} } as const;

/** The route table: one row per documented path. */
export const createRoutes = (wire: Wire) =>
  [
    {
      path: "/exam/login",
      notes:
        "The fields are read from the body only, never from the URL. A wrong name or password is `UNAUTHENTICATED`. Too many failed logins are `TOO_MANY_REQUESTS`.",
      methods: POST,
      procedure: "auth.login",
      fields: CREDENTIALS,
      bodyOnly: true,
      data: written(wire.login),
    },
    {
      path: "/login",
      summary: "Exchanges a user id and a password for a token, as `/exam/login` does.",
      methods: POST,
      procedure: "auth.login",
      fields: CREDENTIALS,
      bodyOnly: true,
      data: written(wire.login),
    },
    {
      path: "/exam/v2/createRoom",
      summary: "Creates a room, and an exam of the same name that starts in 30 minutes and lasts two hours.",
      notes: "The caller becomes `createTeacher` and a teacher of the room.",
      errors: WITHOUT_AN_EXAM,
      methods: POST,
      procedure: "room.create",
      fields: { name: { required: true }, imServer: { required: true } },
      data: written(wire.room),
    },
    {
      path: "/exam/createRoom",
      summary: "Creates a room as `/exam/v2/createRoom` does, for older SDKs.",
      errors: WITHOUT_AN_EXAM,
      methods: POST,
      procedure: "room.create",
      fields: { name: {}, imServer: {} },
      data: written(wire.room),
    },
    {
      path: "/exam/roomInfo",
      notes: "An ended room is still returned.",
      methods: GET,
      procedure: "room.get",
      fields: { roomId: {} },
      data: written(wire.room),
    },
    {
      path: "/exam/endRoom",
      notes: "Ending an ended room succeeds and changes nothing.",
      methods: ["GET", "POST"],
      procedure: "room.end",
      queryToo: true,
      fields: { roomId: {} },
      data: written(doneSchema),
    },
    {
      path: "/exam/updateRoomAudioStatus",
      notes:
        "The vendor documents the fields in the query. The apps send a JSON body. Both work, and the body takes precedence.",
      methods: POST,
      procedure: "room.setAudioStatus",
      queryToo: true,
      fields: {
        id: { as: "roomId", required: true },
        audioStatus: { read: wire.audioStatusInput, required: true },
      },
      data: written(doneSchema),
    },
    {
      path: "/exam/examInfo",
      notes: "Both arrays are always there.",
      methods: GET,
      procedure: "exam.get",
      fields: { examId: {} },
      data: written(wire.exam),
    },
    {
      path: "/exam/userInfo",
      notes:
        "Examinees may ask for themselves and for the `createTeacher` of the room. A push URL is a licence to publish as that person.",
      methods: GET,
      procedure: "participant.get",
      fields: { userId: {}, roomId: {} },
      data: written(wire.user),
    },
    {
      path: "/exam/userList",
      summary: "Returns the examinees of a room, in the order in which they were added.",
      methods: GET,
      procedure: "participant.list",
      fields: { roomId: {} },
      data: written(wire.users),
    },
    {
      path: "/exam/v2/getIMToken",
      notes:
        "A service that was requested but is not configured is left out. If none is configured, the answer is `PROVIDER_NOT_CONFIGURED`.",
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
      data: written(wire.imTokens),
    },
    {
      path: "/exam/getIMToken",
      summary: "Returns the credentials with which an older SDK connects to its message service.",
      errors: ["ROOM_ENDED", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
      methods: POST,
      procedure: "im.getToken",
      fields: { userId: {}, deviceId: {}, deviceType: {} },
      data: written(wire.olderImTokens),
    },
    {
      path: "/exam/getOssConfig",
      notes: "They are given after the end of the room, too, because the apps then upload what is left.",
      methods: GET,
      procedure: "upload.getCredentials",
      fields: { examId: {}, mode: {} },
      data: written(wire.uploadCredentials),
    },
    {
      path: "/exam/selectAudio",
      notes: "In `name`, `%` and `_` are ordinary characters.",
      methods: POST,
      procedure: "audio.list",
      fields: { pageNum: {}, pageSize: {}, name: {}, classify: {} },
      data: written(wire.audioPage),
    },
    {
      path: "/exam/cheat/setCheatConfig",
      methods: POST,
      procedure: "cheat.setConfig",
      fields: { examId: {}, data: {} },
    },
    {
      path: "/exam/cheat/getCheatConfig",
      methods: POST,
      procedure: "cheat.getConfig",
      fields: { examId: {} },
      data: written(wire.cheatConfig),
    },
    {
      path: "/exam/cheat/addCheatRecord",
      notes:
        "Either all records of the call are stored or none, and they are on disk when the server answers. Examinees record about themselves only. An ended room accepts records for ten more minutes.",
      methods: POST,
      procedure: "cheat.addRecords",
      fields: {
        examId: {},
        roomId: {},
        data: { as: "records", read: wire.detections, content: wire.sentDetections },
      },
    },
    {
      path: "/exam/cheat/listCheatRecord",
      notes:
        "At least one of `roomId` and `examId` is required. Pages have no repeats and no gaps, even while records are being added.",
      methods: POST,
      procedure: "cheat.listRecords",
      fields: {
        examId: {},
        roomId: {},
        pageSize: { read: wire.recordPageSizeInput },
        scrollToken: { as: "cursor" },
      },
      data: written(wire.cheatRecordPage),
    },
    {
      path: "/exam/userAct",
      notes:
        "The callback URL of the stream service, which signs its calls: the server checks the two headers first. Other fields are ignored, `usrargs` among them, because it contains the right to publish.",
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
      data: written(doneSchema),
    },
  ] as const satisfies readonly Row[];
