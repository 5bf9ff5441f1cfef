import { describe, expect, it as test, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { type Answer, rest, trpc } from "./support/calls.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { shared } from "./support/shared.js";

// On PostgreSQL, the statements about a call's token, session, account, seat, room, exam and membership are sent together.

const describePostgres = describe.skipIf(isPostgresMissing());

/** Tables and views that only the rights of callers need in these calls. */
const OF_RIGHTS =
  /"(?:revoked_tokens|sessions|accounts|seat_generations|room_exams|visible_rooms|visible_exams)"/;

describePostgres("the rights of a call", () => {
  const schemas = shared(openSchemasForTests);
  const installation = shared(async () => {
    const statements: { readonly text: string; readonly turn: object }[] = [];
    let turn: object | undefined;
    const fixture = await openExamsFixture({
      database: schemas().url,
      onStatement(text) {
        if (!turn) setImmediate(() => (turn = undefined));
        turn ??= {};
        statements.push({ text, turn });
      },
    });
    const account = { userId: "teacher1", role: "teacher", name: "T", password: "a password" } as const;
    await fixture.admin.account.create(account);
    return { ...fixture, statements };
  });

  const tokenOf = async (caller: TestCaller | "session"): Promise<string> => {
    const fixture = installation();
    if (caller !== "session") return fixture.token(caller);
    return (await fixture.admin.auth.login({ username: "teacher1", password: "a password" })).token;
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
  const statementsOf = async (call: () => Promise<Answer>) => {
    const { statements } = installation();
    statements.length = 0;
    expect((await call()).status).toBe(200);
    // An examinee's own end of the exam is no right.
    return statements.filter(({ text }) => OF_RIGHTS.test(text) && !text.includes("extra_minutes"));
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
    ])("are asked once each, in one turn of the event loop, in %s", async (__, call) => {
      const of = await token();
      await call(of);
      // After a slow long answer, the next one of its caller waits, and asks again.
      await vi.waitFor(
        async () => {
          const statements = await statementsOf(() => call(of));
          expect(statements).not.toEqual([]);
          expect(new Set(statements.map(({ text }) => text)).size).toBe(statements.length);
          expect(new Set(statements.map(({ turn }) => turn)).size).toBe(1);
        },
        { timeout: 60_000, interval: 200 },
      );
    });
  });
});
