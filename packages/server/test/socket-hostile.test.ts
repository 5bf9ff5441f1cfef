import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSocketFixture, type SocketFixture } from "./support/socket-fixture.js";
import { call, connectAs, listen, reasonOf } from "./support/sockets.js";

describe("a connection on which anything is sent", () => {
  let fixture: SocketFixture;
  beforeAll(async () => {
    fixture = await openSocketFixture();
  });
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
    // No input caused an internal error.
    expect(fixture.lines().filter(({ msg }) => msg === "fault")).toEqual([]);
  });

  it.each<[string, string, string]>([
    ["no JSON", "{", "INVALID_INPUT"],
    ["nothing", "", "INVALID_INPUT"],
    ["a text", '"text"', "INVALID_INPUT"],
    ["nothing at all", "null", "INVALID_INPUT"],
    ["no call", "{}", "INVALID_INPUT"],
    ["no id", '{"method":"query","params":{"path":"auth.whoami"}}', "INVALID_INPUT"],
    ["no method", '{"id":"x","params":{"path":"auth.whoami"}}', "INVALID_INPUT"],
    ["another method", '{"id":"x","method":"connectionParams","data":{}}', "INVALID_INPUT"],
    [
      "another protocol",
      '{"id":"x","jsonrpc":"1.0","method":"query","params":{"path":"a"}}',
      "INVALID_INPUT",
    ],
    ["no params", '{"id":"x","method":"query"}', "INVALID_INPUT"],
    ["no path", '{"id":"x","method":"query","params":{"path":1}}', "INVALID_INPUT"],
    [
      "an input that cannot be read",
      '{"id":"x","method":"query","params":{"path":"auth.whoami","input":{"json":1,"meta":{"values":[["no-such"]]}}}}',
      "INVALID_INPUT",
    ],
    ["an unknown path", JSON.stringify(call("x", "__proto__.x")), "NOT_FOUND"],
    ["a mutation as a query", JSON.stringify(call("x", "test.change", { text: "" })), "NOT_FOUND"],
    ["a subscription as a query", JSON.stringify(call("x", "test.events", {})), "NOT_FOUND"],
    [
      "a query as a subscription",
      JSON.stringify({ ...listen("x"), params: { path: "auth.whoami" } }),
      "NOT_FOUND",
    ],
  ])("is answered %s with an error, and serves on", async (_, text, reason) => {
    using client = await connectAs(fixture);
    client.ask(text);
    const { id } = text.includes('"x"') ? { id: "x" } : { id: null };
    expect(reasonOf(await client.message((answer) => answer.id === id))).toBe(reason);
    client.ask(call("after"));
    expect(await client.message((answer) => answer.id === "after")).toHaveProperty("result");
    // Each got one response.
    expect(client.received).toHaveLength(2);
  });

  it("answers every call of a frame of which one cannot be read, and makes none of them", async () => {
    using client = await connectAs(fixture);
    client.ask(listen(9));
    await client.message(({ id, result }) => id === 9 && result?.type === "started");
    const input = { json: 1, meta: { values: [["no"]] } };
    const broken = { ...call(2), params: { path: "auth.whoami", input } };
    client.ask([call(1), broken, call(3), { id: 9, method: "subscription.stop" }]);
    for (const wanted of [1, 2, 3])
      expect(reasonOf(await client.message(({ id }) => id === wanted))).toBe("INVALID_INPUT");
    // Their ids can be reused, except for the subscription that was not stopped.
    client.ask([call(1), call(9)]);
    await client.message(({ id, result }) => id === 1 && result !== undefined);
    const refused = await client.message(({ id, error }) => id === 9 && error !== undefined);
    expect(refused.error?.json.message).toBe("id is the id of a call that has not ended");
    client.ask({ id: 9, method: "subscription.stop" });
    await client.message(({ id, result }) => id === 9 && result?.type === "stopped");
  });

  it("answers tRPC's own PING", async () => {
    using client = await connectAs(fixture);
    client.ask("PING");
    client.ask(call(1));
    await client.message(({ id }) => id === 1);
    expect(client.received[0]).toBe("PONG");
  });

  it("refuses what is deep, wide or binary, and stands", async () => {
    using client = await connectAs(fixture);
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    client.ask(deep);
    client.ask(`{"id":1,"method":"query","params":{"path":"test.echo","input":{"json":${deep}}}}`);
    client.ask(Array.from({ length: 20 }, () => ({})));
    client.socket.send(Buffer.from(JSON.stringify(call(2))));
    client.socket.send(Buffer.alloc(1000, 0xff), { binary: true });
    client.ask(call(3));
    await client.message(({ id }) => id === 3);
    expect(reasonOf(await client.message(({ id }) => id === 1))).toBe("INVALID_INPUT");
    expect(client.received.some((text) => JSON.parse(text).id === 2)).toBe(false);
  });

  it("whatever is sent is never a fault, and nobody else's trouble", async () => {
    using other = await connectAs(fixture);
    const id = fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constantFrom(null, "__proto__", 1, "1"));
    const message = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record(
        {
          id,
          method: fc.constantFrom("query", "mutation", "subscription", "subscription.stop", "reconnect"),
          params: fc.record(
            {
              path: fc.constantFrom("auth.whoami", "test.events", "test.echo", "test", "", "then", "a.b.c.d"),
              input: fc.oneof(fc.jsonValue(), fc.record({ json: fc.jsonValue(), meta: fc.jsonValue() })),
              lastEventId: fc.oneof(fc.string(), fc.integer()),
            },
            { requiredKeys: [] },
          ),
          jsonrpc: fc.constantFrom("2.0", "1.0"),
        },
        { requiredKeys: [] },
      ),
    );
    let sentCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (sent, isBatch) => {
          using client = await connectAs(fixture);
          const texts = isBatch ? [JSON.stringify(sent)] : sent.map((one) => JSON.stringify(one));
          for (const text of texts) client.ask(text);
          client.ask(call("the last"));
          expect(await client.message((answer) => answer.id === "the last")).toHaveProperty("result");
          const wanted = `other ${sentCount++}`;
          other.ask(call(wanted));
          expect(await other.message((answer) => answer.id === wanted)).toHaveProperty("result");
          // An internal error would not be the client's fault.
          for (const text of client.received) expect(text).not.toContain('"INTERNAL"');
        },
      ),
      { numRuns: 60 },
    );
    await fixture.log.heard(0);
  });

  it("closes what breaks the protocol, and stands", async () => {
    const { hostname, port, host } = new URL(fixture.url);
    const key = Buffer.alloc(16).toString("base64");
    const frames: [string, Buffer][] = [
      ["without a mask", Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
      ["compressed, though that was not agreed on", Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x7b])],
      ["of an unknown kind", Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
      [
        "longer than anything",
        Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
      ],
      ["a ping in parts", Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
      ["no UTF-8", Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff])],
    ];
    for (const [name, frame] of frames) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on("error", () => undefined);
      let received = Buffer.alloc(0);
      socket.on("data", (part) => {
        received = Buffer.concat([received, part]);
      });
      socket.write(
        `GET /trpc HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
      );
      while (!received.includes("\r\n\r\n")) await once(socket, "data");
      received = Buffer.alloc(0);
      // The client sends a close reason, and then leaves the connection half open.
      socket.write(frame);
      while (received.length < 4) await once(socket, "data");
      expect([name, received[0]]).toEqual([name, 0x88]);
      expect([name, [1002, 1007, 1009].includes(received.readUInt16BE(2))]).toEqual([name, true]);
      socket.destroy();
    }
    using client = await connectAs(fixture);
    client.ask(call(1));
    expect(await client.message(({ id }) => id === 1)).toHaveProperty("result");
  });
});
