import { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp, type TestCaller } from "../../app/testing.js";
import { InvigilError } from "../../platform/errors.js";

// Two exams. Rooms `here` and `beside` belong to the first, `elsewhere` to the second.
// The room `here` has one person of each role. It also has `wrong_<role>`, whose role there differs from their token.
const ROLES = ["teacher", "inspector", "examinee"] as const;
const OTHER = { teacher: "inspector", inspector: "examinee", examinee: "teacher" } as const;

let app: TestApp;
let exam: string;
let otherExam: string;
const rooms = { here: "", beside: "", elsewhere: "" };
const admin = { sub: "root", role: "admin" } as const;

beforeAll(async () => {
  app = await createTestApp();
  const times = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:00:00Z") };
  const asAdmin = app.as(admin);
  exam = (await asAdmin.exam.create({ name: "Maths", ...times })).id;
  otherExam = (await asAdmin.exam.create({ name: "Art", ...times })).id;
  const people = ROLES.flatMap((role) => [
    { userId: role, name: role, role },
    { userId: `wrong_${role}`, name: role, role: OTHER[role] },
  ]);
  rooms.here = (await asAdmin.room.create({ name: "Here", examId: exam, participants: people })).id;
  rooms.beside = (await asAdmin.room.create({ name: "Beside", examId: exam })).id;
  rooms.elsewhere = (await asAdmin.room.create({ name: "Elsewhere", examId: otherExam })).id;
});
afterAll(() => app.close());

/** Returns `ok`, or the error code of the refusal. */
const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof TRPCError && error.cause instanceof InvigilError) return error.cause.code;
    throw error;
  }
};
const messageOf = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : "no error";
};
const canAccessRoom = (caller: TestCaller, roomId = rooms.here) =>
  outcome(app.as(caller).room.get({ roomId }));
const canAccessExam = (caller: TestCaller, examId = exam) => outcome(app.as(caller).exam.get({ examId }));

/** The possible bindings of a token, and whether it then has access to the room `here` and its exam. */
const bindings: {
  bound: string;
  to: () => Pick<TestCaller, "room" | "exam">;
  room: boolean;
  exam: boolean;
}[] = [
  { bound: "to nothing", to: () => ({}), room: true, exam: true },
  { bound: "to this room", to: () => ({ room: rooms.here }), room: true, exam: true },
  { bound: "to this exam", to: () => ({ exam }), room: true, exam: true },
  { bound: "to this room and exam", to: () => ({ room: rooms.here, exam }), room: true, exam: true },
  { bound: "to another exam's room", to: () => ({ room: rooms.elsewhere }), room: false, exam: false },
  { bound: "to another exam", to: () => ({ exam: otherExam }), room: false, exam: false },
  {
    bound: "to this room, but another exam",
    to: () => ({ room: rooms.here, exam: otherExam }),
    room: false,
    exam: false,
  },
  {
    bound: "to another room, but this exam",
    to: () => ({ room: rooms.elsewhere, exam }),
    room: false,
    exam: false,
  },
  { bound: "to a room that does not exist", to: () => ({ room: "nowhere" }), room: false, exam: false },
];
const expected = (may: boolean) => (may ? "ok" : "FORBIDDEN");

describe.each(ROLES)("a token that says %s", (role) => {
  it.each(bindings)("of a member, bound $bound", async ({ to, ...may }) => {
    const caller = { sub: role, role, ...to() };
    expect(await canAccessRoom(caller)).toBe(expected(may.room));
    expect(await canAccessExam(caller)).toBe(expected(may.exam));
  });

  it("of a member, bound to another room of the exam, has access to neither", async () => {
    const caller = { sub: role, role, room: rooms.beside };
    expect(await canAccessRoom(caller)).toBe("FORBIDDEN");
    expect(await canAccessExam(caller)).toBe("FORBIDDEN");
  });

  it.each(bindings)("of a stranger has access to nothing, bound $bound", async ({ to }) => {
    const caller = { sub: "stranger", role, ...to() };
    expect(await canAccessRoom(caller)).toBe("FORBIDDEN");
    expect(await canAccessExam(caller)).toBe("FORBIDDEN");
  });

  it.each(bindings)(
    "of a person with another role there has access to nothing, bound $bound",
    async ({ to }) => {
      const caller = { sub: `wrong_${role}`, role, ...to() };
      expect(await canAccessRoom(caller)).toBe("FORBIDDEN");
      expect(await canAccessExam(caller)).toBe("FORBIDDEN");
    },
  );

  it("of a member here has access to no other room and no other exam", async () => {
    const caller = { sub: role, role };
    expect(await canAccessRoom(caller, rooms.beside)).toBe("FORBIDDEN");
    expect(await canAccessRoom(caller, rooms.elsewhere)).toBe("FORBIDDEN");
    expect(await canAccessExam(caller, otherExam)).toBe("FORBIDDEN");
  });

  it("gets the same refusal whether or not the resource exists", async () => {
    for (const sub of [role, "stranger"]) {
      const as = app.as({ sub, role });
      const words = async (id: string, call: Promise<unknown>) => (await messageOf(call)).replace(id, "<id>");
      const room = (roomId: string) => words(roomId, as.room.get({ roomId }));
      expect(await room("nowhere")).toBe("The room <id> is not open to you.");
      expect(await room(rooms.elsewhere)).toBe(await room("nowhere"));
      const one = (examId: string) => words(examId, as.exam.get({ examId }));
      expect(await one("nothing")).toBe("The exam <id> is not open to you.");
      expect(await one(otherExam)).toBe(await one("nothing"));
      expect(await canAccessRoom({ sub, role }, "nowhere")).toBe("FORBIDDEN");
      expect(await canAccessExam({ sub, role }, "nothing")).toBe("FORBIDDEN");
    }
  });
});

