import { once } from "node:events";
import { connect, type Socket } from "node:net";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { portOf } from "../../test/support/ports.js";
import { endConnectionsOnClose } from "./drain.js";

const REQUEST = "GET / HTTP/1.1\r\nhost: a.test\r\n\r\n";

/** An app with a connection on which one request was answered. */
const openApp = async (lastRequestsMs: number) => {
  // As the server is.
  const app = Fastify({ return503OnClosing: false });
  endConnectionsOnClose(app, { lastRequestsMs });
  app.get("/", () => "answered");
  await app.listen({ host: "127.0.0.1", port: 0 });
  const port = portOf(app.server);
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  socket.write(REQUEST);
  expect(String(await once(socket, "data"))).toMatch(/^connection: keep-alive/im);
  return { app, port, socket };
};
const codeOf = async (socket: Socket): Promise<unknown> =>
  once(socket, "connect").then(
    () => "connected",
    (error: NodeJS.ErrnoException) => error.code,
  );

describe("a server that closes", () => {
  it("refuses connections, and answers what open ones still bring, which then end", async () => {
    const { app, port, socket } = await openApp(60_000);
    const closed = app.close();
    while ((await codeOf(connect(port, "127.0.0.1"))) !== "ECONNREFUSED");
    socket.write(REQUEST);
    const answer = String(await once(socket, "data"));
    expect(answer).toContain("200 OK");
    expect(answer).toMatch(/^connection: close/im);
    await once(socket, "close");
    await closed;
  });

  it("ends connections that bring nothing", async () => {
    const { app, socket } = await openApp(1);
    const ended = once(socket, "close");
    await app.close();
    await ended;
  });
});
