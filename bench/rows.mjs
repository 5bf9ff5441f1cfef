// What is measured, and beside what.
import assert from "node:assert/strict";
import { RECORDS_PER_CALL, recordsOfCalls } from "./records.mjs";

/**
 * A path of Invigil.
 * @typedef {object} Path
 * @property {string} label
 * @property {number} records cheat records that the room has before
 * @property {(room: Room) => Request[]} requests sent in turn; every one has the same answer
 * @property {(answer: any, room: Room) => void} check throws when an answer is wrong
 * @property {number} [callsPerRequest]
 * @property {boolean} [isStock] served by tRPC's own adapter instead of ours
 * @property {number} [recordsPerCall] what a call writes; such a path has its database to itself
 *
 * @typedef {{ roomId: string, examId: string }} Room
 * @typedef {{ method: "GET" | "POST", path: string, body?: string }} Request
 */

const BATCH = 10;
const PAGE = 20;

const get = (path, query) => ({ method: "GET", path: `${path}?${new URLSearchParams(query)}` });
const post = (path, body) => ({ method: "POST", path, body: JSON.stringify(body) });

/** @type {Path} */
const roomInfo = {
  label: "REST roomInfo",
  records: 0,
  requests: ({ roomId }) => [get("/exam/roomInfo", { roomId })],
  check: ({ success, data }, { roomId, examId }) => {
    assert.equal(success, true);
    assert.equal(data.id, roomId);
    assert.equal(data.cheatConfig.examId, examId);
  },
};

const checkRoomGet = ({ result }, { roomId, examId }) => {
  assert.equal(result.data.json.id, roomId);
  assert.equal(result.data.json.cheatConfig.examId, examId);
};

/** @type {Path} */
const roomGet = {
  label: "tRPC room.get",
  records: 0,
  requests: ({ roomId }) => [get("/trpc/room.get", { input: JSON.stringify({ json: { roomId } }) })],
  check: checkRoomGet,
};

/** @type {Path} */
const roomGetStock = {
  ...roomGet,
  label: "stock adapter, same router",
  isStock: true,
  requests: ({ roomId }) => [get("/stock/room.get", { input: JSON.stringify({ json: { roomId } }) })],
};

/** @type {Path} */
const roomGetBatch = {
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
    for (const answer of answers) checkRoomGet(answer, room);
  },
};

/** @type {Path} */
const addCheatRecord = {
  label: "REST addCheatRecord",
  records: 0,
  recordsPerCall: RECORDS_PER_CALL,
  requests: ({ roomId, examId }) =>
    recordsOfCalls().map((records) =>
      post("/exam/cheat/addCheatRecord", { roomId, examId, data: JSON.stringify(records) }),
    ),
  check: (answer) => assert.deepEqual(answer, { success: true, code: 200, errorCode: "", errorMsg: "" }),
};

/**
 * @param {"first" | "deep"} page the newest records, or those from the middle on
 * @returns {Path}
 */
const listCheatRecord = (page, records, size) => {
  const newest = page === "first" ? records : records / 2;
  return {
    label: `REST listCheatRecord, ${page} page of ${size}`,
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
  };
};
const pagesOf10k = ["first", "deep"].map((page) => listCheatRecord(page, 10_000, "10k"));
const pagesOf1M = ["first", "deep"].map((page) => listCheatRecord(page, 1_000_000, "1M"));

/** The limit of a path: a bare Fastify route that answers the same requests with the same JSON. */
const bareRoutes = new Map();
const bare = (path) => {
  if (!bareRoutes.has(path)) {
    const [{ method }] = path.requests({ roomId: "", examId: "" });
    bareRoutes.set(path, { label: `bare ${method}, same JSON`, bareOf: path });
  }
  return bareRoutes.get(path);
};

const rawSqlite = { label: "raw SQLite, 64 calls a commit", rawOf: addCheatRecord };

const against = (measured, limit, { unit = "calls", perCall = 1 } = {}) => ({
  name: `${measured.label} / ${limit.label}`,
  measured,
  limit,
  unit,
  perCall,
});

/** Rows whose rounds are interleaved stand together. */
export const groups = [
  [
    against(roomInfo, bare(roomInfo)),
    against(roomGet, bare(roomGet)),
    against(roomGetBatch, bare(roomGetBatch)),
    against(roomGet, roomGetStock),
    against(roomGet, roomInfo),
    against(roomGetBatch, roomGet),
  ],
  [
    against(addCheatRecord, bare(addCheatRecord)),
    against(addCheatRecord, rawSqlite, { unit: "records", perCall: RECORDS_PER_CALL }),
  ],
  [
    ...[...pagesOf10k, ...pagesOf1M].map((path) => against(path, bare(path))),
    ...pagesOf1M.map((path, page) => against(path, pagesOf10k[page])),
  ],
];
