import { describe, expect, it } from "vitest";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { inputOf, openStream, rawSocket, reasonOf, socketUrl } from "./support/sockets.js";

// The limits of connections and subscriptions.

const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const onEvent = (id: number, roomId: string, lastEventId?: string) => ({
  id,
  method: "subscription",
  params: { path: "room.onEvent", input: { json: { roomId, lastEventId } } },
});
const connect = async (fixture: ExamsFixture, url: string) =>
  rawSocket(socketUrl(url), { headers: { authorization: await fixture.token(TEACHER) } });
type Client = Awaited<ReturnType<typeof connect>>;
const started = (client: Client, wanted: number) =>
  client.message(({ id, result }) => id === wanted && result?.type === "started");
const refused = (client: Client, wanted: number) =>
  client.message(({ id, error }) => id === wanted && error !== undefined);

describe("a connection", () => {
  it("can have one subscription to each room and to each exam", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const { id: roomId, examId } = fixture.room;
    using client = await connect(fixture, url);
    client.ask(onEvent(1, roomId));
    await started(client, 1);
    client.ask(onEvent(2, roomId));
    const { error } = await refused(client, 2);
    expect(error?.json).toMatchObject({
      message: `roomId is subscribed to on this connection already: ${roomId}`,
      data: { reason: "INVALID_INPUT" },
    });
    // A page that renders again ends its subscription and begins it again in one frame.
    client.ask([{ id: 1, method: "subscription.stop" }, onEvent(3, roomId)]);
    await started(client, 3);

    const authorization = await fixture.token({ sub: "root", role: "admin" });
    using admin = await rawSocket(socketUrl(url), { headers: { authorization } });
    const exam = (id: number) => ({
      ...onEvent(id, ""),
      params: { path: "exam.onEvent", input: { json: { examId } } },
    });
    admin.ask(exam(1));
    await started(admin, 1);
    admin.ask(exam(2));
    expect(reasonOf(await refused(admin, 2))).toBe("INVALID_INPUT");
  });

  it("delivers an event to each subscription under the id of its call", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const { id: roomId } = fixture.room;
    using first = await connect(fixture, url);
    using second = await connect(fixture, url);
    const { lastEventId } = await fixture.teacher.room.snapshot({ roomId });
    first.ask(onEvent(1, roomId, lastEventId));
    second.ask(onEvent(22, roomId, lastEventId));
    await Promise.all([started(first, 1), started(second, 22)]);
    // A small text, and a large one with characters that JSON escapes.
    for (const text of ["a", `"\u2028é${"x".repeat(20_000)}`]) {
      await fixture.teacher.im.send({ roomId, type: 30_001, data: { text } });
      for (const [client, call] of [
        [first, 1],
        [second, 22],
      ] as const) {
        const received = await client.message(
          ({ id, result }) =>
            id === call && JSON.stringify(result?.data)?.includes(JSON.stringify(text)) === true,
        );
        expect(received.result).toMatchObject({
          type: "data",
          id: expect.stringMatching(/^\d+$/),
          data: {
            json: {
              id: expect.stringMatching(/^\d+$/),
              data: { type: "message", message: { data: { text } } },
            },
            meta: { values: { "data.time": ["Date"], "data.message.time": ["Date"] } },
          },
        });
      }
    }
  });
});

describe("a person", () => {
  it("can have a limited number of subscriptions over all connections", async () => {
    await using fixture = await openExamsFixture({
      config: { perPerson: { connections: 10, subscriptions: 2 } },
    });
    const url = await fixture.listen();
    const { id: roomId } = fixture.room;
    using first = await connect(fixture, url);
    using second = await connect(fixture, url);
    using third = await connect(fixture, url);
    first.ask(onEvent(1, roomId));
    second.ask(onEvent(1, roomId));
    await Promise.all([started(first, 1), started(second, 1)]);
    third.ask(onEvent(1, roomId));
    expect((await refused(third, 1)).error?.json).toMatchObject({
      message: "A person may have 2 subscriptions open at a time.",
      data: { reason: "TOO_MANY_REQUESTS", httpStatus: 429, retryAfterSeconds: 10 },
    });
    first.ask({ id: 1, method: "subscription.stop" });
    await first.message(({ id, result }) => id === 1 && result?.type === "stopped");
    third.ask(onEvent(2, roomId));
    await started(third, 2);
  });

  it("can have a limited number of event streams, because each one is a connection", async () => {
    await using fixture = await openExamsFixture({
      config: { perPerson: { connections: 1, subscriptions: 10 } },
    });
    const url = await fixture.listen();
    const authorization = await fixture.token(TEACHER);
    const stream = `${url}/trpc/room.onEvent?input=${inputOf({ roomId: fixture.room.id })}`;
    using open = await openStream(stream, { authorization });
    await open.until("connected");
    using late = await openStream(stream, { authorization });
    expect(await late.rest()).toContain("TOO_MANY_REQUESTS");
  });

  it("has separate limits for tokens that are bound to a room", async () => {
    await using fixture = await openExamsFixture({
      config: { perPerson: { connections: 1, subscriptions: 1 } },
    });
    const url = await fixture.listen();
    const teacher2 = fixture.as({ sub: "teacher2", role: "teacher" });
    const roomId = fixture.other.id;
    const participants = [{ userId: "teacher1", role: "teacher", name: "T" } as const];
    await teacher2.participant.add({ roomId, participants });
    const bound = await teacher2.auth.issueToken({ userId: "teacher1", role: "teacher", roomId });
    const begin = async (authorization: string, room: string) => {
      const client = await rawSocket(socketUrl(url), { headers: { authorization } });
      client.ask(onEvent(1, room));
      return client;
    };
    using first = await begin(bound.token, roomId);
    await started(first, 1);
    using own = await begin(await fixture.token(TEACHER), fixture.room.id);
    await started(own, 1);
    using second = await rawSocket(socketUrl(url), { headers: { authorization: bound.token } });
    second.ask("{");
    expect(await second.closed).toMatchObject({ code: 1013 });
  });
});
