import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { bulkChanges, personChanges, unseated } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { csv } from "./support/files.js";
import { openRoomFixture } from "./support/roster.js";
import { rowsOf } from "./support/tables.js";

// Also under another Node: it starts worker threads.

const base64 = (file: string): string => Buffer.from(file).toString("base64");
const MIB = 1024 * 1024;

/** Sends the headers of a request without the announced body. */
const headOnly = async (url: string, path: string, authorization: string): Promise<string> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n` +
      `content-length: ${14 * MIB}\r\nconnection: close\r\n\r\n`,
  );
  const answer = await text(socket);
  socket.destroy();
  return answer;
};

describe("participant.import over HTTP", () => {
  it("takes files that no other procedure would", async () => {
    await using fixture = await openRoomFixture();
    const { examId } = fixture;
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const rows = Array.from({ length: 20_000 }, (_, n) => [`k${n}`, `N${n}`, "x".repeat(100)]);
    const file = base64(csv([["id", "name", "notes"], ...rows]));
    expect(file.length).toBeGreaterThan(2 * MIB);
    const answer = await admin.mutate("participant.import", { examId, file });
    expect(answer.data).toMatchObject({ rows: 20_000, added: 20_000 });
    const refused = await admin.mutate("participant.add", { roomId: "r", file });
    expect({ status: refused.status, message: refused.error.message }).toEqual({
      status: 413,
      message: "The body must be at most 1 MiB.",
    });
  });

  it("refuses what is larger than the file may be, by its field, and a body beyond that", async () => {
    await using fixture = await openRoomFixture();
    const { examId } = fixture;
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const long = await admin.mutate("participant.import", { examId, file: "A".repeat(14_000_004) });
    expect({ status: long.status, fields: long.error.data.fieldErrors }).toEqual({
      status: 400,
      fields: { file: ["must be at most 10 MiB"] },
    });
    const longer = await admin.mutate("participant.import", { examId, file: "A".repeat(16 * MIB) });
    expect({
      status: longer.status,
      reason: longer.error.data.reason,
      message: longer.error.message,
    }).toEqual({
      status: 413,
      reason: "PAYLOAD_TOO_LARGE",
      message: "The body must be at most 15 MiB.",
    });
  });

  it("names every faulty cell", async () => {
    await using fixture = await openRoomFixture();
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const file = base64("学号,姓名\n1,A\n1,\n");
    const { status, error } = await admin.mutate("participant.import", { examId: fixture.examId, file });
    expect({ status, message: error.message, fields: error.data.fieldErrors }).toEqual({
      status: 400,
      message: "rows[3].姓名 is missing (2 faults in the file; nothing was imported)",
      fields: { "rows[3].姓名": ["is missing"], "rows[3].学号": ["is in row 2 already"] },
    });
  });

  it("judges who calls before it reads the body", async () => {
    await using fixture = await openRoomFixture();
    const url = await fixture.listen();
    for (const [authorization, status, reason] of [
      ["no token", 401, "UNAUTHENTICATED"],
      [await fixture.token({ sub: "e", role: "examinee" }), 403, "FORBIDDEN"],
      [await fixture.token({ sub: "i", role: "inspector" }), 403, "FORBIDDEN"],
    ] as const) {
      const answer = await headOnly(url, "/trpc/participant.import", authorization);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      // The stock adapter sends the body in chunks.
      const { error } = JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1));
      const shape: { data: { reason: string; httpStatus: number } } = superjson.deserialize(error);
      expect(shape.data).toMatchObject({ reason, httpStatus: status });
    }
  });

  it("is a mutation, as before", async () => {
    await using fixture = await openRoomFixture();
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    expect((await admin.query("participant.import", {})).error.data.reason).toBe("METHOD_NOT_ALLOWED");
  });

  it("may come in a batch of one, as clients that batch send it", async () => {
    await using fixture = await openRoomFixture();
    const { statusCode, payload } = await fixture.inject({
      method: "POST",
      url: "/trpc/participant.import?batch=1",
      headers: {
        authorization: await fixture.token({ sub: "root", role: "admin" }),
        "content-type": "application/json",
      },
      payload: JSON.stringify({
        0: superjson.serialize({ examId: fixture.examId, file: base64("id,name\n1,A\n") }),
      }),
    });
    expect({ statusCode, rows: JSON.parse(payload)[0].result.data.json.rows }).toEqual({
      statusCode: 200,
      rows: 1,
    });
  });
});

describe("what an import leaves in the database", () => {
  it("is the people that it added, or nothing: after complete, dry, faulty and broken ones", async () => {
    await using appFixture = await openAppFixture();
    const admin = trpc(appFixture, await appFixture.token({ sub: "root", role: "admin" }));
    const { data: exam } = await admin.mutate("exam.create", {
      name: "E",
      startTime: new Date(0),
      endTime: new Date(1),
    });
    const good = Array.from({ length: 1200 }, (_, n) => `k${n},A\n`).join("");
    for (const [rows, dryRun, status, people] of [
      [good, true, 200, 0],
      [`${good}x,\n`, false, 400, 0],
      // The file is cut off after some rows.
      [`${good}x,"`, false, 400, 0],
      [good, false, 200, 1200],
      [`${good}x,\n`, false, 400, 1200],
    ] as const) {
      const file = base64(`id,name\n${rows}`);
      const answer = await admin.mutate("participant.import", { examId: exam.id, file, dryRun });
      expect(answer.status).toBe(status);
      await appFixture.services.bulk.drain();
      expect(await rowsOf(appFixture.db, unseated)).toHaveLength(people);
      for (const table of [bulkChanges, personChanges])
        expect(await rowsOf(appFixture.db, table)).toEqual([]);
    }
  });
});
