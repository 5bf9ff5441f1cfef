import type { RouterOutputs, TestCaller } from "../../src/app/testing.js";
import type { NewGroup } from "../../src/providers/types.js";
import { participants, rooms, streamNames, unseated } from "../../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./app-fixture.js";
import { type TrpcAnswer, trpc } from "./calls.js";
import { insertRows, rowsOf } from "./tables.js";

// An exam with people who have no room yet.

type CreateGroup = (group: NewGroup) => Promise<void>;
type Role = "teacher" | "inspector" | "examinee";
export interface Waiting {
  readonly userId: string;
  readonly name: string;
  readonly role: Role;
  readonly extraMinutes?: number;
}

export interface ExamFixture extends AppFixture {
  readonly examId: string;
  readonly otherExamId: string;
  as(caller: TestCaller): Promise<ReturnType<typeof trpc>>;
  /** Adds people without a room to the exam. */
  wait(...people: readonly Waiting[]): Promise<void>;
  plan(input?: object): Promise<Omit<TrpcAnswer, "data"> & { data: RouterOutputs["exam"]["plan"] }>;
  /** The state of everything that a plan can change. */
  state(): Promise<object>;
  /** Lists the rooms of the exam as `name: teachers | inspectors | examinees`. */
  roomList(): Promise<string[]>;
}

export const ADMIN: TestCaller = { sub: "root", role: "admin" };

/** Returns `count` people with the ids `<prefix>0`, `<prefix>1` and so on. */
export const people = (role: Role, count: number, prefix: string = role[0] ?? ""): Waiting[] =>
  Array.from({ length: count }, (_, n) => ({ userId: `${prefix}${n}`, name: `Name of ${prefix}${n}`, role }));

/** @param createGroup the implementation of the message service's call */
export const openExamFixture = async (createGroup?: CreateGroup): Promise<ExamFixture> => {
  const fixture = await openAppFixture({
    change: (deps) => {
      const { aliyun_new: provider } = deps.providers.messages;
      if (!createGroup || !provider) return deps;
      const makeGroup = async (group: NewGroup) => {
        await createGroup(group);
        return { groupId: group.groupId };
      };
      const aliyun_new = { ...provider, createGroup: makeGroup };
      const messages = { ...deps.providers.messages, aliyun_new };
      return { ...deps, providers: { ...deps.providers, messages } };
    },
  });
  const { db } = fixture;
  const as = async (caller: TestCaller) => trpc(fixture, await fixture.token(caller));
  const admin = await as(ADMIN);
  const exam = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:30:00Z") };
  const { id: examId } = (await admin.mutate("exam.create", { name: "Maths", ...exam })).data;
  const { id: otherExamId } = (await admin.mutate("exam.create", { name: "Art", ...exam })).data;
  const now = new Date("2026-01-02T03:04:05Z");

  return {
    ...fixture,
    examId,
    otherExamId,
    as,
    wait: (...waiting) =>
      insertRows(
        db,
        unseated,
        waiting.map((person) => ({ examId, ...person, createdAt: now, updatedAt: now })),
      ),
    plan: (input = {}) => admin.mutate("exam.plan", { examId, roomSize: 28, ...input }),
    state: async () => ({
      rooms: await rowsOf(db, rooms),
      people: await rowsOf(db, participants),
      streams: await rowsOf(db, streamNames),
      waiting: await rowsOf(db, unseated),
    }),
    async roomList() {
      const all = await rowsOf(db, participants);
      return (await rowsOf(db, rooms))
        .filter((room) => room.examId === examId)
        .map(({ id, name }) => {
          const ids = (role: Role) =>
            all
              .filter((person) => person.roomId === id && person.role === role)
              .map(({ userId }) => userId)
              .join(" ");
          return `${name}: ${ids("teacher")} | ${ids("inspector")} | ${ids("examinee")}`;
        });
    },
  };
};
