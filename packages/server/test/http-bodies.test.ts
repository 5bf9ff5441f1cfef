import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
} from "node:http";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { openExamsFixture } from "./support/exams-fixture.js";
import { sharedSchools } from "./support/shared.js";

// Also under another Node: Node parses bodies.

const nextSchool = sharedSchools();

// Bodies in unusual forms, over real connections, byte by byte.

interface Head {
  readonly path: string;
  readonly token?: string;
  readonly type?: string;
  /** Absent: chunked encoding. */
  readonly length?: number;
}
const headOf = ({ path, token, type = "application/json", length }: Head): string =>
  [
    `POST ${path} HTTP/1.1`,
    "host: x",
    `content-type: ${type}`,
    ...(token === undefined ? [] : [`authorization: ${token}`]),
    length === undefined ? "transfer-encoding: chunked" : `content-length: ${length}`,
    "\r\n",
  ].join("\r\n");

/** The body of an answer in chunks; `undefined` while some of it is missing. */
const unchunked = (text: string): string | undefined => {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, end), 16);
    if (size === 0) return Buffer.concat(parts).toString();
    const start = end + 2;
    at = start + size + 2;
    if (bytes.length < at) return undefined;
    parts.push(bytes.subarray(start, start + size));
  }
};

/** A connection on which a request has begun, and what came back. */
const begin = (url: string, head: Head) => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  let received = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    received += part;
  });
  socket.write(headOf(head));
  const answers = () => received.split(/(?=HTTP\/1\.1 \d)/).filter((text) => text !== "");
  return {
    socket,
    /** The complete response with this number. */
    async answer(wanted = 0) {
      for (;;) {
        const text = answers()[wanted] ?? "";
        const [top = "", body = ""] = text.split(/\r\n\r\n(.*)/s);
        const length = /content-length: (\d+)/i.exec(top)?.[1];
        // tRPC's stock adapter sends its answers in chunks.
        const isChunked = /transfer-encoding: chunked/i.test(top);
        const isWhole = length !== undefined && Buffer.byteLength(body) >= Number(length);
        const whole = isChunked ? unchunked(body) : isWhole ? body : undefined;
        if (whole !== undefined)
          return { status: Number(text.slice(9, 12)), body: JSON.parse(whole), head: top };
        if (socket.destroyed) throw new Error(`no answer: ${received}`);
        await Promise.race([once(socket, "data"), once(socket, "close")]);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
};
const oneByOne = (text: string): string => Array.from(text, (byte) => `1\r\n${byte}\r\n`).join("");
const closed = async (socket: Socket): Promise<void> => {
  if (!socket.destroyed) await once(socket, "close");
};

/** An agent with one persistent connection. */
const openAgent = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    request: (url: string, method = "GET", headers: OutgoingHttpHeaders = {}) =>
      request(url, { agent, method, headers }),
    [Symbol.dispose]: () => agent.destroy(),
  };
};
/** The status of an answer, after all of it was read. */
const statusOf = async (sent: ClientRequest): Promise<number | undefined> => {
  // Safe: the event has the response.
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  await once(response.resume(), "end");
  return response.statusCode;
};

const RECORDS = "/exam/cheat/addCheatRecord";

