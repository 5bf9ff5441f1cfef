// Checked by process-published.test.ts in an empty project. A `@ts-expect-error` is an error itself when nothing is wrong
// below it, so an `any` is found too. The test declares `ExpectedErrorCode`.
import {
  type AppRouter,
  type BroadcastOptions,
  type CallError,
  type CheatConfig,
  type CommandResult,
  createInvigilClient,
  type ErrorCode,
  type ExamEvent,
  type InvigilClient,
  type InvigilClientError,
  type InvigilClientOptions,
  type InvigilNetworkError,
  isInvigilError,
  isNetworkError,
  type knownDetectTypes,
  type LiveRoom,
  type LiveSnapshot,
  type LiveStatus,
  type Message,
  parseCheatConfig,
  type parseSignal,
  type RetryOptions,
  type RoomEvent,
  type RoomSnapshot,
  type RouterInputs,
  type RouterOutputs,
  type Signal,
  type SignalData,
  type SignalName,
  type SignalType,
  type signalName,
  type signals,
} from "@invigil/client";
import { createSession, type InvigilSession, type Session, type SessionEnded } from "@invigil/client/session";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
type AnyOf<Record> = {
  [R in keyof Record]: { [P in keyof Record[R]]: IsAny<Record[R][P]> }[keyof Record[R]];
};
const holds = <_Claim extends true>(): void => {};

holds<Equal<ErrorCode, ExpectedErrorCode>>();
holds<Equal<AnyOf<RouterInputs>[keyof RouterInputs], false>>();
holds<Equal<AnyOf<RouterOutputs>[keyof RouterOutputs], false>>();
holds<Equal<IsAny<AppRouter>, false>>();
holds<Equal<IsAny<InvigilClient>, false>>();
holds<Equal<RouterOutputs["room"]["get"]["createdAt"], Date>>();
holds<Equal<RouterOutputs["room"]["get"]["status"], "in_progress" | "ended">>();
holds<Equal<RouterOutputs["room"]["end"], true>>();
holds<Equal<RouterInputs["room"]["get"], { roomId: string }>>();
holds<Equal<RouterInputs["auth"]["whoami"], void>>();
holds<Equal<(typeof knownDetectTypes)[number] extends string ? true : false, true>>();

holds<Equal<typeof signals.streamPublished.type, 20_001>>();
holds<Equal<Extract<SignalType, 20_021 | 20_022>, 20_021>>();
holds<Equal<SignalData<"streamPublished">["userId"], string>>();
holds<Equal<SignalData<"startCall">["sid"], string>>();
holds<Equal<Signal["name"], SignalName>>();
holds<Equal<ReturnType<typeof signalName>, SignalName | undefined>>();
holds<Equal<ReturnType<typeof parseSignal>, Signal | undefined>>();

const retry: RetryOptions = { attempts: 5, baseMs: 100, maxMs: 1000 };
const options: InvigilClientOptions = {
  url: new URL("https://proctor.school.example"),
  token: async () => "token",
  fetch: (url, init) => fetch(url, init),
  headers: () => ({ "x-request-id": "1" }),
  timeoutMs: 1000,
  batch: false,
  retry,
};
createInvigilClient({ url: "http://127.0.0.1:7001", fetch, retry: false, token: () => null });
const invigil: InvigilClient = createInvigilClient(options);

holds<Equal<Session, RouterOutputs["auth"]["login"]>>();
holds<Equal<SessionEnded["reason"], "refused" | "expired" | "logged_out">>();
const session: InvigilSession = createSession({
  url: "http://127.0.0.1:7001",
  username: "t1",
  password: "a password",
  onChange: (login) => holds<Equal<typeof login, Session | undefined>>(),
});
createInvigilClient({ url: "http://127.0.0.1:7001", token: session.token });
// @ts-expect-error: a login that was kept has a token
createSession({ url: "http://127.0.0.1:7001", session: { userId: "t1" } });

