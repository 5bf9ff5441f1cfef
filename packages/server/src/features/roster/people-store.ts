import { setImmediate as nextTurn } from "node:timers/promises";
import type { Camera, Room, RosterCounts, RosterEntry } from "@invigil/schema";
import {
  type AnyColumn,
  and,
  asc,
  eq,
  exists,
  getTableColumns,
  gt,
  isNotNull,
  isNull,
  type SQL,
  sql,
} from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { readBounds } from "../../domain/event-bounds.js";
import { toHand } from "../../domain/hands.js";
import { factColumns, factsOf, joinFacts } from "../../domain/person-facts.js";
import { shownRoom } from "../../domain/shown-rooms.js";
import { isRoomOf, isSameRoom } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import {
  type Dialect,
  param,
  query,
  type Statement,
  statement,
  type Values,
} from "../../storage/statement.js";
import {
  hands,
  pageTimes,
  visibleParticipants as participants,
  presence,
  recordedPeople,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";

/** Which people of an exam to read: those of all rooms and those without one, or those of some rooms. */
export interface PeopleScope {
  readonly examId: string;
  readonly rooms: "all" | readonly string[];
}

/** Where a page begins: after a person in a room, or after one without. */
export interface PeoplePosition {
  readonly place: "seated" | "unseated";
  readonly seq: number;
}

export interface PeoplePage {
  readonly people: RosterEntry[];
  /** The newest event of the exam when the page was read. */
  readonly lastEventId: number;
  readonly next?: PeoplePosition;
  /** The number of people that a search has read. */
  readonly examined: number;
}

interface Named {
  readonly userId: string;
  readonly name: string;
}

/** How many names a call reads, and how many in one turn of the event loop. */
const MOST_EXAMINED = 20_000;
const EXAMINED_A_TURN = 2000;
/** How many people to count in one turn of the event loop. */
const COUNTED_A_TURN = 2000;
/** How many rooms to read first, if they are read a few at a time. A plan puts up to 500 people into one. */
const FIRST_ROOMS = 4;

/** The people to read: those after a position in the whole exam, those of some rooms, or those with these numbers. */
type Choice = "exam" | "rooms" | "numbers";

const { seq, examId, roomId, userId, name, role, extraMinutes } = participants;
const { mainPublishStatus, pcPublishStatus } = participants;
const isOfExam = eq(examId, param("examId"));
const columns = { seq, examId, roomId, userId, name, role, extraMinutes, mainPublishStatus, pcPublishStatus };
const chosen = (choice: Choice, dialect: Dialect) => {
  const people = query.select(columns).from(participants);
  switch (choice) {
    case "exam":
      return people
        .where(and(isOfExam, gt(seq, param("after"))))
        .orderBy(asc(seq))
        .limit(param("limit"))
        .as("page");
    case "rooms":
      return people.where(and(isOfExam, dialect.isAnyOf(roomId, "roomIds"))).as("page");
    case "numbers":
      return people.where(and(dialect.inExam(examId), dialect.isAnyOf(seq, "seqs", "integer"))).as("page");
  }
};
type Chosen = ReturnType<typeof chosen>;

const isOfSeat = (
  table: Readonly<Record<"examId" | "roomId" | "userId", AnyColumn>>,
  page: Chosen,
): SQL | undefined => and(isSameRoom(table, page), eq(table.userId, page.userId));
const [mainTimes, pcTimes] = [alias(pageTimes, "main_times"), alias(pageTimes, "pc_times")];
const seatedOf = (choice: Choice) =>
  statement((dialect) => {
    const page = chosen(choice, dialect);
    const rows = query
      .select({
        seq: page.seq,
        roomId: page.roomId,
        userId: page.userId,
        name: page.name,
        role: page.role,
        extraMinutes: page.extraMinutes,
        ...factColumns,
        main: page.mainPublishStatus,
        pc: page.pcPublishStatus,
        mainTimedStatus: mainTimes.status,
        mainSince: mainTimes.statusSince,
        mainLeft: mainTimes.leftAt,
        pcTimedStatus: pcTimes.status,
        pcSince: pcTimes.statusSince,
        pcLeft: pcTimes.leftAt,
        records: recordedPeople.records,
        lastRecordAt: recordedPeople.lastAt,
      })
      .from(page)
      .leftJoin(mainTimes, and(isOfSeat(mainTimes, page), eq(mainTimes.camera, "main")))
      .leftJoin(pcTimes, and(isOfSeat(pcTimes, page), eq(pcTimes.camera, "pc")))
      .leftJoin(recordedPeople, isOfSeat(recordedPeople, page));
    return joinFacts(rows, page);
  });
const pagesOfSeatedOf = (choice: Choice) =>
  statement((dialect) => {
    const page = chosen(choice, dialect);
    return query
      .select({
        seq: page.seq,
        camera: presence.camera,
        since: presence.since,
        devices: presence.devices,
      })
      .from(page)
      .innerJoin(presence, isOfSeat(presence, page));
  });
const handsOfSeatedOf = (choice: Choice) =>
  statement((dialect) => {
    const page = chosen(choice, dialect);
    return query
      .select({ seq: page.seq, hand: getTableColumns(hands) })
      .from(page)
      .innerJoin(hands, and(isOfSeat(hands, page), isNull(hands.resolvedAt)));
  });
const handsOfSeated = { exam: handsOfSeatedOf("exam"), numbers: handsOfSeatedOf("numbers") };
const seated = { exam: seatedOf("exam"), numbers: seatedOf("numbers") };
const pagesOfSeated = { exam: pagesOfSeatedOf("exam"), numbers: pagesOfSeatedOf("numbers") };
const seatedNames = statement(
  query
    .select({ seq, userId, name })
    .from(participants)
    .where(and(isOfExam, gt(seq, param("after"))))
    .orderBy(asc(seq))
    .limit(param("limit")),
);
const namesInRooms = statement((dialect) =>
  query
    .select({ seq, userId, name })
    .from(participants)
    .where(and(isOfExam, dialect.isAnyOf(roomId, "roomIds"))),
);

const areUnseatedAfter = and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after")));
const unseatedColumns = {
  seq: unseated.seq,
  userId: unseated.userId,
  name: unseated.name,
  role: unseated.role,
  extraMinutes: unseated.extraMinutes,
};
const unseatedAfter = statement(
  query
    .select(unseatedColumns)
    .from(unseated)
    .where(areUnseatedAfter)
    .orderBy(asc(unseated.seq))
    .limit(param("limit")),
);
const unseatedByNumber = statement((dialect) =>
  query
    .select(unseatedColumns)
    .from(unseated)
    .where(and(dialect.inExam(unseated.examId), dialect.isAnyOf(unseated.seq, "seqs", "integer"))),
);
const unseatedNames = statement(
  query
    .select({ seq: unseated.seq, userId: unseated.userId, name: unseated.name })
    .from(unseated)
    .where(areUnseatedAfter)
    .orderBy(asc(unseated.seq))
    .limit(param("limit")),
);

const roomsOfExam = statement(
  query
    .select(shownRoom)
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .orderBy(asc(rooms.id)),
);

const number = (value: SQL) => sql<number>`coalesce(${value}, 0)`.mapWith(Number);
const STATES = ["ended", "expected", "disconnected", "stopped", "publishing", "notPublishing"] as const;
/** The same as `rosterStateOf`, for people in rooms. Empty for those who are no examinees. */
const stateOf = (page: Chosen): SQL => {
  const isHere = exists(query.select({ one: sql`1` }).from(presence).where(isOfSeat(presence, page)));
  const hasLeft = exists(
    query
      .select({ one: sql`1` })
      .from(pageTimes)
      .where(and(isOfSeat(pageTimes, page), isNotNull(pageTimes.leftAt))),
  );
  const has = (status: string): SQL =>
    sql`(${page.mainPublishStatus} = ${sql.raw(`'${status}'`)} OR ${page.pcPublishStatus} = ${sql.raw(`'${status}'`)})`;
  return sql`CASE WHEN ${page.role} <> 'examinee' THEN '' WHEN ${rooms.status} = 'ended' THEN 'ended'
    WHEN NOT ${isHere} THEN CASE WHEN ${hasLeft} THEN 'disconnected' ELSE 'expected' END
    WHEN ${has("stopped")} THEN 'stopped' WHEN ${has("publishing")} THEN 'publishing' ELSE 'notPublishing' END`;
};
const countsOfSeated = (choice: Choice) =>
  statement((dialect) => {
    const page = chosen(choice, dialect);
    const one = query
      .select({
        seq: page.seq,
        state: stateOf(page).as("state"),
        records: sql<number>`coalesce(${recordedPeople.records}, 0)`.as("records"),
      })
      .from(page)
      .innerJoin(rooms, isRoomOf(rooms, page))
      .leftJoin(recordedPeople, isOfSeat(recordedPeople, page))
      .as("counted");
    const inState = (state: (typeof STATES)[number]) =>
      number(sql`sum(CASE WHEN ${one.state} = ${sql.raw(`'${state}'`)} THEN 1 ELSE 0 END)`);
    return query
      .select({
        last: sql<number | null>`max(${one.seq})`,
        people: number(sql`count(*)`),
        ended: inState("ended"),
        expected: inState("expected"),
        disconnected: inState("disconnected"),
        stopped: inState("stopped"),
        publishing: inState("publishing"),
        notPublishing: inState("notPublishing"),
        detected: number(sql`sum(CASE WHEN ${one.state} <> '' AND ${one.records} > 0 THEN 1 ELSE 0 END)`),
      })
      .from(one);
  });
const seatedCounts = { exam: countsOfSeated("exam"), rooms: countsOfSeated("rooms") };
const unseatedWindow = query
  .select({ seq: unseated.seq, role: unseated.role })
  .from(unseated)
  .where(areUnseatedAfter)
  .orderBy(asc(unseated.seq))
  .limit(param("limit"))
  .as("counted");
const unseatedCounts = statement(
  query
    .select({
      last: sql<number | null>`max(${unseatedWindow.seq})`,
      people: number(sql`count(*)`),
      examinees: number(sql`sum(CASE WHEN ${unseatedWindow.role} = 'examinee' THEN 1 ELSE 0 END)`),
    })
    .from(unseatedWindow),
);

type RowOf<Of> = Of extends Statement<infer Row> ? Row : never;
type SeatedRow = RowOf<(typeof seated)["exam"]>;
type PageRow = RowOf<(typeof pagesOfSeated)["exam"]>;
type UnseatedRow = RowOf<typeof unseatedAfter>;

const CAMERAS: readonly Camera[] = ["main", "pc"];
/** Merges the rows of each page, which may have rows of several servers. */
const pagesOf = (rows: readonly PageRow[]): RosterEntry["pages"] =>
  CAMERAS.flatMap((camera) => {
    const own = rows.filter((row) => row.camera === camera);
    if (own.length === 0) return [];
    return {
      camera,
      since: new Date(Math.min(...own.map(({ since }) => since.getTime()))),
      devices: own.reduce((sum, { devices }) => sum + devices, 0),
    };
  });
const toEntry = (row: SeatedRow, pageRows: readonly PageRow[]): RosterEntry => {
  const pages = pagesOf(pageRows);
  const left = [
    { camera: "main" as const, since: row.mainLeft },
    { camera: "pc" as const, since: row.pcLeft },
  ].flatMap(({ camera, since }) =>
    since && !pages.some((page) => page.camera === camera) ? [{ camera, since }] : [],
  );
  return {
    userId: row.userId,
    name: row.name,
    role: row.role,
    extraMinutes: row.extraMinutes,
    ...factsOf(row),
    roomId: row.roomId,
    publishStatus: { main: row.main, pc: row.pc },
    publishStatusSince: {
      ...(row.mainSince && row.mainTimedStatus === row.main && { main: row.mainSince }),
      ...(row.pcSince && row.pcTimedStatus === row.pc && { pc: row.pcSince }),
    },
    pages,
    left,
    detections: row.records ?? 0,
    ...(row.lastRecordAt && { lastDetectionTime: row.lastRecordAt }),
  };
};
const toUnseatedEntry = ({ seq: _seq, ...person }: UnseatedRow): RosterEntry => ({
  ...person,
  publishStatus: { main: "idle", pc: "idle" },
  publishStatusSince: {},
  pages: [],
  left: [],
  detections: 0,
});

/** Reads people in rooms, all as of one moment: how the statements choose them is up to `values`. */
const readSeated = async (
  reader: Reader,
  choice: keyof typeof seated,
  values: Values & { readonly examId: string },
) => {
  const [found, pages, raised, { newest }] = await Promise.all([
    reader.all(seated[choice], values),
    reader.all(pagesOfSeated[choice], values),
    reader.all(handsOfSeated[choice], values),
    readBounds(reader, values.examId),
  ]);
  const rows = found.toSorted((one, other) => one.seq - other.seq);
  const byPerson = new Map<number, PageRow[]>();
  for (const page of pages) byPerson.set(page.seq, [...(byPerson.get(page.seq) ?? []), page]);
  const handOf = new Map(raised.map(({ seq: of, hand }) => [of, toHand(hand)]));
  return {
    people: rows.map((row) => {
      const hand = handOf.get(row.seq);
      const entry = toEntry(row, byPerson.get(row.seq) ?? []);
      return { seq: row.seq, entry: { ...entry, ...(hand && { hand }) } };
    }),
    newest,
  };
};

const START: PeoplePosition = { place: "seated", seq: 0 };

/**
 * Reads rooms a few at a time, each in a turn of the event loop: about as many as have the people of one turn.
 * @param read reads these rooms, and returns how many people they have
 */
const inRooms = async (
  roomIds: readonly string[],
  perTurn: number,
  read: (some: readonly string[]) => Promise<number>,
): Promise<void> => {
  let size = FIRST_ROOMS;
  for (let from = 0; from < roomIds.length; ) {
    const some = roomIds.slice(from, from + size);
    const people = await read(some);
    from += size;
    size = Math.min(size * 2, Math.max(1, Math.floor((some.length * perTurn) / Math.max(1, people))));
    if (from < roomIds.length) await nextTurn();
  }
};

/** Names to look at in one turn of the event loop. */
interface NamesToLookAt {
  readonly place: PeoplePosition["place"];
  readonly names: readonly (Named & { readonly seq: number })[];
  /** How many names were read for it. */
  readonly examined: number;
  /** Where the names after them begin. */
  readonly next: PeoplePosition | undefined;
}

export type PeopleStore = ReturnType<typeof createPeopleStore>;

export const createPeopleStore = ({ storage }: { storage: Queries }) => {
  const readUnseated = async (scope: PeopleScope, after: number, limit: number) => {
    const [rows, { newest }] = await storage.snapshot((reader) =>
      Promise.all([
        reader.all(unseatedAfter, { examId: scope.examId, after, limit: limit + 1 }),
        readBounds(reader, scope.examId),
      ]),
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1)?.seq ?? after;
    return {
      people: page.map(toUnseatedEntry),
      newest,
      ...(rows.length > limit && { next: { place: "unseated" as const, seq: last } }),
    };
  };

  const readPage = async (scope: PeopleScope, after: PeoplePosition, limit: number): Promise<PeoplePage> => {
    if (after.place === "unseated") {
      const { people, newest, ...next } = await readUnseated(scope, after.seq, limit);
      return { people, lastEventId: newest, ...next, examined: 0 };
    }
    const { people: found, newest } = await storage.snapshot((reader) =>
      readSeated(reader, "exam", { examId: scope.examId, after: after.seq, limit: limit + 1 }),
    );
    const page = found.slice(0, limit);
    const people = page.map(({ entry }) => entry);
    const known = { people, lastEventId: newest, examined: 0 };
    const last = page.at(-1)?.seq ?? after.seq;
    if (found.length > limit) return { ...known, next: { place: "seated", seq: last } };
    if (people.length === limit) return { ...known, next: { place: "unseated", seq: 0 } };
    // This is read a little later. An event after `newest` announces people who have got a room since.
    const rest = await readUnseated(scope, 0, limit - people.length);
    return { ...known, people: [...people, ...rest.people], ...(rest.next && { next: rest.next }) };
  };

  /** Reads names of people in rooms, which have no order of their own, and then hands them out in the order of the list. */
  async function* namesOfRooms(
    exam: string,
    roomIds: readonly string[],
    { place, seq: after }: PeoplePosition,
  ): AsyncGenerator<NamesToLookAt> {
    const names: NamesToLookAt["names"][number][] = [];
    await inRooms(roomIds, EXAMINED_A_TURN, async (some) => {
      const found = await storage.all(namesInRooms, { examId: exam, roomIds: some });
      for (const one of found) if (one.seq > after) names.push(one);
      return found.length;
    });
    names.sort((one, other) => one.seq - other.seq);
    for (let from = 0; from < names.length; from += EXAMINED_A_TURN)
      yield {
        place,
        names: names.slice(from, from + EXAMINED_A_TURN),
        examined: from === 0 ? names.length : 0,
        next: undefined,
      };
  }

  /** Reads the names of an exam in the order of the list, up to a number of them. */
  async function* namesOfExam(exam: string, from: PeoplePosition): AsyncGenerator<NamesToLookAt> {
    let at: PeoplePosition | undefined = from;
    for (let examined = 0; at && examined < MOST_EXAMINED; ) {
      const { place, seq: after }: PeoplePosition = at;
      const values = { examId: exam, after, limit: EXAMINED_A_TURN };
      const names: NamesToLookAt["names"] = await storage.all(
        place === "seated" ? seatedNames : unseatedNames,
        values,
      );
      if (names.length === EXAMINED_A_TURN) at = { place, seq: names.at(-1)?.seq ?? after };
      else at = place === "seated" ? { place: "unseated", seq: 0 } : undefined;
      examined += names.length;
      yield { place, names, examined: names.length, next: at };
    }
  }

  /** Searches for people. Returns their numbers, and where to continue. */
  const search = async (
    scope: PeopleScope,
    from: PeoplePosition,
    limit: number,
    isFound: (person: Named) => boolean,
  ) => {
    const numbers: Record<PeoplePosition["place"], number[]> = { seated: [], unseated: [] };
    let at: PeoplePosition | undefined;
    let examined = 0;
    let found = 0;
    const { examId: exam, rooms: some } = scope;
    for await (const looked of some === "all" ? namesOfExam(exam, from) : namesOfRooms(exam, some, from)) {
      const { place, names, next } = looked;
      examined += looked.examined;
      at = next;
      for (const person of names) {
        if (!isFound(person)) continue;
        if (found === limit) return { numbers, examined, next: { place, seq: person.seq - 1 } };
        numbers[place].push(person.seq);
        found += 1;
      }
      await nextTurn();
    }
    return { numbers, examined, next: at };
  };

  const readFound = async (
    scope: PeopleScope,
    after: PeoplePosition,
    limit: number,
    isFound: (person: Named) => boolean,
  ): Promise<PeoplePage> => {
    const { numbers, next, examined } = await search(scope, after, limit, isFound);
    const values = { examId: scope.examId };
    const [{ people, newest }, others] = await storage.snapshot((reader) =>
      Promise.all([
        readSeated(reader, "numbers", { ...values, seqs: numbers.seated }),
        reader.all(unseatedByNumber, { ...values, seqs: numbers.unseated }),
      ]),
    );
    return {
      people: [
        ...people.map(({ entry }) => entry),
        ...others.toSorted((one, other) => one.seq - other.seq).map(toUnseatedEntry),
      ],
      lastEventId: newest,
      ...(next && { next }),
      examined,
    };
  };

  return {
    /** Reads a page. With `isFound`, it searches a limited number of people, so the page may have few of them, or none. */
    page: (
      scope: PeopleScope,
      { after = START, limit }: { readonly after: PeoplePosition | undefined; readonly limit: number },
      isFound?: (person: Named) => boolean,
    ): Promise<PeoplePage> =>
      scope.rooms !== "all" || isFound
        ? readFound(scope, after, limit, isFound ?? (() => true))
        : readPage(scope, after, limit),

    /** The rooms of an exam, oldest first. */
    async rooms({ examId: exam, rooms: some }: PeopleScope): Promise<Room[]> {
      const all = await storage.all(roomsOfExam, { examId: exam });
      return some === "all" ? all : all.filter(({ id }) => some.includes(id));
    },

    /** Counts people in many turns of the event loop, and so not as of one moment. */
    async counts(scope: PeopleScope): Promise<RosterCounts> {
      const counts = {
        people: 0,
        unseated: 0,
        ended: 0,
        expected: 0,
        disconnected: 0,
        stopped: 0,
        publishing: 0,
        notPublishing: 0,
        detected: 0,
      };
      const { examId: exam, rooms: some } = scope;
      /** Adds a window of people. Returns the last of them, if others follow. */
      const add = (found: RowOf<typeof seatedCounts.exam> | undefined): number | undefined => {
        if (!found) return undefined;
        counts.people += found.people;
        counts.detected += found.detected;
        for (const state of STATES) counts[state] += found[state];
        return found.people < COUNTED_A_TURN ? undefined : Number(found.last);
      };
      if (some !== "all") {
        await inRooms(some, COUNTED_A_TURN, async (few) => {
          const found = await storage.get(seatedCounts.rooms, { examId: exam, roomIds: few });
          add(found);
          return found?.people ?? 0;
        });
        return counts;
      }
      for (let after: number | undefined = 0; after !== undefined; ) {
        after = add(await storage.get(seatedCounts.exam, { examId: exam, after, limit: COUNTED_A_TURN }));
        await nextTurn();
      }
      for (let after: number | undefined = 0; after !== undefined; ) {
        const found: RowOf<typeof unseatedCounts> | undefined = await storage.get(unseatedCounts, {
          examId: exam,
          after,
          limit: COUNTED_A_TURN,
        });
        counts.people += found?.people ?? 0;
        counts.unseated += found?.examinees ?? 0;
        after = (found?.people ?? 0) < COUNTED_A_TURN ? undefined : Number(found?.last);
        await nextTurn();
      }
      return counts;
    },
  };
};
