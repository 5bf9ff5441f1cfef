// Every documented REST path, as an app uses it in a room of 28 candidates: what is asked, and what a right answer contains.
import assert from "node:assert/strict";
import { trpcCall } from "./http.mjs";
import { get, post } from "./paths.mjs";
import { streamOfUrl, streamReport } from "./streams.mjs";

/** The candidates of a room. */
const PER_ROOM = 28;
const PAGE = 20;
const CLIPS = 10;
/** Rooms whose cameras are reported about: each round has a report about each of their 1,400 streams. */
const REPORTED_ROOMS = 25;
/** Rooms that a round ends. */
const ENDED_ROOMS = 320;
/** Rooms that are created at the same time. */
const AT_ONCE = 16;
const ACCOUNT = { username: "benchmark", password: "the password of the benchmark" };
/** Each round creates rooms as new teachers, because a teacher's rooms are counted at each creation. */
const NEW_TEACHERS = 64;
const ROOMS_OF_EACH = 10;
const SIGNATURE = "auth_key=\\d+-0-0-[0-9a-f]{32}";
const LOGIN = '"(?:appToken|nonce)":"[^"]*"|"timestamp":\\d+|"(?:accessToken|refreshToken)":"[^"]*"';

const candidate = (n) => `candidate${n + 1}`;
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const json = { "content-type": "application/json" };

const createRoom = (url, headers, name) =>
  trpcCall(
    url,
    "room.create",
    {
      name,
      participants: Array.from({ length: PER_ROOM }, (_, n) => ({
        userId: candidate(n),
        name: `Candidate ${n + 1}`,
        role: "examinee",
      })),
    },
    headers,
  );

const createRooms = async (url, headers, count) => {
  const rooms = [];
  while (rooms.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - rooms.length) }, (_, n) =>
      createRoom(url, headers, `Room ${rooms.length + n}`),
    );
    rooms.push(...(await Promise.all(some)));
  }
  return rooms;
};

/** Two records of each of the candidates, two a call. */
const recordCalls = ({ id: roomId, examId }) =>
  Array.from({ length: PER_ROOM }, (_, n) =>
    post("/exam/cheat/addCheatRecord", {
      roomId,
      examId,
      data: JSON.stringify(
        [true, false].map((isMainMonitor, record) => ({
          userId: candidate(n),
          detectType: "manyPeople",
          isMainMonitor,
          detectTime: Date.UTC(2026, 0, 2) + 2 * n + record,
          extraInfo: { message: `${candidate(n)}: more than one person` },
        })),
      ),
    }),
  );

/**
 * Creates what the paths are about, by the API alone: a room that nobody changes, one that is changed, an account, clips and
 * streams.
 */
export const createSchool = async ({ url, headers, adminHeaders, answer }) => {
  const call = (procedure, input, as = headers) => trpcCall(url, procedure, input, as);
  const { username, password } = ACCOUNT;
  await call(
    "account.create",
    { userId: username, role: "teacher", name: "A teacher", password },
    adminHeaders,
  );
  const [still, busy, ...reported] = await createRooms(url, headers, 2 + REPORTED_ROOMS);
  for (const { examId } of [still, busy])
    await call("cheat.setConfig", { examId, data: JSON.stringify({ pc: { manyPeople: true } }) });
  for (const request of recordCalls(still)) await answer(request);
  for (let n = 0; n < CLIPS; n++)
    await call("audio.create", { name: `Clip ${n}`, url: `https://audio.example/${n}.mp3` });
  const tokens = [];
  for (let n = 0; n < PER_ROOM; n++) {
    const input = { userId: candidate(n), role: "examinee", roomId: busy.id };
    tokens.push((await call("auth.issueToken", input)).token);
  }
  let teachers = 0;
  const streams = [];
  for (const { id: roomId } of reported) {
    const people = await answer(get("/exam/userList", { roomId }));
    for (const person of JSON.parse(people).data)
      streams.push(streamOfUrl(person.rtcPushUrl), streamOfUrl(person.pcRtcPushUrl));
  }
  return {
    still,
    busy,
    tokens,
    streams,
    /** Streams are reported about at a later time in each round. */
    reports: 0,
    createRooms: (count) => createRooms(url, headers, count),
    /** The headers of a POST by a teacher without rooms. */
    async newTeacher() {
      const input = { userId: `teacher-${++teachers}`, role: "teacher" };
      const { token } = await call("auth.issueToken", input, adminHeaders);
      return { ...bearer(token), ...json };
    },
  };
};

