// The paths of Invigil that rows measure: their requests, and checks of their answers.
import assert from "node:assert/strict";
import { invigil } from "./contenders.mjs";
import { byExaminee, byTeacher, EXAMINEES, ofEach, RECORDS_PER_CALL, recordsOfCalls } from "./records.mjs";

const BATCH = 10;
/** Signatures of URLs, which change each minute. */
const SIGNATURE = "auth_key=\\d+-0-0-[0-9a-f]{32}";
const PAGE = 20;

export const get = (path, query) => ({ method: "GET", path: `${path}?${new URLSearchParams(query)}` });
const post = (path, body) => ({ method: "POST", path, body: JSON.stringify(body) });
const query = (procedure, json) => get(`/trpc/${procedure}`, { input: JSON.stringify({ json }) });

export const assertRoom = (room, { roomId, examId }) => {
  assert.equal(room.id, roomId);
  assert.equal(room.cheatConfig.examId, examId);
};

export const roomInfo = invigil({
  label: "REST roomInfo",
  records: 0,
  requests: ({ roomId }) => ofEach(byExaminee, () => get("/exam/roomInfo", { roomId })),
  check: ({ success, data }, room) => {
    assert.equal(success, true);
    assertRoom(data, room);
  },
});

export const roomGet = invigil({
  label: "tRPC room.get",
  records: 0,
  requests: ({ roomId }) => ofEach(byExaminee, () => query("room.get", { roomId })),
  check: ({ result }, room) => assertRoom(result.data.json, room),
});

export const roomGetBatch = invigil({
  label: `tRPC room.get, batch of ${BATCH}`,
  records: 0,
  callsPerRequest: BATCH,
  requests: ({ roomId }) => {
    const input = Object.fromEntries(Array.from({ length: BATCH }, (_, n) => [n, { json: { roomId } }]));
    const names = Array.from({ length: BATCH }, () => "room.get").join(",");
    return ofEach(byExaminee, () => get(`/trpc/${names}`, { batch: 1, input: JSON.stringify(input) }));
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
  // The page of each examinee reports what its detectors saw.
  requests: ({ roomId, examId }) => {
    const records = recordsOfCalls();
    return ofEach(byExaminee, (n) =>
      post("/exam/cheat/addCheatRecord", { roomId, examId, data: JSON.stringify(records[n]) }),
    );
  },
  check: (answer) => assert.deepEqual(answer, { success: true, code: 200, errorCode: "", errorMsg: "" }),
});

/** @param {"first" | "deep"} page the newest records, or those from the middle onwards */
export const listCheatRecord = (page, records) => {
  const newest = page === "first" ? records : records / 2;
  return invigil({
    label: `REST listCheatRecord, ${page} page of ${records.toLocaleString("en")}`,
    records,
    requests: ({ roomId }) =>
      ofEach(byTeacher, () =>
        post("/exam/cheat/listCheatRecord", {
          roomId,
          pageSize: PAGE,
          ...(page === "deep" && { scrollToken: String(newest + 1) }),
        }),
      ),
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
  // More calls would wait for longer than a round.
  connections: 4,
  mask: SIGNATURE,
  requests: ({ roomId }) => [get("/exam/userList", { roomId })],
  check: ({ success, data }) => {
    assert.equal(success, true);
    const urls = data.flatMap((user) => Object.entries(user).filter(([name]) => name.endsWith("Url")));
    const signed = urls.filter(([, url]) => url.includes("auth_key="));
    assert.equal(new Set(signed.map(([, url]) => url)).size, 6 * EXAMINEES);
  },
});

export const examInfo = invigil({
  label: "REST examInfo",
  records: 0,
  requests: ({ examId }) => ofEach(byExaminee, () => get("/exam/examInfo", { examId })),
  check: ({ success, data }, { examId }) => {
    assert.equal(success, true);
    assert.equal(data.id, examId);
  },
});

export const getCheatConfig = invigil({
  label: "REST getCheatConfig",
  records: 0,
  requests: ({ examId }) => ofEach(byExaminee, () => post("/exam/cheat/getCheatConfig", { examId })),
  check: ({ success, data }, { examId }) => {
    assert.equal(success, true);
    assert.equal(data.examId, examId);
  },
});

export const roomList = invigil({
  label: `tRPC room.list, page of ${PAGE}`,
  records: 0,
  requests: () => [query("room.list", { pageSize: PAGE })],
  check: ({ result }) => assert.equal(result.data.json.rooms.length, PAGE),
});

export const participantList = invigil({
  label: `tRPC participant.list of ${EXAMINEES}`,
  records: 0,
  // See userList.
  connections: 4,
  mask: SIGNATURE,
  requests: ({ roomId }) => [query("participant.list", { roomId })],
  check: ({ result }) => assert.equal(result.data.json.length, EXAMINEES),
});

/**
 * No setting raises the limit of a sender in a room: 30 messages at once, then 10 a second. Therefore, each connection sends to these rooms
 * in turn. All connections begin with the same room.
 */
export const imSend = invigil({
  label: "tRPC im.send",
  records: 0,
  moreRooms: 1000,
  connections: 16,
  // The number of the message, and when the server received it.
  mask: '"id":\\d+|"time":"[^"]*"',
  requests: ({ moreRooms }) =>
    moreRooms.map((roomId) =>
      post("/trpc/im.send", { json: { roomId, type: 30_001, data: { question: "May I leave the room?" } } }),
    ),
  check: ({ result }) => assert.ok(result.data.json.id > 0),
});

export const createRoom = invigil({
  label: "REST v2/createRoom",
  records: 0,
  // More calls would wait for most of a short round.
  connections: 16,
  // Ids and times differ between answers.
  mask: '"(?:id|examId|imGroupId|createdAt|updatedAt)":"[^"]*"',
  requests: () => [post("/exam/v2/createRoom", { name: "One more room", imServer: ["aliyun_new"] })],
  check: ({ success, data }) => {
    assert.equal(success, true);
    assert.equal(data.imGroupId, data.id);
  },
});
