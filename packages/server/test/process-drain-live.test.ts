import { describe, expect, it } from "vitest";
import { drain, firstToEnd, openHeldUp } from "./support/draining.js";
import { serve, tempFolder, testEnv, tokenFor } from "./support/process.js";
import { inputOf, openStream, rawSocket, socketUrl } from "./support/sockets.js";

describe.concurrent.each(["SIGTERM", "SIGINT"] as const)("the server after %s", (signal) => {
  it("tells those who listen that it stops, closes their connections and exits with 0", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    const { body } = await server.post("/exam/createRoom", { name: "Drained" }, token);
    const roomId: string = body.data.id;

    using socket = await rawSocket(socketUrl(server.url), { headers: { authorization: token } });
    const params = { path: "room.onEvent", input: { json: { roomId } } };
    socket.ask({ id: 1, method: "subscription", params });
    using stream = await openStream(`${server.url}/trpc/room.onEvent?input=${inputOf({ roomId })}`, {
      authorization: token,
    });
    await socket.message(({ result }) => result?.type === "started");
    await stream.until("event: connected");
    // Both are subscribed.
    socket.ask({
      id: 2,
      method: "mutation",
      params: { path: "room.setAudioStatus", input: { json: { roomId, audioStatus: "speaking" } } },
    });
    await socket.message(({ id, result }) => id === 2 && result?.type === "data");
    await socket.message(({ id, result }) => id === 1 && result?.type === "data");
    await stream.until("audio_status_changed");

    server.kill(signal);
    const [ended, text] = await Promise.all([
      socket.message(({ id, error }) => id === 1 && error !== undefined),
      stream.rest(),
    ]);
    expect(ended.error?.json).toMatchObject({
      message: "The server is stopping.",
      data: { reason: "OVERLOADED" },
    });
    expect(text).toContain("event: serialized-error");
    expect(text).toContain('"reason":"OVERLOADED"');
    expect(await socket.closed).toEqual({ code: 1001, reason: "The server is stopping." });
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("a draining server", () => {
  it("does not wait long for listeners that have gone silent", async () => {
    await using heldUp = await openHeldUp();
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    const { body } = await server.post("/exam/createRoom", { name: "Drained" }, token);
    using socket = await rawSocket(socketUrl(server.url), { headers: { authorization: token } });
    const params = { path: "room.onEvent", input: { json: { roomId: body.data.id } } };
    socket.ask({ id: 1, method: "subscription", params });
    await socket.message(({ result }) => result?.type === "started");
    socket.socket.pause();

    await drain(heldUp.server, "SIGTERM");
    server.kill("SIGTERM");

    expect(await firstToEnd({ heldUp: heldUp.server, server })).toBe("server");
    expect(await server.ended()).toMatchObject({ code: 0 });
  });
});
