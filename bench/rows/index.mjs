// All rows, in the order of the table. The rounds of the rows in a group are interleaved.
import { latency, least, throughput } from "./add-records.mjs";
import { live as clientLiveSize, row as clientSize } from "./client-size.mjs";
import { rowsFor as listRecordsFor } from "./list-records.mjs";
import { latency as liveLatency, memory as liveMemory } from "./live.mjs";
import { row as memory } from "./memory.mjs";
import { row as roomInfo, bareRow as roomInfoBare } from "./room-info.mjs";
import { row as start } from "./start.mjs";
import { row as trpcBatch } from "./trpc-batch.mjs";
import { row as trpcOrpc } from "./trpc-orpc.mjs";
import { row as trpcRest } from "./trpc-rest.mjs";
import { row as trpcStock } from "./trpc-stock.mjs";
import { row as typeCheck } from "./type-check.mjs";
import { row as userList } from "./user-list.mjs";

/**
 * @typedef {object} Row
 * @property {string} name what --row takes
 * @property {{ label: string }} ours
 * @property {{ label: string }} [theirs] absent if the goal is an amount
 * @property {{ unit: string, digits: number }} measure
 * @property {import("../lib/verdict.mjs").Goal} [goal] absent if the row is for information
 * @property {boolean} [scaled] whether the measurement is smaller than the goal requires
 * @property {true} [needsClient] whether the client must be built
 * @property {(tools: object) => Promise<object>} [run] for a row without rounds
 */

/** @returns {Row[][]} */
export const groupsFor = (plan) => [
  [roomInfo, roomInfoBare, trpcStock, trpcRest, trpcBatch, trpcOrpc],
  [least, throughput, latency],
  listRecordsFor(plan),
  [userList],
  [liveLatency, liveMemory],
  [start],
  [memory],
  [typeCheck],
  [clientSize],
  [clientLiveSize],
];
