import {
  createTestApp,
  type RouterOutputs,
  type TestApp,
  type TestAppOptions,
} from "../../src/app/testing.js";

type Caller = ReturnType<TestApp["as"]>;
type Room = RouterOutputs["room"]["create"];

/** An app with people in it. */
export interface School extends TestApp {
  readonly admin: Caller;
  /** Made `room`. */
  readonly teacher: Caller;
  /** Exam 1: teacher1, inspector1, examinee1, examinee2. It has a cheat config. */
  readonly room: Room;
  /** Exam 1 too, of other people: teacher3, inspector3, examinee3. */
  readonly sibling: Room;
  /** Exam 2: teacher2, inspector2, examinee9. */
  readonly other: Room;
  readonly clipId: string;
  /** What a detector saw. */
  readonly detection: (userId: string, more?: Partial<Detection>) => Detection;
}
export interface Detection {
  readonly userId: string;
  readonly isMainMonitor: boolean;
  readonly detectType: string;
  readonly detectTime: Date;
  readonly extraInfo?: string | { [key: string]: string };
}

export const CHEAT_CONFIG = '{"pc": {"headShaking":true},\n "mobile":{"é":"\\u0001"}} ';

/** Where the web apps are, for tests that need them somewhere. */
export const APPS = { watchUrl: "https://watch.example/app/", examineeUrl: "https://sit.example/" } as const;

const person = (userId: string, role: "teacher" | "inspector" | "examinee") => ({
  userId,
  role,
  name: `Name of ${userId}`,
});

/** Rooms of two exams, each with people of every role, in an app of their own. */
export const openSchool = async (options: TestAppOptions = {}): Promise<School> =>
  foundSchool(await createTestApp(options));

/** Makes a school in an app, beside those that are there. */
export const foundSchool = async (app: TestApp): Promise<School> => {
  const admin = app.as({ sub: "root", role: "admin" });
  const teacher = app.as({ sub: "teacher1", role: "teacher", name: "Teacher One" });
  const room = await teacher.room.create({
    name: "Room A",
    participants: [
      person("inspector1", "inspector"),
      person("examinee1", "examinee"),
      person("examinee2", "examinee"),
    ],
  });
  const sibling = await admin.room.create({
    name: "Room B",
    examId: room.examId,
    participants: [
      person("teacher3", "teacher"),
      person("inspector3", "inspector"),
      person("examinee3", "examinee"),
    ],
  });
  const other = await app.as({ sub: "teacher2", role: "teacher" }).room.create({
    name: "Room C",
    participants: [person("inspector2", "inspector"), person("examinee9", "examinee")],
  });
  await teacher.cheat.setConfig({ examId: room.examId, data: CHEAT_CONFIG });
  const clip = await admin.audio.create({ name: "Bell", url: "https://audio.example/bell.wav" });
  return {
    ...app,
    admin,
    teacher,
    room,
    sibling,
    other,
    clipId: clip.id,
    detection: (userId, more = {}) => ({
      userId,
      isMainMonitor: true,
      detectType: "manyPeople",
      detectTime: new Date("2026-01-02T03:00:00Z"),
      ...more,
    }),
  };
};
