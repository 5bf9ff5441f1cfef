import { decodeJwt } from "jose";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { answersTo, type Parsed, refusalOf, rest, send, trpc, unpack } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { connectApi, limited, stopwatch } from "./support/limits.js";
import { sharedSchools } from "./support/shared.js";

// A call asks for its token together with the room or the exam that it names. Whatever it names, a revoked token is the first thing that
// is wrong with it.

const nextSchool = sharedSchools();

const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const REVOKED = "UNAUTHENTICATED";

const revoke = (fixture: ExamsFixture, token: string) =>
  fixture.admin.auth.revokeToken({ tokenId: decodeJwt(token).jti ?? "" });
/** A token of a person of the room that was revoked, after it was good. */
const revokedToken = async (fixture: ExamsFixture): Promise<string> => {
  const token = await fixture.token(TEACHER);
  expect((await trpc(fixture, token).query("room.get", { roomId: fixture.room.id })).status).toBe(200);
  await revoke(fixture, token);
  return token;
};

describe("a revoked token is refused", () => {
  it.each<[string, unknown]>([
    ["without an input", undefined],
    ["with an input that is no object", "room"],
    ["with an id that is none", { roomId: { not: "an id" } }],
    ["with an empty id", { roomId: "" }],
    ["with a room that does not exist", { roomId: "nowhere" }],
    ["with a number", { roomId: 1 }],
  ])("in a call %s", async (_, input) => {
    await using fixture = await nextSchool();
    const { status, error } = await trpc(fixture, await revokedToken(fixture)).query("room.get", input);
    expect([status, error.data.reason]).toEqual([401, REVOKED]);
  });

  it("in a call that names nothing, or an exam", async () => {
    await using fixture = await nextSchool();
    const as = trpc(fixture, await revokedToken(fixture));
    const { examId } = fixture.room;
    const answers = await Promise.all([
      as.query("auth.whoami"),
      as.query("exam.get", { examId }),
      as.query("exam.get", { examId: "nowhere" }),
      as.query("cheat.getConfig", { examId }),
      as.mutate("auth.logout"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  });

  it.each<[string, string]>([
    ["cannot be read", "{"],
    ["is no object", "[]"],
    ["is too large", `{"roomId":"${"x".repeat(2 * 1024 * 1024)}"}`],
  ])("with a body that %s", async (_, body) => {
    await using fixture = await nextSchool();
    const token = await revokedToken(fixture);
    const raw = { type: "application/json", body };
    const path = "/exam/endRoom";
    refusalOf(await send(fixture, { method: "POST", path, raw }, token), 401, REVOKED);
    const { status } = await send(fixture, { method: "POST", path: "/trpc/room.end", raw }, token);
    expect(status).toBe(401);
  });

  it("with wrong fields at a documented path", async () => {
    await using fixture = await nextSchool();
    const client = rest(fixture, await revokedToken(fixture));
    refusalOf(await client.get("roomInfo"), 401, REVOKED);
    refusalOf(
      await client.post("cheat/addCheatRecord", { roomId: fixture.room.id, data: "{" }),
      401,
      REVOKED,
    );
  });

  it("in each call of a batch", async () => {
    await using fixture = await nextSchool();
    const authorization = await revokedToken(fixture);
    const input = encodeURIComponent(
      JSON.stringify({ 1: superjson.serialize({ roomId: fixture.room.id }), 2: superjson.serialize(5) }),
    );
    const url = `/trpc/auth.whoami,room.get,room.get?batch=1&input=${input}`;
    const { answers } = await answersTo(fixture, { method: "GET", url, headers: { authorization } });
    const failed = answers.map((answer: Parsed) =>
      unpack({ status: 0, headers: {}, text: "", body: answer }),
    );
    expect(failed.map(({ error }) => error.data.reason)).toEqual([REVOKED, REVOKED, REVOKED]);
  });

  it("at the next call over a WebSocket, whatever its input", async () => {
    await using fixture = await nextSchool();
    const token = await fixture.token(TEACHER);
    const url = await fixture.listen();
    await using client = connectApi(url, token);
    const { id: roomId } = fixture.room;
    expect((await client.api.room.get.query({ roomId })).id).toBe(roomId);
    await revoke(fixture, token);
    const reasonOf = (error: Parsed) => error.data.reason;
    for (const wanted of [roomId, "", "nowhere"])
      expect(await client.api.room.get.query({ roomId: wanted }).catch(reasonOf)).toBe(REVOKED);
  });

  it("when it subscribes, and when a subscription checks it again", async () => {
    await using fixture = await nextSchool();
    const { id: roomId } = fixture.room;
    const refused = await trpc(fixture, await revokedToken(fixture)).subscribe("room.onEvent", { roomId });
    expect(refused.error.data.reason).toBe(REVOKED);

    const token = await fixture.token(TEACHER);
    await using client = connectApi(await fixture.listen(), token);
    const failed = new Promise<Parsed>((resolve, reject) => {
      client.api.room.onEvent.subscribe(
        { roomId },
        {
          onData: () => void revoke(fixture, token).catch(reject),
          onError: (error) => resolve(error.data),
        },
      );
    });
    expect(await failed).toMatchObject({ reason: REVOKED, httpStatus: 401 });
  });
});

describe("the calls of a revoked token", () => {
  it("use up the limit of their address, and nothing of the person's", async () => {
    const watch = stopwatch();
    const config = limited({ INVIGIL_LIMIT_READS: "person=4,network=10" });
    await using fixture = await openExamsFixture({ config, monotonic: watch.now });
    const [stolen, good] = [await fixture.token(TEACHER), await fixture.token(TEACHER)];
    await revoke(fixture, stolen);
    const statusOf = async (token: string) => (await trpc(fixture, token).query("auth.whoami")).status;
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push(await statusOf(stolen));
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect(await statusOf(good)).toBe(200);
  });
});
