import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { begin, drain, firstToEnd, MARKER, newRoom, openHeldUp } from "./support/draining.js";
import { serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

describe.concurrent.each(["SIGTERM", "SIGINT"] as const)("the server after %s", (signal) => {
  it("refuses new connections, answers what has begun, closes the database and exits with 0", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    const roomId = await newRoom(server, token);
    using request = await begin(server, roomId, token);

    await drain(server, signal);
    request.finish();
    await request.seen('"success":true');

    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
    const file = join(folder.path, "data/invigil.db");
    expect(existsSync(`${file}-wal`)).toBe(false);
    const database = new Sqlite(file, { readonly: true });
    const kept = database.prepare("SELECT extra_info FROM cheat_records").pluck().all();
    database.close();
    expect(kept).toEqual([MARKER]);
  });
});

describe.concurrent("a draining server", () => {
  it("cuts off a client that never finishes when its time is over, and exits with 0", async () => {
    await using heldUp = await openHeldUp();
    using folder = tempFolder();
    await using idle = await serve({ cwd: folder.path, env: testEnv });

    await drain(heldUp.server, "SIGTERM");
    idle.kill("SIGTERM");

    // It has more time than a server needs that has nothing to do.
    expect(await firstToEnd({ heldUp: heldUp.server, idle })).toBe("idle");
    expect(await idle.ended()).toMatchObject({ code: 0 });
    expect(await heldUp.server.ended()).toMatchObject({ code: 0 });
    expect(existsSync(join(heldUp.folder, "data/invigil.db-wal"))).toBe(false);
    expect(await heldUp.request.answered()).not.toContain("200 OK");
  });

  it("does not wait for clients that keep a connection open: after an answer, idle, or never used", async () => {
    await using heldUp = await openHeldUp();
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    using request = await begin(server, await newRoom(server, token), token);
    const { hostname, port } = new URL(server.url);
    const unused = connect({ host: hostname, port: Number(port) });
    await once(unused, "connect");
    // The pool of fetch keeps the connection of each call that was answered. The server has the unused one, too, when it has
    // answered what came after it.
    await Promise.all(Array.from({ length: 8 }, () => fetch(`${server.url}/health`).then((it) => it.text())));

    await drain(heldUp.server, "SIGTERM");
    await drain(server, "SIGTERM");
    request.finish();
    await request.seen('"success":true');

    expect(await firstToEnd({ heldUp: heldUp.server, server })).toBe("server");
    expect(await server.ended()).toMatchObject({ code: 0 });
    unused.destroy();
  });

  it("ends at once, with 1, on a second signal", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    using request = await begin(server, await newRoom(server, token), token);

    await drain(server, "SIGTERM");
    server.kill("SIGINT");

    // When its time is over, it exits with 0.
    expect(await server.ended()).toMatchObject({ code: 1, signal: null });
    expect(await request.answered()).not.toContain("200 OK");
  });
});