describe("an administrator", () => {
  const allowed = ["to nothing", "to this room", "to this exam", "to this room and exam"];

  it.each(bindings)(
    "has access to all that the token is not kept from, bound $bound",
    async ({ bound, to }) => {
      const caller = { sub: "another_root", role: "admin", ...to() } as const;
      expect((await canAccessRoom(caller)) === "ok").toBe(allowed.includes(bound));
      expect((await canAccessExam(caller)) === "ok").toBe(allowed.includes(bound));
    },
  );

  it("bound to another room of the exam has access to the exam, and only that room", async () => {
    const caller = { ...admin, room: rooms.beside };
    expect(await canAccessExam(caller)).toBe("ok");
    expect(await canAccessRoom(caller, rooms.beside)).toBe("ok");
    expect(await canAccessRoom(caller)).toBe("FORBIDDEN");
  });

  it("gets a 404 for what does not exist", async () => {
    expect(await canAccessRoom(admin, "nowhere")).toBe("ROOM_NOT_FOUND");
    expect(await canAccessExam(admin, "nothing")).toBe("EXAM_NOT_FOUND");
  });

  it("with a bound token gets a 403 for anything else", async () => {
    expect(await canAccessRoom({ ...admin, room: rooms.here }, "nowhere")).toBe("FORBIDDEN");
    expect(await canAccessExam({ ...admin, exam }, "nothing")).toBe("FORBIDDEN");
    expect(await canAccessExam({ ...admin, room: rooms.here }, "nothing")).toBe("FORBIDDEN");
  });
});

describe("the maker of an exam", () => {
  it("has access to it as a teacher before it has rooms, and as nothing else", async () => {
    const times = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:00:00Z") };
    const { id } = await app.as({ sub: "maker", role: "teacher" }).exam.create({ name: "New", ...times });
    expect(await canAccessExam({ sub: "maker", role: "teacher" }, id)).toBe("ok");
    expect(await canAccessExam({ sub: "maker", role: "teacher", exam: id }, id)).toBe("ok");
    for (const role of ["inspector", "examinee"] as const)
      expect(await canAccessExam({ sub: "maker", role }, id)).toBe("FORBIDDEN");
    expect(await canAccessExam({ sub: "teacher", role: "teacher" }, id)).toBe("FORBIDDEN");
  });

  it("has no access to the rooms that others make in it", async () => {
    const times = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:00:00Z") };
    const { id } = await app.as({ sub: "maker", role: "teacher" }).exam.create({ name: "New", ...times });
    const room = await app.as(admin).room.create({ name: "Theirs", examId: id });
    expect(await canAccessRoom({ sub: "maker", role: "teacher" }, room.id)).toBe("FORBIDDEN");
  });
});

describe("the records of an exam", () => {
  const record = { isMainMonitor: true, detectTime: new Date(0), detectType: "watch", extraInfo: {} };
  const recordedAbout = async (caller: TestCaller): Promise<string[]> => {
    const { records } = await app.as(caller).cheat.listRecords({ examId: exam });
    return records.map(({ userId }) => userId).toSorted();
  };

  it("are read as far as the caller has access", async () => {
    for (const [place, roomId] of Object.entries(rooms))
      await app.as(admin).cheat.addRecords({ roomId, records: [{ ...record, userId: place }] });
    expect(await recordedAbout(admin)).toEqual(["beside", "here"]);
    expect(await recordedAbout({ ...admin, exam })).toEqual(["beside", "here"]);
    expect(await recordedAbout({ ...admin, room: rooms.beside })).toEqual(["beside"]);
    for (const role of ["teacher", "inspector"] as const) {
      expect(await recordedAbout({ sub: role, role })).toEqual(["here"]);
      expect(await recordedAbout({ sub: role, role, room: rooms.here })).toEqual(["here"]);
    }
  });
});

describe("what belongs to no room", () => {
  const makers = (caller: TestCaller) => {
    const as = app.as(caller);
    const times = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:00:00Z") };
    return [
      as.exam.create({ name: "n", ...times }),
      as.room.create({ name: "n" }),
      as.audio.create({ name: "n", url: "https://a.example/b.wav" }),
    ].map(outcome);
  };

  it.each([admin, { sub: "teacher", role: "teacher" } as const])(
    "is made by a token of $role",
    async (caller) => {
      expect(await Promise.all(makers(caller))).toEqual(["ok", "ok", "ok"]);
    },
  );

  it.each([admin, { sub: "teacher", role: "teacher" } as const])(
    "is not made by a token of $role that is bound",
    async (caller) => {
      for (const bound of [{ room: rooms.here }, { exam }])
        expect(await Promise.all(makers({ ...caller, ...bound }))).toEqual([
          "FORBIDDEN",
          "FORBIDDEN",
          "FORBIDDEN",
        ]);
    },
  );
});
