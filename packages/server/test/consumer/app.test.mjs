// Somebody else's tests, in a project that has the packages from a registry. Run by process-published.test.ts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createInvigilClient } from "@invigil/client";
import { InvigilProvider, useRoom } from "@invigil/react";
import { createRoomInput } from "@invigil/schema";
import { createTestApp } from "@invigil/server/testing";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

/** Runs a test against an app of its own. */
const withApp = async (work) => {
  const app = await createTestApp({ now: new Date("2026-06-07T01:00:00Z"), config: { demoExaminees: 2 } });
  try {
    await work(app, await app.listen());
  } finally {
    await app.close();
  }
};

void test("a room is made in-process, and read over REST and by the client", () =>
  withApp(async (app, url) => {
    const teacher = { sub: "teacher1", role: "teacher" };
    const room = await app.as(teacher).room.create(createRoomInput.parse({ name: "Room 1" }));
    const token = await app.token(teacher);
    const answer = await app.inject({
      url: `/exam/roomInfo?roomId=${room.id}`,
      headers: { authorization: token },
    });
    assert.equal(answer.json().data.name, "Room 1");
    const client = createInvigilClient({ url, token });
    assert.deepEqual(await client.room.get.query({ roomId: room.id }), room);
    assert.equal((await client.participant.list.query({ roomId: room.id, role: "examinee" })).length, 2);
  }));

void test("a password is hashed, and a workbook is read in a thread of its own", () =>
  withApp(async (app) => {
    const admin = app.as({ sub: "a1", role: "admin" });
    await admin.account.create({ userId: "t1", role: "teacher", name: "T", password: "a long password" });
    const exam = await admin.exam.create({
      name: "Algebra",
      startTime: new Date("2026-06-08T01:00:00Z"),
      endTime: new Date("2026-06-08T03:00:00Z"),
    });
    const file = readFileSync(new URL("roster.xlsx", import.meta.url), "base64");
    const { added } = await admin.participant.import({ examId: exam.id, file });
    assert.equal(added, 2);
  }));

void test("a page is rendered before its room is live", () =>
  withApp(async (_, url) => {
    const client = createInvigilClient({ url });
    const Room = () => useRoom("r1", ({ status }) => status);
    assert.equal(
      renderToString(createElement(InvigilProvider, { client }, createElement(Room))),
      "connecting",
    );
  }));