export const calls = async (signal: AbortSignal): Promise<void> => {
  const room = await invigil.room.create.mutate({
    name: "Algebra",
    participants: [{ userId: "e1", name: "Wang Fang", role: "examinee" }],
  });
  const year: number = room.createdAt.getFullYear();
  const { cheatConfig } = await invigil.room.get.query({ roomId: room.id }, { signal });
  const config: CheatConfig | undefined = cheatConfig && parseCheatConfig(cheatConfig.data);
  const seen: boolean | undefined = config?.pc?.manyPeople;
  await invigil.cheat.addRecords.mutate({
    roomId: room.id,
    records: [
      {
        isMainMonitor: true,
        userId: "e1",
        detectTime: new Date(),
        detectType: "watch",
        extraInfo: { year, seen: !!seen },
      },
    ],
  });

  // @ts-expect-error: a field of the wrong type
  await invigil.room.get.query({ roomId: 7 });
  // @ts-expect-error: a field that is missing
  await invigil.room.create.mutate({});
  // @ts-expect-error: a field that there is not
  await invigil.room.get.query({ roomId: "1", room: "1" });
  // @ts-expect-error: a value that there is not
  await invigil.room.setAudioStatus.mutate({ roomId: "1", audioStatus: "loud" });
  // @ts-expect-error: a date is not a text
  await invigil.exam.update.mutate({ examId: "1", startTime: "2026-01-02" });
  // @ts-expect-error: a procedure that there is not
  await invigil.room.destroy.mutate({ roomId: "1" });
  // @ts-expect-error: a router that there is not
  await invigil.rooms.get.query({ roomId: "1" });
  // @ts-expect-error: a query is not a mutation
  await invigil.room.get.mutate({ roomId: "1" });
  // @ts-expect-error: a mutation is not a query
  await invigil.room.end.query({ roomId: "1" });
  // @ts-expect-error: a member that the answer has not
  holds<typeof room.title>();
  // @ts-expect-error: a date is not a text
  room.createdAt.slice(0, 10);
  // @ts-expect-error: a member that may be absent
  parseCheatConfig(cheatConfig.data);
  // @ts-expect-error: a url is needed
  createInvigilClient({ token: "token" });
  // @ts-expect-error: an option that there is not
  createInvigilClient({ url: "", retries: 3 });
  // @ts-expect-error: a token is a text
  createInvigilClient({ url: "", token: () => 7 });
};

export const listening = async (room: LiveRoom): Promise<void> => {
  holds<Equal<LiveStatus, "connecting" | "live" | "reconnecting" | "closed">>();
  holds<Equal<IsAny<RoomEvent>, false>>();
  holds<Equal<Extract<RoomEvent, { type: "room_ended" }>["time"], Date>>();
  holds<Equal<Extract<ExamEvent, { type: "gap" }>["examId"], string>>();
  const off: () => void = room.on("publish_status_changed", ({ status, camera }) => {
    holds<Equal<typeof status, "idle" | "publishing" | "stopped">>();
    holds<Equal<typeof camera, "main" | "pc">>();
  });
  room.on("startCall", (data, message) => {
    holds<Equal<typeof data.sid, string>>();
    holds<Equal<typeof message, Message>>();
  });
  room.on("status", ({ status, error }) => {
    holds<Equal<typeof status, LiveStatus>>();
    holds<Equal<typeof error, CallError | undefined>>();
  });
  const { subscribe, getSnapshot } = room;
  subscribe(() => holds<Equal<ReturnType<typeof getSnapshot>, LiveSnapshot<RoomSnapshot>>>());
  const member = room.state?.members[0]?.name;
  holds<Equal<typeof member, string | undefined>>();
  holds<Equal<(typeof room.presence)[number]["since"], Date>>();
  await room.send("callConnected", { sid: "1" }, { to: ["t1"] });
  await room.send(30_001, { anything: [1, null] });
  const options: BroadcastOptions = { to: ["e1"], data: { url: "" }, everyMs: 1000 };
  const { answered, silent }: CommandResult = await room.broadcast(options);
  holds<Equal<typeof answered, typeof silent>>();
  for await (const event of room) holds<Equal<typeof event, RoomEvent>>();
  for await (const event of invigil.live.exam("1")) holds<Equal<typeof event, ExamEvent>>();
  off();

  // @ts-expect-error: an event that there is not
  room.on("room_lost", () => {});
  // @ts-expect-error: a command without its id
  await room.send("startCall", {});
  // @ts-expect-error: a signal that there is not
  await room.send("ring", {});
  // @ts-expect-error: the state is not for writing
  room.state = undefined;
  // @ts-expect-error: a camera that there is not
  invigil.live.room("1", { camera: "phone" });
};

export const failures = (error: unknown): string => {
  if (isInvigilError(error, "ROOM_NOT_FOUND")) {
    holds<Equal<typeof error.data.reason, "ROOM_NOT_FOUND">>();
    holds<Equal<typeof error, InvigilClientError<"ROOM_NOT_FOUND">>>();
    // @ts-expect-error: a reason that it cannot be any more
    return error.data.reason === "EXAM_NOT_FOUND" ? "" : error.data.reason;
  }
  if (isInvigilError(error)) {
    holds<Equal<typeof error.data.reason, ErrorCode>>();
    holds<Equal<IsAny<typeof error.data.fieldErrors>, false>>();
    const fields: readonly string[] | undefined = error.data.fieldErrors.name;
    return fields?.[0] ?? error.data.requestId ?? error.message;
  }
  if (isNetworkError(error)) {
    const { cause }: InvigilNetworkError = error;
    holds<Equal<typeof cause.kind, "lost" | "timeout">>();
    return cause.message;
  }
  // @ts-expect-error: a code that there is not
  isInvigilError(error, "ROOM_LOST");
  // @ts-expect-error: what was caught is still unknown
  return error.message;
};
