import { describe, expect, it as test, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { type Answer, rest, trpc } from "./support/calls.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { openSchool } from "./support/school.js";
import { shared } from "./support/shared.js";

vi.setConfig({ testTimeout: 120_000 });

// On PostgreSQL, a call's token, session, account, seat, room, exam and membership are one statement.

const describePostgres = describe.skipIf(isPostgresMissing());

/** Tables and views that only the rights of callers need in these calls. */
const OF_RIGHTS =
  /"(?:revoked_tokens|sessions|accounts|seat_generations|room_exams|visible_rooms|visible_exams)"/;

describePostgres("the rights of a call", () => {
  const schemas = shared(openSchemasForTests);
  const installation = shared(async () => {
    const statements: string[] = [];
    const school = await openSchool({
      database: schemas().url,
      onStatement: (text) => statements.push(text),
    });
    const account = { userId: "teacher1", role: "teacher", name: "T", password: "a password" } as const;
    await school.admin.account.create(account);
    return { ...school, statements };
  });

  const tokenOf = async (caller: TestCaller | "session"): Promise<string> => {
    const school = installation();
    if (caller !== "session") return school.token(caller);
    return (await school.admin.auth.login({ username: "teacher1", password: "a password" })).token;
  };
  const CALLERS: readonly (readonly [string, () => Promise<string>])[] = [
    ["a link", () => tokenOf({ sub: "examinee1", role: "examinee", room: installation().room.id })],
    ["an examinee's token", () => tokenOf({ sub: "examinee1", role: "examinee" })],
    ["a token of an account", () => tokenOf({ sub: "teacher1", role: "teacher" })],
    [
      "a token for an exam",
      () => tokenOf({ sub: "teacher1", role: "teacher", exam: installation().room.examId }),
    ],
    ["a login", () => tokenOf("session")],
    ["an administrator's token", () => tokenOf({ sub: "root", role: "admin" })],
  ];

  /** The statements about rights that a call makes. It succeeds, and the server knows the exam of the room. */
  const statementsOf = async (call: () => Promise<Answer>): Promise<readonly string[]> => {
    const { statements } = installation();
    await call();
    statements.length = 0;
    expect((await call()).status).toBe(200);
    return statements.filter((text) => OF_RIGHTS.test(text));
  };

  describe.each(CALLERS)("of %s", (_, token) => {
    test.each<[string, (token: string) => Promise<Answer>]>([
      ["room.get", (of) => trpc(installation(), of).query("room.get", { roomId: installation().room.id })],
      ["roomInfo", (of) => rest(installation(), of).get("roomInfo", { roomId: installation().room.id })],
      [
        "exam.get",
        (of) => trpc(installation(), of).query("exam.get", { examId: installation().room.examId }),
      ],
      ["examInfo", (of) => rest(installation(), of).get("examInfo", { examId: installation().room.examId })],
      [
        "cheat.getConfig",
        (of) => trpc(installation(), of).query("cheat.getConfig", { examId: installation().room.examId }),
      ],
      ["auth.whoami", (of) => trpc(installation(), of).query("auth.whoami")],
    ])("are one statement in %s", async (__, call) => {
      const of = await token();
      expect(await statementsOf(() => call(of))).toHaveLength(1);
    });
  });
});
