import {
  createTestApp,
  type RouterOutputs,
  type TestApp,
  type TestAppOptions,
} from "../../src/app/testing.js";
import { declaring } from "./contract.js";
import { isOnRealServers, openRealServers } from "./real-servers.js";

type Caller = ReturnType<TestApp["as"]>;
type Room = RouterOutputs["room"]["create"];

/** An app with exams, rooms and people. */
export interface ExamsFixture extends TestApp {
  readonly admin: Caller;
  /** The creator of `room`. */
  readonly teacher: Caller;
  /** A room of exam 1, which has a cheat config. With teacher1, inspector1, examinee1 and examinee2. */
  readonly room: Room;
  /** Another room of exam 1, with teacher3, inspector3 and examinee3. */
  readonly sibling: Room;
  /** A room of exam 2, with teacher2, inspector2 and examinee9. */
  readonly other: Room;
  readonly clipId: string;
  /** Returns a record of a cheat detector. */
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

/** URLs of the web apps. */
export const APPS = { watchUrl: "https://watch.example/app/", examineeUrl: "https://sit.example/" } as const;
/** The same, as settings of a server or a command. */
export const APP_SETTINGS = {
  INVIGIL_WATCH_APP_URL: APPS.watchUrl,
  INVIGIL_EXAMINEE_APP_URL: APPS.examineeUrl,
} as const;

const person = (userId: string, role: "teacher" | "inspector" | "examinee") => ({
  userId,
  role,
  name: `Name of ${userId}`,
});

/** Opens an app with rooms of two exams, or real servers. Each room has people of every role. */
export const openExamsFixture = async (options: TestAppOptions = {}): Promise<ExamsFixture> =>
  addExamsFixture(await (isOnRealServers ? openRealServers(options) : createTestApp(options)));

/** Creates the fixture in an app, in addition to existing ones. */
export const addExamsFixture = async (app: TestApp): Promise<ExamsFixture> => {
  const as: TestApp["as"] = (...caller) => declaring(app.as(...caller));
  const admin = as({ sub: "root", role: "admin" });
  const teacher = as({ sub: "teacher1", role: "teacher", name: "Teacher One" });
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
  const other = await as({ sub: "teacher2", role: "teacher" }).room.create({
    name: "Room C",
    participants: [person("inspector2", "inspector"), person("examinee9", "examinee")],
  });
  await teacher.cheat.setConfig({ examId: room.examId, data: CHEAT_CONFIG });
  const clip = await admin.audio.create({ name: "Bell", url: "https://audio.example/bell.wav" });
  return {
    ...app,
    as,
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
