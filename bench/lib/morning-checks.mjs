// What must be true after a simulated morning, whatever was cut and killed in it.
import { setTimeout as sleep } from "node:timers/promises";

const PAGE = 100;
const LOOK_MS = 500;

const countsOf = (values) => {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};
/** The values that are not there exactly once. */
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

/** Repeats a question until nothing is wrong any more. @returns what is wrong, and how many seconds that took */
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

export const checkMorning = async ({ rooms, exams, query, results, leave, events, seconds, say }) => {
  const failures = [];
  const passes = [];
  const check = (what, count, wrong) => {
    if (wrong.length > 0) failures.push(`${what}: ${some(wrong)} of ${count}`);
    else passes.push(`${what}: ${count.toLocaleString("en")}`);
  };

  // Everybody is still connected, so everybody must be present.
  say("checking who is present");
  const pageOf = ({ roomId, userId }) => `${roomId} ${userId}`;
  const expected = rooms.flatMap(({ roomId, teacher, candidates }) =>
    [teacher, ...candidates].map((userId) => pageOf({ roomId, userId })),
  );
  const absent = await untilRight(seconds, async () => {
    const present = new Set();
    for (const { roomId } of rooms)
      for (const page of await query("room.presence", { roomId })) present.add(pageOf({ roomId, ...page }));
    return expected.filter((page) => !present.has(page));
  });
  check("people who are connected and present", expected.length, absent.left);

  // The listeners have received all events when the log does not grow any more.
  say("checking events");
  const sum = (log) => log.reduce((count, { ids }) => count + ids.length, 0);
  let log = await events();
  for (let previous = -1; previous !== sum(log); ) {
    previous = sum(log);
    await sleep(2000);
    log = await events();
  }
  await sleep(2000);
  const parts = await results();
  const people = parts.flatMap((part) => part.people);
  failures.push(...parts.flatMap(({ problems }) => problems));
  const byRoom = new Map(log.map(({ roomId, ids }) => [roomId, ids]));
  const byExam = new Map(exams.map(({ id }) => [id, []]));
  for (const { examId, ids } of log) byExam.get(examId)?.push(...ids);
  for (const ids of byExam.values()) ids.sort((a, b) => a - b);

  const teachers = people.filter(({ role }) => role === "teacher");
  const watchers = people.filter(({ role }) => role === "watcher");
  const candidates = people.filter(({ role }) => role === "examinee");
  const differs = (person, all) => {
    const wanted = all.filter((id) => id > person.first);
    return wanted.length !== person.ids.length || wanted.some((id, n) => id !== person.ids[n]);
  };
  check(
    "teachers who received each event of their room once, in order",
    teachers.length,
    teachers.filter((person) => differs(person, byRoom.get(person.roomId) ?? [])).map(({ userId }) => userId),
  );
  check(
    "watchers who received each event of their exam once, in order",
    watchers.length,
    watchers.filter((person) => differs(person, byExam.get(person.examId) ?? [])).map(({ userId }) => userId),
  );
  const told = teachers.flatMap((person) => person.told);
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
  // A report that was stored before the teacher arrived is not an event for them.
  const firstOf = new Map(teachers.map((person) => [person.roomId, new Set(person.reports)]));
  const heard = teachers.flatMap((person) => person.reports);
  check("records in events of teachers that are stored", heard.length, notOnce([...new Set(heard)], stored));
  const heardTwice = [...countsOf(heard)].filter(([, count]) => count > 1).map(([name]) => name);
  check("records that teachers were told of once", firstOf.size, heardTwice);

  // Nobody was reported to have left: every interruption was shorter than the settle time.
  const interruptions = parts.flatMap((part) => part.interruptions);
  const lefts = teachers.flatMap((person) => person.lefts.map((page) => `${person.roomId} ${page}`));
  const longest = Math.max(0, ...interruptions.map(({ ms }) => ms));
  check("pages that were reported as left although they came back", candidates.length, lefts);

  // And those who leave for good are gone.
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
    longestInterruptionMs: longest,
    presentAfterSeconds: absent.seconds,
    goneAfterSeconds: staying.seconds,
    events: sum(log),
    people,
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
