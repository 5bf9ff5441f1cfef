// The servers of a comparison of checkouts, each with its own database.
import { join } from "node:path";
import { loadOf, overHttp } from "./contenders.mjs";
import { answerTo, trpcCall } from "./http.mjs";
import { createLiveRooms } from "./live.mjs";
import { roundOf } from "./measure.mjs";
import { addCheatRecord } from "./paths.mjs";
import { newFolder } from "./processes.mjs";
import { CALLS, examinees, RECORDS_PER_CALL, teachers } from "./records.mjs";
import { createLoader, createStage } from "./stage.mjs";

const PASSES = 8;
/** The cheat records that the room has at the start. */
export const RECORDS = PASSES * CALLS * RECORDS_PER_CALL;
/** The number of rooms with listeners in the rows about live events, and of rooms on a page. */
const LIVE_ROOMS = 40;
/** The calls that create rooms at the same time. */
const AT_ONCE = 50;

/** Creates rooms without examinees. @returns their ids */
const createRooms = async (url, headers, count) => {
  const ids = [];
  while (ids.length < count) {
    const name = `Room ${ids.length}`;
    const some = Array.from({ length: Math.min(AT_ONCE, count - ids.length) }, () =>
      trpcCall(url, "room.create", { name }, headers),
    );
    for (const { id } of await Promise.all(some)) ids.push(id);
  }
  return ids;
};

/**
 * The server of a checkout, with a room of 500 examinees, a cheat config and some records. Only its API is used.
 * @param {string} [file] the database: a file, or the URL of PostgreSQL
 */
export const startSide = async (root, loader, file = join(newFolder(), "invigil.db")) => {
  const stage = createStage(root, loader);
  const { url, child } = await stage.startServer(file);
  const headers = await stage.headersOf({ method: "POST" });
  const { id: roomId, examId } = await trpcCall(
    url,
    "room.create",
    { name: "Room", participants: examinees },
    headers,
  );
  await trpcCall(url, "participant.add", { roomId, participants: teachers }, headers);
  const config = { examId, data: JSON.stringify({ pc: { manyPeople: true } }) };
  await trpcCall(url, "cheat.setConfig", config, headers);
  for (let pass = 0; pass < PASSES; pass++)
    for (const request of addCheatRecord.path.requests({ roomId, examId }))
      await answerTo(url, request, headers);
  const liveRooms = await createLiveRooms({ url, headers, count: LIVE_ROOMS });
  return {
    root,
    stage,
    url,
    headers,
    roomId,
    adminHeaders: () => stage.adminHeaders(),
    child,
    liveRooms,
    /** Another server on the same database. */
    startAnother: () => stage.startServer(file),
    /** @param {import("./contenders.mjs").Path} path */
    async serve(path) {
      const moreRooms = await createRooms(url, headers, path.moreRooms ?? 0);
      const room = { roomId, examId, moreRooms };
      const load = await loadOf({ stage, path, url, room });
      return overHttp({ stage, path, child, load, file, room });
    },
  };
};

/** `again` is a second server of the commit before. It shows how much equal commits differ. */
export const startSides = async ({ before, first, after }) => {
  const loader = createLoader();
  return {
    before: await startSide(before, loader),
    again: await startSide(before, loader),
    ...(first && { first: await startSide(first, loader) }),
    after: await startSide(after, loader),
  };
};

/** Calls a function with each side, and begins with another side each time. */
const eachInTurn = async (sides, turn, act) => {
  const names = Object.keys(sides);
  const results = {};
  for (let n = 0; n < names.length; n++) {
    const name = names[(turn + n) % names.length];
    results[name] = await act(sides[name]);
  }
  return results;
};

/**
 * The rounds of all sides, after a warm-up.
 * @param {(side: object) => Promise<{ child?: object, round: (seconds: number) => Promise<object>, close?: () => Promise<void> }>} start
 */
export const measureInTurn = async (sides, start, { rounds, seconds, warmUp }) => {
  const contenders = {};
  try {
    for (const [name, side] of Object.entries(sides)) contenders[name] = await start(side);
    await eachInTurn(contenders, 0, ({ round }) => round(warmUp));
    const measured = [];
    for (let n = 0; n < rounds; n++)
      measured.push(await eachInTurn(contenders, n, (contender) => roundOf(contender, seconds)));
    return measured;
  } finally {
    for (const { close } of Object.values(contenders)) await close?.();
  }
};
