// The paths of Invigil that rows measure: what is asked, and what a right answer holds.
import assert from "node:assert/strict";
import { invigil } from "./contenders.mjs";
import { EXAMINEES, RECORDS_PER_CALL, recordsOfCalls } from "./records.mjs";

const BATCH = 10;
const PAGE = 20;

export const get = (path, query) => ({ method: "GET", path: `${path}?${new URLSearchParams(query)}` });
const post = (path, body) => ({ method: "POST", path, body: JSON.stringify(body) });

export const assertRoom = (room, { roomId, examId }) => {
  assert.equal(room.id, roomId);
  assert.equal(room.cheatConfig.examId, examId);
};

export const roomInfo = invigil({
  label: "REST roomInfo",
  records: 0,
  requests: ({ roomId }) => [get("/exam/roomInfo", { roomId })],
  check: ({ success, data }, room) => {
    assert.equal(success, true);
    assertRoom(data, room);
  },
});

export const roomGet = invigil({
  label: "tRPC room.get",
  records: 0,
  requests: ({ roomId }) => [get("/trpc/room.get", { input: JSON.stringify({ json: { roomId } }) })],
  check: ({ result }, room) => assertRoom(result.data.json, room),
});

export const roomGetBatch = invigil({
  label: `tRPC room.get, batch of ${BATCH}`,
  records: 0,
  callsPerRequest: BATCH,
  requests: ({ roomId }) => {
    const input = Object.fromEntries(Array.from({ length: BATCH }, (_, n) => [n, { json: { roomId } }]));
    const names = Array.from({ length: BATCH }, () => "room.get").join(",");
    return [get(`/trpc/${names}`, { batch: 1, input: JSON.stringify(input) })];
  },
  check: (answers, room) => {
    assert.equal(answers.length, BATCH);
    for (const { result } of answers) assertRoom(result.data.json, room);
  },
});

export const addCheatRecord = invigil({
  label: "REST addCheatRecord",
  records: 0,
  recordsPerCall: RECORDS_PER_CALL,
  requests: ({ roomId, examId }) =>
    recordsOfCalls().map((records) =>
      post("/exam/cheat/addCheatRecord", { roomId, examId, data: JSON.stringify(records) }),
    ),
  check: (answer) => assert.deepEqual(answer, { success: true, code: 200, errorCode: "", errorMsg: "" }),
});

/** @param {"first" | "deep"} page the newest records, or those from the middle on */
export const listCheatRecord = (page, records) => {
  const newest = page === "first" ? records : records / 2;
  return invigil({
    label: `REST listCheatRecord, ${page} page of ${records.toLocaleString("en")}`,
    records,
    requests: ({ roomId }) => [
      post("/exam/cheat/listCheatRecord", {
        roomId,
        pageSize: PAGE,
        ...(page === "deep" && { scrollToken: String(newest + 1) }),
      }),
    ],
    check: ({ success, data }, { roomId }) => {
      assert.equal(success, true);
      assert.deepEqual(
        data.cheatRecordEntitys.map((record) => record.id),
        Array.from({ length: PAGE }, (_, n) => newest - n),
      );
      assert.equal(data.cheatRecordEntitys[0].roomId, roomId);
      assert.equal(data.scrollToken, String(newest - PAGE + 1));
    },
  });
};

export const userList = invigil({
  label: `REST userList of ${EXAMINEES}`,
  records: 0,
  // More would wait longer than a round takes.
  connections: 4,
  // Signatures, which change with the minute.
  mask: "auth_key=\\d+-0-0-[0-9a-f]{32}",
  requests: ({ roomId }) => [get("/exam/userList", { roomId })],
  check: ({ success, data }) => {
    assert.equal(success, true);
    const urls = data.flatMap((user) => Object.entries(user).filter(([name]) => name.endsWith("Url")));
    const signed = urls.filter(([, url]) => url.includes("auth_key="));
    assert.equal(new Set(signed.map(([, url]) => url)).size, 6 * EXAMINEES);
  },
});