describe("who asks is judged before a body has come", () => {
  it.each([
    ["without a token", "none", 401, "UNAUTHENTICATED"],
    ["with a bad token", "a.b.c", 401, "UNAUTHENTICATED"],
    ["in a role that may not", "inspector", 200, "FORBIDDEN"],
  ])("on a documented path, %s", async (_, who, status, reason) => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    const token = who === "inspector" ? await fixture.token({ sub: "inspector1", role: who }) : who;
    for (const length of [1_000_000_000, undefined]) {
      using sent = begin(url, { path: RECORDS, ...(who !== "none" && { token }), ...(length && { length }) });
      const { body, ...answer } = await sent.answer();
      expect({ status: answer.status, reason: body.reason }).toEqual({ status, reason });
    }
  });

  it("of a procedure, and of each in a batch, in tRPC's form", async () => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    using single = begin(url, { path: "/trpc/im.send" });
    const { status, body } = await single.answer();
    expect({ status, data: body.error.json.data }).toMatchObject({
      status: 401,
      data: { reason: "UNAUTHENTICATED", path: "im.send", requestId: expect.any(String) },
    });
    using batch = begin(url, { path: "/trpc/im.send,participant.import?batch=1", length: 10_000_000 });
    expect(
      (await batch.answer()).body.map((one: { error: { json: { data: object } } }) => one.error.json.data),
    ).toMatchObject([
      { reason: "UNAUTHENTICATED", path: "im.send" },
      { reason: "UNAUTHENTICATED", path: "participant.import" },
    ]);
    using unknown = begin(url, { path: "/trpc/no.such" });
    expect((await unknown.answer()).status).toBe(404);
    const token = await fixture.token({ sub: "examinee1", role: "examinee" });
    using forbidden = begin(url, { path: "/trpc/participant.import", token });
    expect((await forbidden.answer()).body.error.json.data.reason).toBe("FORBIDDEN");
  });

  it("and what it still sends is dropped, after which the connection goes on if the body is small", async () => {
    await using fixture = await nextSchool();
    using sent = begin(await fixture.listen(), { path: RECORDS, length: 60_000 });
    const { status, head } = await sent.answer();
    expect([status, head]).toEqual([401, expect.not.stringMatching(/connection: close/i)]);
    for (let count = 0; count < 60; count++) sent.socket.write("x".repeat(1_000));
    sent.socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    expect((await sent.answer(1)).body).toMatchObject({ status: "ok" });
  });

  it.each([
    ["of an unknown length", undefined],
    ["of 10 MB", 10_000_000],
  ])(
    "and its connection is closed if the body is large (%s), after what it still sends was dropped",
    async (_, length) => {
      await using fixture = await nextSchool();
      using sent = begin(await fixture.listen(), { path: RECORDS, ...(length && { length }) });
      const { status, head } = await sent.answer();
      expect([status, head]).toEqual([401, expect.stringMatching(/^connection: close\r?$/im)]);
      // More than the buffers of both ends hold, so that it is read.
      const part = "x".repeat(1_000_000);
      for (let count = 0; count < 10; count++)
        await new Promise((resolve) =>
          sent.socket.write(length ? part : `${part.length.toString(16)}\r\n${part}\r\n`, resolve),
        );
      if (!length) sent.socket.write("0\r\n\r\n");
      await closed(sent.socket);
      expect(sent.socket.errored).toBe(null);
    },
  );

  it.each([
    [RECORDS, "application/json", 401],
    ["/audio", "multipart/form-data; boundary=x", 401],
    ["/nowhere", "text/plain", 413],
  ])(
    "and the next call of an agent with persistent connections is answered: %s",
    async (path, type, status) => {
      await using fixture = await nextSchool();
      const url = await fixture.listen();
      using agent = openAgent();
      const large = agent.request(`${url}${path}`, "POST", {
        "content-type": type,
        "content-length": 60_000_000,
      });
      // It goes on sending, and reads the answer.
      large.write(Buffer.alloc(1_000_000));
      expect(await statusOf(large)).toBe(status);
      const next = agent.request(`${url}/health`);
      next.end();
      expect(await statusOf(next)).toBe(200);
      expect([large.errored, next.reusedSocket]).toEqual([null, false]);
    },
  );

  it("but a batch of which one call may be made is read", async () => {
    await using fixture = await nextSchool();
    const token = await fixture.token({ sub: "inspector1", role: "inspector" });
    const text = JSON.stringify({ 0: { json: { roomId: fixture.room.id } }, 1: { json: null } });
    using sent = begin(await fixture.listen(), {
      path: "/trpc/room.end,auth.logout?batch=1",
      token,
      length: text.length,
    });
    sent.socket.write(text);
    const { body } = await sent.answer();
    expect([body[0].error.json.data.reason, body[1].result.data.json]).toEqual(["FORBIDDEN", true]);
  });
});

