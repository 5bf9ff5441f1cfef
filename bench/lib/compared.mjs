// The paths that a comparison of checkouts measures.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clientSizes } from "./client-size.mjs";
import { overSockets } from "./live.mjs";
import { callsPerSecond, cpuPerCall, kilobytes, megabytesHeld, p50, p99, timeTaken } from "./measures.mjs";
import {
  addCheatRecord,
  createRoom,
  examInfo,
  getCheatConfig,
  imSend,
  listCheatRecord,
  participantList,
  roomGet,
  roomGetBatch,
  roomInfo,
  roomList,
  userList,
} from "./paths.mjs";
import { newFolder, usageOf } from "./processes.mjs";
import { repeatedly } from "./repeatedly.mjs";
import { RECORDS } from "./sides.mjs";

const LISTENERS_PER_ROOM = 10;
/** The memory of a process varies with the garbage collector, so each round samples another moment. */
const SAMPLE_MS = 300;

/**
 * @typedef {object} Compared
 * @property {string} name what --path takes
 * @property {string} label
 * @property {{ unit: string, digits: number, of: (round: object) => number, isRate?: true }[]} measures one row each, from the same rounds
 * @property {boolean} [isWrite]
 * @property {string} [needs] a file that both checkouts must have
 * @property {(side: object) => Promise<object>} start see `measureInTurn`
 */

/** @returns {Compared} */
const path = (name, spec, more) => ({
  name,
  label: spec.label,
  measures: [callsPerSecond],
  start: (side) => side.serve(spec.path),
  ...more,
});

/**
 * In the order of the table. Paths that write come after those that only read, because they make lists longer.
 * @type {Compared[]}
 */
export const compared = [
  path("room-info", roomInfo),
  path("room-get", roomGet),
  path("room-get-batch", roomGetBatch),
  path("room-list", roomList),
  path("exam-info", examInfo),
  path("cheat-config", getCheatConfig),
  path("list-records", listCheatRecord("first", RECORDS)),
  path("list-records-deep", listCheatRecord("deep", RECORDS)),
  path("user-list", userList),
  path("participant-list", participantList),
  {
    name: "live",
    label: "live, 400 listeners in 40 rooms",
    // The rate is fixed at 200 messages a second, so it is not compared.
    measures: [cpuPerCall, p50, p99],
    start: async ({ child, liveRooms }) => {
      const contender = await overSockets({ child, rooms: liveRooms, perRoom: LISTENERS_PER_ROOM });
      return { ...contender, close: contender.verify };
    },
  },
  path("add-records", addCheatRecord, { isWrite: true, measures: [callsPerSecond, p99] }),
  path("im-send", imSend, { isWrite: true }),
  path("create-room", createRoom, { isWrite: true }),
  {
    name: "memory",
    label: "memory after the rows above",
    measures: [megabytesHeld],
    start: async ({ child }) => ({
      async round() {
        await sleep(SAMPLE_MS);
        return { residentBytes: usageOf(child)?.residentBytes };
      },
    }),
  },
  {
    name: "start",
    label: "start to listening",
    measures: [timeTaken],
    async start({ stage }) {
      // The first start of the warm-up creates the tables.
      return { round: repeatedly(stage.starterFor(join(newFolder(), "start.db"))) };
    },
  },
  {
    name: "client-size",
    label: "client's own code",
    needs: "packages/client/dist/index.js",
    measures: [
      { ...kilobytes, of: ({ atOnce }) => atOnce },
      { ...kilobytes, unit: "kB gzip for live", of: ({ forLive }) => forLive },
    ],
    async start({ root }) {
      const sizes = await clientSizes(join(root, "packages/client"));
      return { round: async () => sizes };
    },
  },
];
