import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { DetectorName } from "./detectors.js";
import { declareEvent, NOTHING } from "./events-parts.js";
import { found } from "./fields.js";
import type {
  addCheatRecordsInput,
  addParticipantsInput,
  attachAudioInput,
  CheatRecord,
  CreateRoomInput,
  createAudioInput,
  createExamInput,
  createRoomInput,
  ErrorCode,
  EventType,
  Exam,
  getImTokenInput,
  getUploadCredentialsInput,
  JsonObject,
  ListAudioInput,
  listAudioInput,
  listCheatRecordsInput,
  listParticipantsInput,
  listRoomsInput,
  NewCheatRecord,
  parseSignal,
  participantRef,
  Room,
  roomRef,
  Signal,
  SignalData,
  SignalName,
  SignalType,
  setAudioStatusInput,
  setCheatConfigInput,
  updateExamInput,
} from "./index.js";

// Checked by the compiler: what a typed client may send is plain, and never `unknown` or `any`.

type Absent = null | undefined;
type ImServerName = "aliyun_new" | "aliyun_old" | "rong_cloud";
type Video = { name: string; data: { width: number; height: number; frameRate: number; maxBitrate: number } };
type Role = "teacher" | "inspector" | "examinee";
type Person = { userId: string; name: string; role: Role; extraMinutes?: number | Absent };
type ReadPerson = { userId: string; name: string; role: Role; extraMinutes?: number | undefined };
type Played = { clipId: string; startTime?: Date | Absent };

it("types rooms and people for clients", () => {
  expectTypeOf<z.input<typeof createRoomInput>>().branded.toEqualTypeOf<{
    name: string;
    imServer?: ImServerName[] | Absent;
    examId?: string | Absent;
    participants?: Person[] | Absent;
  }>();
  expectTypeOf<z.input<typeof roomRef>>().toEqualTypeOf<{ roomId: string }>();
  expectTypeOf<z.input<typeof participantRef>>().toEqualTypeOf<{ roomId: string; userId: string }>();
  expectTypeOf<z.input<typeof addParticipantsInput>>().branded.toEqualTypeOf<{
    roomId: string;
    participants: Person[];
  }>();
  expectTypeOf<z.input<typeof listParticipantsInput>>().branded.toEqualTypeOf<{
    roomId: string;
    role?: Role | Absent;
  }>();
  expectTypeOf<z.input<typeof listRoomsInput>>().branded.toEqualTypeOf<{
    examId?: string | Absent;
    status?: "in_progress" | "ended" | Absent;
    pageSize?: number | Absent;
    cursor?: string | Absent;
  }>();
  expectTypeOf<z.input<typeof setAudioStatusInput>>().toEqualTypeOf<{
    roomId: string;
    audioStatus: "silent" | "speaking";
  }>();
});

it("types exams and audio for clients", () => {
  expectTypeOf<z.input<typeof createExamInput>>().branded.toEqualTypeOf<{
    name: string;
    startTime: Date;
    endTime: Date;
    videoProfile?: Video | Absent;
    controlledBy?: "rooms" | "creator" | Absent;
    maxRoomMinutes?: number | Absent;
    cameras?: "one" | "both" | Absent;
    questionsUrl?: string | Absent;
    detectors?: DetectorName[] | Absent;
    audio?: Played[] | Absent;
  }>();
  expectTypeOf<z.input<typeof updateExamInput>["examId"]>().toEqualTypeOf<string>();
  expectTypeOf<z.input<typeof updateExamInput>["videoProfile"]>().toEqualTypeOf<Video | Absent>();
  expectTypeOf<z.input<typeof listAudioInput>>().branded.toEqualTypeOf<{
    pageNum?: number | Absent;
    pageSize?: number | Absent;
    name?: string | Absent;
    classify?: number | Absent;
  }>();
  expectTypeOf<z.input<typeof createAudioInput>>().branded.toEqualTypeOf<{
    name: string;
    classify?: number | Absent;
    isDefault?: boolean | Absent;
    url: string;
    ossUrl?: string | Absent;
  }>();
  expectTypeOf<z.input<typeof attachAudioInput>>().branded.toEqualTypeOf<{
    examId: string;
    clipId: string;
    startTime?: Date | Absent;
  }>();
});