const succeeded = (answer) => assert.equal(answer.success, true);
const confirmed = (answer) => assert.deepEqual([answer.success, answer.data], [true, true]);

/**
 * @typedef {object} DocumentedPath
 * @property {string} name what --path takes
 * @property {string} label the path
 * @property {(school: object) => object[] | Promise<object[]>} requests sent in turn by each connection; with `once`, created
 *   for each round, and each sent once
 * @property {true} [once]
 * @property {(answer: any, school: object) => void} check throws when an answer is wrong
 * @property {string} [mask] a pattern of what differs from one answer to the next
 * @property {number} [connections] where that is not 32
 * @property {{ atMost: number }} [goal] the most that a call may cost, as a multiple of roomInfo
 */

/** @type {DocumentedPath[]} In the order of the table. Reads come before what makes lists longer. */
export const documented = [
  {
    name: "roomInfo",
    label: "GET /exam/roomInfo",
    requests: ({ still }) => [get("/exam/roomInfo", { roomId: still.id })],
    check: ({ data }, { still }) => assert.equal(data.id, still.id),
  },
  {
    name: "examInfo",
    label: "GET /exam/examInfo",
    requests: ({ still }) => [get("/exam/examInfo", { examId: still.examId })],
    check: ({ data }, { still }) => assert.equal(data.id, still.examId),
    goal: { atMost: 1.3 },
  },
  {
    name: "userInfo",
    label: "GET /exam/userInfo",
    requests: ({ still }) => [get("/exam/userInfo", { roomId: still.id, userId: candidate(0) })],
    check: ({ data }) => assert.equal(data.id, candidate(0)),
    mask: SIGNATURE,
  },
  {
    name: "userList",
    label: `GET /exam/userList, ${PER_ROOM} people`,
    requests: ({ still }) => [get("/exam/userList", { roomId: still.id })],
    check: ({ data }) => assert.equal(data.length, PER_ROOM),
    mask: SIGNATURE,
  },
  {
    name: "selectAudio",
    label: `POST /exam/selectAudio, ${CLIPS} clips`,
    requests: () => [post("/exam/selectAudio", { pageNum: 1, pageSize: CLIPS })],
    check: ({ data }) => assert.equal(data.list.length, CLIPS),
  },
  {
    name: "getCheatConfig",
    label: "POST /exam/cheat/getCheatConfig",
    requests: ({ still }) => [post("/exam/cheat/getCheatConfig", { examId: still.examId })],
    check: ({ data }, { still }) => assert.equal(data.examId, still.examId),
  },
  {
    name: "listCheatRecord",
    label: `POST /exam/cheat/listCheatRecord, ${PAGE} records`,
    requests: ({ still }) => [post("/exam/cheat/listCheatRecord", { roomId: still.id, pageSize: PAGE })],
    check: ({ data }) => assert.equal(data.cheatRecordEntitys.length, PAGE),
    goal: { atMost: 3 },
  },
  {
    name: "addCheatRecord",
    label: "POST /exam/cheat/addCheatRecord, 2 records",
    requests: ({ busy }) => recordCalls(busy),
    check: succeeded,
  },
  {
    name: "setCheatConfig",
    label: "POST /exam/cheat/setCheatConfig",
    requests: ({ busy }) =>
      [true, false].map((manyPeople) =>
        post("/exam/cheat/setCheatConfig", {
          examId: busy.examId,
          data: JSON.stringify({ pc: { manyPeople } }),
        }),
      ),
    check: succeeded,
  },
  {
    name: "userAct",
    label: "GET /exam/userAct",
    once: true,
    requests: (school) => {
      const turn = school.reports++;
      const what = {
        action: turn % 2 === 0 ? "publish" : "publish_done",
        time: Math.floor(Date.now() / 1000) - 3600 + turn,
      };
      return school.streams.map((id) => streamReport(id, what));
    },
    check: confirmed,
  },
  {
    name: "v2-getIMToken",
    label: "POST /exam/v2/getIMToken",
    requests: ({ busy, tokens }) =>
      tokens.map((token, n) => ({
        ...post("/exam/v2/getIMToken", {
          userId: candidate(n),
          roomId: busy.id,
          imServer: ["aliyun_new"],
          deviceId: `device${n}`,
          deviceType: "web",
        }),
        headers: { ...bearer(token), ...json },
      })),
    check: ({ data }) => assert.equal(data.aliyunNewIm.appId, "invigil"),
    mask: `${LOGIN}|"userId":"[^"]*"`,
  },
  {
    name: "getIMToken",
    label: "POST /exam/getIMToken",
    requests: ({ tokens }) =>
      tokens.map((token, n) => ({
        ...post("/exam/getIMToken", { userId: candidate(n), deviceId: `device${n}`, deviceType: "ios" }),
        headers: { ...bearer(token), ...json },
      })),
    check: ({ data }) => assert.ok(data.accessToken.length > 100),
    mask: LOGIN,
  },
  {
    name: "updateRoomAudioStatus",
    label: "POST /exam/updateRoomAudioStatus",
    requests: ({ busy }) =>
      [0, 1].map((audioStatus) => post("/exam/updateRoomAudioStatus", { id: busy.id, audioStatus })),
    check: confirmed,
  },
  ...[
    { path: "v2/createRoom", body: { name: "One more room", imServer: ["aliyun_new"] } },
    { path: "createRoom", body: { name: "One more room" } },
  ].map(({ path, body }) => ({
    name: path.replace("/", "-"),
    label: `POST /exam/${path}`,
    once: true,
    requests: async ({ newTeacher }) => {
      const requests = [];
      for (let n = 0; n < NEW_TEACHERS; n++) {
        const request = { ...post(`/exam/${path}`, body), headers: await newTeacher() };
        requests.push(...Array.from({ length: ROOMS_OF_EACH }, () => request));
      }
      return requests;
    },
    check: succeeded,
    // What the answers of rooms that were just created do not have in common.
    mask: '"(?:id|examId|imGroupId|createTeacher|createdAt|updatedAt)":"[^"]*"',
    goal: { atMost: 6 },
  })),
  {
    name: "endRoom",
    label: `POST /exam/endRoom, ${PER_ROOM} people`,
    once: true,
    requests: async ({ createRooms: create }) =>
      (await create(ENDED_ROOMS)).map(({ id }) => post("/exam/endRoom", { roomId: id })),
    check: confirmed,
  },
  {
    name: "getOssConfig",
    label: "GET /exam/getOssConfig",
    requests: ({ busy }) => [get("/exam/getOssConfig", { examId: busy.examId, mode: "OSS" })],
    check: ({ data }) => assert.ok(data.stsToken.length > 0),
    mask: '"(?:accessKeyId|accessKeySecret|stsToken|expiration)":"[^"]*"',
    // The vendor's simulator works in the same process as the benchmark.
    connections: 4,
  },
  ...["/exam/login", "/login"].map((path) => ({
    name: path.slice(1).replace("/", "-"),
    label: `POST ${path}`,
    requests: () => [post(path, ACCOUNT)],
    check: succeeded,
    mask: '"(?:token|expire)":"[^"]*"',
    // Each verifies a password hash, which takes tens of milliseconds.
    connections: 4,
  })),
];
