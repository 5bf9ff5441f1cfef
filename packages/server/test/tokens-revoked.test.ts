import { decodeJwt } from "jose";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { answersTo, type Parsed, refusalOf, rest, send, trpc, unpack } from "./support/calls.js";
import { connectApi, limited, stopwatch } from "./support/limits.js";
import { openSchool, type School } from "./support/school.js";
import { sharedSchools } from "./support/shared.js";

// A call asks for its token together with the room or the exam that it names. Whatever it names, a revoked token is the first thing that
// is wrong with it.

const nextSchool = sharedSchools();

const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const REVOKED = "UNAUTHENTICATED";

const revoke = (school: School, token: string) =>
  school.admin.auth.revokeToken({ tokenId: decodeJwt(token).jti ?? "" });
/** A token of a person of the room that was revoked, after it was good. */
const revokedToken = async (school: School): Promise<string> => {
  const token = await school.token(TEACHER);
  expect((await trpc(school, token).query("room.get", { roomId: school.room.id })).status).toBe(200);
  await revoke(school, token);
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
    await using school = await nextSchool();
    const { status, error } = await trpc(school, await revokedToken(school)).query("room.get", input);
    expect([status, error.data.reason]).toEqual([401, REVOKED]);
  });

  it("in a call that names nothing, or an exam", async () => {
    await using school = await nextSchool();
    const as = trpc(school, await revokedToken(school));
    const { examId } = school.room;
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
    await using school = await nextSchool();
    const token = await revokedToken(school);
    const raw = { type: "application/json", body };
    const path = "/exam/endRoom";
    refusalOf(await send(school, { method: "POST", path, raw }, token), 401, REVOKED);
    const { status } = await send(school, { method: "POST", path: "/trpc/room.end", raw }, token);
    expect(status).toBe(401);
  });

  it("with wrong fields at a documented path", async () => {
    await using school = await nextSchool();
    const client = rest(school, await revokedToken(school));
    refusalOf(await client.get("roomInfo"), 401, REVOKED);
    refusalOf(await client.post("cheat/addCheatRecord", { roomId: school.room.id, data: "{" }), 401, REVOKED);
  });

  it("in each call of a batch", async () => {
    await using school = await nextSchool();
    const authorization = await revokedToken(school);
    const input = encodeURIComponent(
      JSON.stringify({ 1: superjson.serialize({ roomId: school.room.id }), 2: superjson.serialize(5) }),
    );
    const url = `/trpc/auth.whoami,room.get,room.get?batch=1&input=${input}`;
    const { answers } = await answersTo(school, { method: "GET", url, headers: { authorization } });
    const failed = answers.map((answer: Parsed) =>
      unpack({ status: 0, headers: {}, text: "", body: answer }),
    );
    expect(failed.map(({ error }) => error.data.reason)).toEqual([REVOKED, REVOKED, REVOKED]);
  });

  it("at the next call over a WebSocket, whatever its input", async () => {
    await using school = await nextSchool();
    const token = await school.token(TEACHER);
    const url = await school.listen();
    await using client = connectApi(url, token);
    const { id: roomId } = school.room;
    expect((await client.api.room.get.query({ roomId })).id).toBe(roomId);
    await revoke(school, token);
    const reasonOf = (error: Parsed) => error.data.reason;
    for (const wanted of [roomId, "", "nowhere"])
      expect(await client.api.room.get.query({ roomId: wanted }).catch(reasonOf)).toBe(REVOKED);
  });

  it("when it subscribes, and when a subscription checks it again", async () => {
    await using school = await nextSchool();
    const { id: roomId } = school.room;
    const refused = await trpc(school, await revokedToken(school)).subscribe("room.onEvent", { roomId });
    expect(refused.error.data.reason).toBe(REVOKED);

    const token = await school.token(TEACHER);
    await using client = connectApi(await school.listen(), token);
    const failed = new Promise<Parsed>((resolve, reject) => {
      client.api.room.onEvent.subscribe(
        { roomId },
        {
          onData: () => void revoke(school, token).catch(reject),
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
    await using school = await openSchool({ config, monotonic: watch.now });
    const [stolen, good] = [await school.token(TEACHER), await school.token(TEACHER)];
    await revoke(school, stolen);
    const statusOf = async (token: string) => (await trpc(school, token).query("auth.whoami")).status;
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push(await statusOf(stolen));
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect(await statusOf(good)).toBe(200);
  });
});