describe("a body", () => {
  it("may come byte by byte, and is the same", async () => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    const name = "Räume ".repeat(10).trim();
    using json = begin(url, { path: "/exam/createRoom", token });
    const bytes = Buffer.from(JSON.stringify({ name }));
    for (const byte of bytes) {
      json.socket.write("1\r\n");
      json.socket.write(Buffer.from([byte]));
      json.socket.write("\r\n");
      await new Promise((resolve) => setImmediate(resolve));
    }
    json.socket.write("0\r\n\r\n");
    expect((await json.answer()).body).toMatchObject({ success: true, data: { name } });
    using form = begin(url, { path: "/exam/createRoom", token, type: "application/x-www-form-urlencoded" });
    form.socket.write(`${oneByOne("name=a%20b&name2=")}0\r\n\r\n`);
    expect((await form.answer()).body).toMatchObject({ success: true, data: { name: "a b" } });
  });

  it("has a limit that is its route's, also where it does not say its length", async () => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    for (const [path, message] of [
      ["/exam/login", "The body must be at most 4 KiB."],
      ["/login", "The body must be at most 4 KiB."],
      ["/exam/updateRoomAudioStatus", "The body must be at most 64 KiB."],
      [RECORDS, "The body must be at most 1 MiB."],
      ["/trpc/auth.login", "The body must be at most 4 KiB."],
      ["/trpc/room.end", "The body must be at most 64 KiB."],
      ["/trpc/im.send", "The body must be at most 512 KiB."],
    ] as const) {
      using announced = begin(url, { path, token, length: 2_000_000 });
      using chunked = begin(url, { path, token });
      const part = "x".repeat(50_000);
      for (let count = 0; count < 40; count++)
        chunked.socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
      for (const sent of [announced, chunked]) {
        const { status, body } = await sent.answer();
        const text = body.error ? body.error.json.message : body.errorMsg;
        expect({ path, status, text }).toEqual({ path, status: 413, text: message });
      }
    }
  });

  it("is given up when it takes too long, and its connection is closed", async () => {
    await using fixture = await openExamsFixture({
      config: { bodies: { bufferBytes: 2 ** 26, timeoutMs: 50 } },
    });
    const url = await fixture.listen();
    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    using rest = begin(url, { path: RECORDS, token, length: 100 });
    using trpc = begin(url, { path: "/trpc/im.send", token });
    using login = begin(url, { path: "/exam/login" });
    const late = { message: "The body did not arrive in time.", reason: "REQUEST_TIMEOUT" };
    for (const sent of [rest, login]) {
      const { status, body } = await sent.answer();
      expect({ status, message: body.errorMsg, reason: body.reason }).toEqual({ status: 408, ...late });
    }
    const { status, body } = await trpc.answer();
    const { message, data } = body.error.json;
    expect({ status, message, reason: data.reason }).toEqual({ status: 408, ...late });
    await Promise.all([rest, trpc, login].map(({ socket }) => closed(socket)));
  });

  it("of a caller without a token gives way when there are too many of them, and others are not kept waiting", async () => {
    await using fixture = await nextSchool();
    const url = await fixture.listen();
    const sent = Array.from({ length: 257 }, () => begin(url, { path: "/exam/login", length: 100 }));
    try {
      const answered = await Promise.race(sent.map((one) => one.answer()));
      expect({ status: answered.status, reason: answered.body.reason }).toEqual({
        status: 503,
        reason: "OVERLOADED",
      });
      const token = await fixture.token({ sub: "teacher1", role: "teacher" });
      const made = await fetch(`${url}/exam/createRoom`, {
        method: "POST",
        headers: { authorization: token, "content-type": "application/json" },
        body: JSON.stringify({ name: "N" }),
      });
      expect(await made.json()).toMatchObject({ success: true });
    } finally {
      for (const { socket } of sent) socket.destroy();
    }
  });

  it("of one person takes a bounded part of the memory, and is a bounded number", async () => {
    await using fixture = await openExamsFixture({
      config: { bodies: { bufferBytes: 2 ** 20, timeoutMs: 30_000 } },
    });
    const url = await fixture.listen();
    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    using large = begin(url, { path: RECORDS, token });
    for (let count = 0; count < 10; count++) large.socket.write(`c350\r\n${"x".repeat(50_000)}\r\n`);
    const refused = await large.answer();
    expect([refused.status, refused.body.reason]).toEqual([429, "TOO_MANY_REQUESTS"]);

    const many = Array.from({ length: 65 }, () => begin(url, { path: RECORDS, token, length: 100 }));
    try {
      const { status, head } = await Promise.race(many.map((one) => one.answer()));
      expect(status).toBe(429);
      expect(head).toMatch(/retry-after: 1/);
      const other = await fixture.token({ sub: "teacher3", role: "teacher" });
      using free = begin(url, { path: "/exam/createRoom", token: other });
      free.socket.write(`${oneByOne('{"name":"N"}')}0\r\n\r\n`);
      expect((await free.answer()).body).toMatchObject({ success: true });
    } finally {
      for (const { socket } of many) socket.destroy();
    }
  });
});