it("types cheat records, tokens and uploads for clients", () => {
  expectTypeOf<z.input<typeof setCheatConfigInput>>().toEqualTypeOf<{ examId: string; data: string }>();
  type SentRecord = z.input<typeof addCheatRecordsInput>["records"][number];
  expectTypeOf<SentRecord>().branded.toEqualTypeOf<{
    isMainMonitor: boolean;
    userId: string;
    detectTime: Date;
    detectType: string;
    extraInfo?: string | JsonObject | Absent;
  }>();
  expectTypeOf<z.input<typeof listCheatRecordsInput>>().branded.toEqualTypeOf<{
    roomId?: string | Absent;
    examId?: string | Absent;
    detectTypes?: string[] | Absent;
    userIds?: string[] | Absent;
    isMainMonitor?: boolean | Absent;
    receivedFrom?: Date | Absent;
    receivedTo?: Date | Absent;
    pageSize?: number | Absent;
    cursor?: number | Absent;
  }>();
  expectTypeOf<z.input<typeof getImTokenInput>>().branded.toEqualTypeOf<{
    userId: string;
    imServer?: ImServerName[] | Absent;
    roomId?: string | Absent;
    deviceId?: string | Absent;
    deviceType?: "ios" | "android" | "web" | "pc" | Absent;
    role?: "admin" | Absent;
  }>();
  expectTypeOf<z.input<typeof getUploadCredentialsInput>>().branded.toEqualTypeOf<{
    examId: string;
    mode?: "OSS" | "VOD" | Absent;
  }>();
});

it("types what the server reads and answers", () => {
  expectTypeOf<CreateRoomInput["imServer"]>().toEqualTypeOf<ImServerName[] | undefined>();
  expectTypeOf<CreateRoomInput["participants"]>().branded.toEqualTypeOf<ReadPerson[]>();
  expectTypeOf<ListAudioInput["pageSize"]>().toEqualTypeOf<number>();
  expectTypeOf<NewCheatRecord["extraInfo"]>().toEqualTypeOf<string | JsonObject>();
  expectTypeOf<CheatRecord["extraInfo"]>().toEqualTypeOf<string | JsonObject>();
  expectTypeOf<CheatRecord["detectTime"]>().toEqualTypeOf<Date>();
  expectTypeOf<Room["status"]>().toEqualTypeOf<"in_progress" | "ended">();
  expectTypeOf<Exam["startTime"]>().toEqualTypeOf<Date>();
});

it("types signals by their names, and error codes", () => {
  expectTypeOf<SignalData<"streamPublished">["userId"]>().toEqualTypeOf<string>();
  expectTypeOf<SignalData<"startCall">["sid"]>().toEqualTypeOf<string>();
  expectTypeOf<SignalData<"startCall">["receiverIdList"]>().toEqualTypeOf<string[] | undefined>();
  expectTypeOf<SignalData<"callConnected">["sid"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<20_020>().toExtend<SignalType>();
  expectTypeOf<20_022>().not.toExtend<SignalType>();
  expectTypeOf<ReturnType<typeof parseSignal>>().toEqualTypeOf<Signal | undefined>();
  expectTypeOf<Extract<Signal, { name: "streamPublished" }>["data"]["userId"]>().toEqualTypeOf<string>();
  expectTypeOf<"ROOM_ENDED">().toExtend<ErrorCode>();
  expectTypeOf<"TEAPOT">().not.toExtend<ErrorCode>();
});

describe("an event", () => {
  const { userId } = found;
  const whole = {
    meaning: "Something happened.",
    about: "room",
    seenBy: "staff",
    changes: NOTHING,
    countsFor: "room",
    payload: { userId },
    example: { userId: "e1" },
  } as const;

  it("says what it is about, who receives it, what it changes and counts for, and has an example", () => {
    declareEvent(whole);
    const { about: _about, ...withoutAbout } = whole;
    // @ts-expect-error nothing says whether it is about a room or an exam
    declareEvent(withoutAbout);
    const { seenBy: _seenBy, ...withoutAudience } = whole;
    // @ts-expect-error nobody is named who receives it
    declareEvent(withoutAudience);
    const { changes: _changes, ...withoutChanges } = whole;
    // @ts-expect-error not even NOTHING
    declareEvent(withoutChanges);
    const { countsFor: _countsFor, ...withoutBudget } = whole;
    // @ts-expect-error no budget
    declareEvent(withoutBudget);
    const { example: _example, ...withoutExample } = whole;
    // @ts-expect-error no example
    declareEvent(withoutExample);
    // @ts-expect-error a room's state has no such part
    declareEvent({ ...whole, changes: { ...NOTHING, room: ["people"] } });
    // @ts-expect-error the example lacks a field
    declareEvent({ ...whole, example: {} });
  });

  it("about an exam names nobody", () => {
    declareEvent({ ...whole, about: "exam", payload: {}, example: {} });
    // @ts-expect-error an erasure would not find the person
    declareEvent({ ...whole, about: "exam" });
  });

  it("has a type that no other listener of a live room has", () => {
    expectTypeOf<EventType & (SignalName | "status")>().toBeNever();
  });
});
