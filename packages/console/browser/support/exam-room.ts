import { createHash } from "node:crypto";
import { ACCOUNTS, type AppFixture } from "./console.js";

const HOUR = 3_600_000;
const PUSH_DOMAIN = "push.example";
const CALLBACK_KEY = "a key of the stream service";
/** Where browsers play streams, in these worlds. */
export const WHEP = "https://whep.example";
export const HLS = "https://hls.example";

/** The settings of a server to which the stream service reports, and whose streams browsers play by WHEP, or else by HLS. */
export const STREAMS = {
  streamService: "aliyun",
  streams: {
    domains: {
      pushDomain: PUSH_DOMAIN,
      pushKey: "push-key",
      pullDomain: "pull.example",
      pullKey: "pull-key",
    },
    app: "exam",
    ttlSeconds: 604_800,
    transcodeSuffix: "_240p",
  },
  streamCallbackKey: CALLBACK_KEY,
  streamPlayers: { hlsUrl: `${HLS}/{app}/{stream}.m3u8`, whepUrl: `${WHEP}/{app}/{stream}` },
} as const;

/** A person who sits an exam. */
export interface Sitter {
  readonly userId: string;
  readonly name: string;
}
type Camera = "main" | "pc";

export interface ExamRoom {
  readonly examId: string;
  readonly roomId: string;
  /** Calls procedures as a candidate. */
  readonly as: (userId: string) => ReturnType<AppFixture["app"]["as"]>;
  /** Opens a page of a candidate. The function that it returns closes it. */
  readonly enter: (userId: string, camera?: Camera) => Promise<() => void>;
  /** Says what the stream service says of a camera. Needs a server with {@link STREAMS}. */
  readonly report: (userId: string, action: "publish" | "publish_done", camera?: Camera) => Promise<void>;
}

/** Makes a running exam with a room of a teacher, an inspector and candidates. */
export const openExamRoom = async (
  { app, admin, teacher }: Pick<AppFixture, "app" | "admin" | "teacher">,
  { room, people, examId: givenExam }: { room: string; people: readonly Sitter[]; examId?: string },
): Promise<ExamRoom> => {
  const now = Date.now();
  const examId =
    givenExam ??
    (
      await teacher.exam.create({
        name: "Mathematics A",
        startTime: new Date(now - HOUR / 2),
        endTime: new Date(now + 2 * HOUR),
      })
    ).id;
  const { id: roomId } = await teacher.room.create({
    examId,
    name: room,
    participants: [
      { ...ACCOUNTS.inspector, role: "inspector" },
      ...people.map((person) => ({ ...person, role: "examinee" as const })),
    ],
  });
  let reports = 0;
  return {
    examId,
    roomId,
    as: (userId) => app.as({ sub: userId, role: "examinee", room: roomId }),
    async enter(userId, camera = "main") {
      const page = new AbortController();
      const caller = app.as({ sub: userId, role: "examinee", room: roomId }, { signal: page.signal });
      const events = await caller.room.onEvent({ roomId, camera });
      const listen = async () => {
        for await (const _ of events);
      };
      // It ends with the page.
      listen().catch(() => undefined);
      return () => page.abort();
    },
    async report(userId, action, camera = "main") {
      const { streams } = await admin.participant.get({ roomId, userId });
      const stream = new URL(streams[camera].whepUrl ?? "").pathname.split("/").at(-1) ?? "";
      const seconds = Math.floor(Date.now() / 1000);
      reports += 1;
      await admin.stream.report({
        action,
        id: stream,
        app: PUSH_DOMAIN,
        appname: "exam",
        time: seconds + reports,
        timestamp: String(seconds),
        signature: createHash("md5").update(`${PUSH_DOMAIN}|${seconds}|${CALLBACK_KEY}`).digest("hex"),
        ip: "203.0.113.7",
        node: "node1",
      });
    },
  };
};
