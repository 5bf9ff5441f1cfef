import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSocketFixture, type SocketFixture } from "./support/socket-fixture.js";
import { connectSocket, rawSocket, socketUrl } from "./support/sockets.js";

const detailsOf = (error: unknown) => {
  if (!(error instanceof TRPCClientError)) throw error;
  return { message: error.message, data: error.data };
};

describe("calls over a WebSocket", () => {
  let fixture: SocketFixture;
  beforeAll(async () => {
    fixture = await openSocketFixture();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  it("are answered as over HTTP, to the caller of the token in the first message", async () => {
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    await using client = connectSocket(fixture.url, token);
    expect(await client.api.auth.whoami.query()).toMatchObject({ userId: "t1", role: "teacher" });
    const at = new Date(0);
    expect(await client.api.test.echo.query({ text: "é長", at })).toEqual({ text: "é長", at });
    expect(await client.api.test.change.mutate({ text: "changed" })).toBe("changed");
  });

  it("fail in the same form", async () => {
    const token = await fixture.token({ sub: "e1", role: "examinee" });
    await using client = connectSocket(fixture.url, token);
    expect(await client.api.test.change.mutate({ text: "no" }).catch(detailsOf)).toMatchObject({
      message: "The role examinee may not call test.change.",
      data: { reason: "FORBIDDEN", httpStatus: 403, path: "test.change" },
    });
  });

  it("carry subscriptions", async () => {
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    await using client = connectSocket(fixture.url, token);
    const seen: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      const subscription = client.api.test.events.subscribe(
        {},
        {
          onStarted: () => fixture.log.add("first"),
          onData({ data }) {
            seen.push(data.text);
            if (data.text === "first") fixture.log.add("second");
            else {
              subscription.unsubscribe();
              resolve();
            }
          },
          onError: reject,
        },
      );
    });
    await done;
    expect(seen).toEqual(["first", "second"]);
    await fixture.log.heard(0);
  });
});

describe("who calls over a connection", () => {
  it("is looked up for each call: a token that was revoked since, or has expired, opens nothing more", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openSocketFixture({ now: () => now });
    const token = await fixture.token({ sub: "t1", role: "teacher" }, 60);
    await using first = connectSocket(fixture.url, token);
    await using second = connectSocket(fixture.url, await fixture.token({ sub: "t2", role: "teacher" }, 60));
    expect(await first.api.auth.whoami.query()).toMatchObject({ userId: "t1" });
    expect(await second.api.auth.whoami.query()).toMatchObject({ userId: "t2" });

    await first.api.auth.logout.mutate();
    const refused = { data: { reason: "UNAUTHENTICATED", httpStatus: 401 } };
    expect(await first.api.test.change.mutate({ text: "no" }).catch(detailsOf)).toMatchObject({
      ...refused,
      message: "The token in the authorization header is no longer valid: log in again.",
    });
    const subscribed = new Promise((resolve) =>
      first.api.test.events.subscribe({}, { onError: (error) => resolve(detailsOf(error)) }),
    );
    expect(await subscribed).toMatchObject(refused);
    expect(await second.api.test.change.mutate({ text: "yes" })).toBe("yes");

    now = new Date(now.getTime() + 61_000);
    expect(await second.api.auth.whoami.query().catch(detailsOf)).toMatchObject({
      ...refused,
      message: "The token in the authorization header has expired.",
    });
  });

  it("may be said in the authorization header of the upgrade", async () => {
    await using fixture = await openSocketFixture();
    const authorization = `Bearer ${await fixture.token({ sub: "t1", role: "teacher" })}`;
    using client = await rawSocket(socketUrl(fixture.url), { headers: { authorization } });
    client.ask({ id: 1, method: "query", params: { path: "auth.whoami" } });
    expect(await client.message(({ id }) => id === 1)).toMatchObject({
      result: { type: "data", data: { json: { userId: "t1" } } },
    });
  });

  it("is nobody without a token, who may log in and nothing else", async () => {
    await using fixture = await openSocketFixture();
    using client = await rawSocket(socketUrl(fixture.url));
    client.ask([
      { id: "a", method: "query", params: { path: "auth.whoami" } },
      {
        id: "b",
        method: "mutation",
        params: { path: "auth.login", input: { json: { username: "nobody", password: "a wrong password" } } },
      },
    ]);
    expect(await client.message(({ id }) => id === "a")).toMatchObject({
      error: {
        json: {
          message: "The authorization header must contain a token.",
          data: { reason: "UNAUTHENTICATED" },
        },
      },
    });
    expect(await client.message(({ id }) => id === "b")).toMatchObject({
      error: { json: { message: "The username or the password is wrong." } },
    });
  });
});

describe("the log", () => {
  it("has a line when a connection opens, one for each call and one when it closes, and never a token", async () => {
    await using fixture = await openSocketFixture();
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    {
      await using client = connectSocket(fixture.url, token);
      await client.api.auth.whoami.query();
      await client.api.test.change.mutate({ text: "kept out of the log" });
      await client.api.test.broken.query().catch(detailsOf);
    }
    const closed = await fixture.line("connection closed");
    expect(closed).toMatchObject({ route: "/trpc", code: 1005, calls: 3, ms: expect.any(Number) });
    const { reqId } = await fixture.line("connection opened");
    expect(closed.reqId).toBe(reqId);
    const calls = fixture.lines().filter(({ msg }) => msg === "call");
    expect(calls).toMatchObject([
      { reqId, procedure: "auth.whoami", userId: "t1" },
      { reqId, procedure: "test.change", userId: "t1" },
      { reqId, procedure: "test.broken", userId: "t1", reason: "INTERNAL" },
    ]);
    expect(await fixture.line("fault")).toMatchObject({
      reqId,
      err: { message: expect.stringContaining("kept out of sight") },
    });
    const all = JSON.stringify(fixture.lines());
    expect(all).not.toContain(token.slice(-40));
    expect(all).not.toContain("kept out of the log");
    expect(all).not.toContain("connectionParams");
  });

  it("is pointed to by a fault, which says nothing itself", async () => {
    await using fixture = await openSocketFixture();
    const authorization = await fixture.token({ sub: "t1", role: "teacher" });
    using client = await rawSocket(socketUrl(fixture.url), {
      headers: { authorization, "x-request-id": "asked-for" },
    });
    client.ask({ id: 1, method: "query", params: { path: "test.broken" } });
    expect(await client.message(({ id }) => id === 1)).toMatchObject({
      error: {
        json: {
          message: "The server failed. Its log has this request's id.",
          data: { reason: "INTERNAL", requestId: "asked-for" },
        },
      },
    });
  });
});
