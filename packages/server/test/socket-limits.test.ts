import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openSocketFixture } from "./support/socket-fixture.js";
import { call, connectAs, listen, rawSocket, reasonOf, socketUrl } from "./support/sockets.js";

describe("what one connection may ask for", () => {
  it("is a thousand subscriptions, and again as many as are ended", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.ask(Array.from({ length: 1_000 }, (_, id) => listen(id)));
    await fixture.log.heard(1_000);
    client.ask(listen("one more"));
    const refused = await client.message(({ id }) => id === "one more");
    expect(refused.error?.json).toMatchObject({
      message: "A connection accepts at most 1000 subscriptions and 1000 other calls at a time.",
      data: { reason: "TOO_MANY_REQUESTS", httpStatus: 429, retryAfterSeconds: 1 },
    });
    // Other calls do not count.
    client.ask(call("call"));
    expect(await client.message(({ id }) => id === "call")).toHaveProperty("result");

    client.ask({ id: 7, method: "subscription.stop" });
    await client.message(({ id, result }) => id === 7 && result?.type === "stopped");
    client.ask(listen("again"));
    await client.message(({ id, result }) => id === "again" && result?.type === "started");
    await fixture.log.heard(1_000);
    client.socket.terminate();
    await fixture.log.heard(0);
  });

  it("is a thousand other calls at a time, of which twenty are made at once", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    const ids = Array.from({ length: 1_001 }, (_, id) => id);
    client.ask(ids.map((id) => call(id, "test.wait")));
    expect(reasonOf(await client.message(({ id }) => id === 1_000))).toBe("TOO_MANY_REQUESTS");
    await fixture.gate.waited(20);
    expect(client.received).toHaveLength(1);
    // Meanwhile, the server does not read from this client, and serves others.
    client.ask(call("later"));
    using other = await connectAs(fixture);
    other.ask(call("other"));
    await other.message(({ id }) => id === "other");
    expect(fixture.gate.waiting()).toBe(20);
    expect(client.received).toHaveLength(1);

    let answered = 0;
    while (answered < 1_000) {
      fixture.gate.open();
      await new Promise((resolve) => setImmediate(resolve));
      answered = client.received.filter((text) => text.includes('"waited"')).length;
    }
    expect(await client.message(({ id }) => id === "later")).toHaveProperty("result");
  });

  it("is one call with the same id at a time", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.ask([listen(1), listen(1), call(1)]);
    await fixture.log.heard(1);
    client.ask(call(2));
    await client.message(({ id }) => id === 2);
    const first = client.received.map((text) => JSON.parse(text)).filter(({ id }) => id === 1);
    expect(first.map(({ error, result }) => error?.json.message ?? result.type)).toEqual([
      "id is the id of a call that has not ended",
      "id is the id of a call that has not ended",
      "started",
    ]);
    expect(fixture.log.listeners()).toBe(1);
  });

  it("is nothing after some seconds unless it has a valid token, whatever it sends meanwhile", async () => {
    await using fixture = await openSocketFixture();
    const url = socketUrl(fixture.url);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    using authenticated = await connectAs(fixture);
    authenticated.ask(call(0));
    expect(await authenticated.message(({ id }) => id === 0)).toHaveProperty("result");
    using unauthenticated = await rawSocket(url);
    unauthenticated.ask(call(1));
    expect(reasonOf(await unauthenticated.message(({ id }) => id === 1))).toBe("UNAUTHENTICATED");
    using bad = await rawSocket(url, { headers: { authorization: "Bearer a.b.c" } });
    using silent = await rawSocket(`${url}?connectionParams=1`);
    using liar = await rawSocket(`${url}?connectionParams=1`);
    liar.ask({ method: "connectionParams", data: { token: "a.b.c" } });
    vi.advanceTimersByTime(10_000);
    for (const one of [unauthenticated, bad, silent, liar])
      expect(await one.closed).toEqual({ code: 1008, reason: "No valid token was received." });
    // Otherwise, its time limit would have been reached.
    authenticated.ask(call(1));
    expect(await authenticated.message(({ id }) => id === 1)).toHaveProperty("result");
  });

  it("is at most 1 MiB in a frame", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    const room = 1024 * 1024 - JSON.stringify(call(1, "auth.whoami", "")).length;
    client.ask(call(1, "auth.whoami", "x".repeat(room)));
    expect(await client.message(({ id }) => id === 1)).toHaveProperty("result");
    client.ask(call(2, "auth.whoami", "x".repeat(room + 1)));
    expect((await client.closed).code).toBe(1009);
  });
});
