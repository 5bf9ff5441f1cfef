// Checks the state after a simulated morning in which connections were cut and a server was killed.
import { setTimeout as sleep } from "node:timers/promises";

const PAGE = 100;
const LOOK_MS = 500;
/** How long a page may be disconnected without having left: the default of INVIGIL_PRESENCE_SETTLE_SECONDS. */
const SETTLE_MS = 10_000;

const countsOf = (values) => {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};
/** Returns the values that do not occur exactly once. */
const notOnce = (wanted, values) => {
  const counts = countsOf(values);
  return wanted.filter((value) => counts.get(value) !== 1);
};
const some = (values) => `${values.length}, for example ${values.slice(0, 3).join(", ")}`;

/** The names of all reports of a room, read page by page. */
const reportsOf = async (query, roomId) => {
  const names = [];
  let cursor;
  do {
    const page = await query("cheat.listRecords", { roomId, pageSize: PAGE, ...(cursor && { cursor }) });
    names.push(...page.records.map(({ extraInfo }) => extraInfo.report));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return names;
};

/** Repeats a check until it finds no fault. @returns the last faults, and how many seconds it took */
const untilRight = async (seconds, wrong) => {
  const begin = performance.now();
  const passed = () => (performance.now() - begin) / 1000;
  let left = await wrong();
  while (left.length > 0 && passed() < seconds) {
    await sleep(LOOK_MS);
    left = await wrong();
  }
  return { left, seconds: passed() };
};

/** Returns the teachers and watchers whose events differ from the log, with the differences. */
const differencesOf = (people, log) => {
  const byRoom = new Map(log.map(({ roomId, ids }) => [roomId, ids]));
  const allOf = ({ role, roomId, examId }) =>
    role === "teacher"
      ? (byRoom.get(roomId) ?? [])
      : log
          .filter((room) => room.examId === examId)
          .flatMap(({ ids }) => ids)
          .toSorted((a, b) => a - b);
  return people
    .filter(({ role }) => role !== "examinee")
    .flatMap((person) => {
      const wanted = allOf(person).filter((id) => id > person.first);
      if (wanted.length === person.ids.length && wanted.every((id, n) => id === person.ids[n])) return [];
      const [due, received] = [new Set(wanted), new Set(person.ids)];
      const lacking = wanted.filter((id) => !received.has(id));
      const surplus = person.ids.filter((id) => !due.has(id));
      return [
        `${person.userId} (lacks ${lacking.length}: ${lacking.slice(0, 5).join(" ")}; has ${surplus.length} more: ${surplus.slice(0, 5).join(" ")})`,
      ];
    });
};

export const checkMorning = async ({ rooms, query, results, leave, events, seconds, say }) => {
  const failures = [];
  const passes = [];
  const check = (what, count, wrong) => {
    if (wrong.length > 0) failures.push(`${what}: ${some(wrong)} of ${count}`);
    else passes.push(`${what}: ${count.toLocaleString("en")}`);
  };

  // All people are still connected, so each must be present with one device. Devices of the killed server count until its lease expires.
  say("checking who is present");
  const pageOf = ({ roomId, userId }) => `${roomId} ${userId}`;
  const expected = rooms.flatMap(({ roomId, teacher, candidates }) =>
    [teacher, ...candidates].map((userId) => pageOf({ roomId, userId })),
  );
  const absent = await untilRight(seconds, async () => {
    const present = new Set();
    for (const { roomId } of rooms)
      for (const page of await query("room.presence", { roomId }))
        if (page.devices === 1) present.add(pageOf({ roomId, ...page }));
    return expected.filter((page) => !present.has(page));
  });
  check("people who are connected and present", expected.length, absent.left);

  // The received events must become equal to the log, which may still grow.
  say("checking events");
  let log;
  let parts;
  let people;
  const unequal = await untilRight(seconds, async () => {
    log = await events();
    parts = await results();
    people = parts.flatMap((part) => part.people);
    return differencesOf(people, log);
  });
  failures.push(...parts.flatMap(({ problems }) => problems));
  const teachers = people.filter(({ role }) => role === "teacher");
  const watchers = people.filter(({ role }) => role === "watcher");
  const candidates = people.filter(({ role }) => role === "examinee");
  check(
    "teachers and watchers who received each event of their room or exam once, in order",
    teachers.length + watchers.length,
    unequal.left,
  );
  const told = teachers.flatMap((person) => person.told);
  const sent = teachers.flatMap((person) => person.sent);
  check(
    "acknowledged commands that are an event once",
    sent.length,
    notOnce(
      sent,
      told.map(({ command }) => command),
    ),
  );
  const candidateOf = new Map(candidates.map((person) => [person.userId, person]));
  const due = told.filter(({ to, id }) => candidateOf.get(to)?.first < id);
  check(
    "commands that reached their candidate once",
    due.length,
    notOnce(
      due.map(({ command }) => command),
      candidates.flatMap((person) => person.commands),
    ),
  );
  const answered = candidates.flatMap((person) => person.answered);
  check(
    "acknowledged answers that reached the teacher once",
    answered.length,
    notOnce(
      answered,
      teachers.flatMap((person) => person.answers),
    ),
  );

  say("checking reports");
  const acknowledged = candidates.flatMap((person) => person.acknowledged);
  const stored = [];
  for (const { roomId } of rooms) stored.push(...(await reportsOf(query, roomId)));
  check("acknowledged records that are stored once", acknowledged.length, notOnce(acknowledged, stored));
  const twice = [...countsOf(stored)].filter(([, count]) => count > 1).map(([name]) => name);
  check("stored records that are there once", stored.length, twice);
  const heard = teachers.flatMap((person) => person.reports);
  check("records that teachers were told of once, and that are stored", heard.length, [
    ...notOnce([...new Set(heard)], heard),
    ...notOnce([...new Set(heard)], stored),
  ]);

  // A page that reconnects within the settle time must not count as gone.
  const longest = new Map();
  for (const { userId, ms } of parts.flatMap((part) => part.interruptions))
    longest.set(userId, Math.max(longest.get(userId) ?? 0, ms));
  const wronglyLeft = teachers.flatMap((person) =>
    person.lefts.filter((userId) => (longest.get(userId) ?? 0) < SETTLE_MS),
  );
  check("pages that came back in time and were never reported as left", longest.size, wronglyLeft);

  // People who do not come back must count as gone.
  say("checking who left");
  const [empty] = rooms;
  await leave(empty.roomId);
  const staying = await untilRight(seconds, async () =>
    (await query("room.presence", { roomId: empty.roomId }))
      .filter(({ role }) => role === "examinee")
      .map(({ userId }) => userId),
  );
  check("people who closed their page and are gone", empty.candidates.length, staying.left);

  return {
    failures,
    passes,
    counters: Object.fromEntries(
      Object.keys(parts[0].counters).map((key) => [
        key,
        parts.reduce((total, { counters }) => total + counters[key], 0),
      ]),
    ),
    latencies: mergeLatencies(parts),
    longestInterruptionMs: Math.max(0, ...longest.values()),
    presentAfterSeconds: absent.seconds,
    goneAfterSeconds: staying.seconds,
    events: log.reduce((count, { ids }) => count + ids.length, 0),
  };
};

/** The times of calls by phase and kind, in milliseconds. */
const mergeLatencies = (parts) => {
  const all = new Map();
  for (const { latencies } of parts)
    for (const [key, times] of latencies) all.set(key, [...(all.get(key) ?? []), ...times]);
  return [...all].map(([key, times]) => {
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] / 1000;
    return { key, calls: times.length, p50: at(0.5), p99: at(0.99) };
  });
};
