import type { LivePerson, Room } from "@invigil/client";
import { hallOf, type Incident, type Trouble } from "./group-incidents.js";
import { type CandidateState, isHere, NO_CANDIDATES, troubleOf } from "./roster.js";
import { CAMERAS } from "./seats.js";

/** How long a detection counts as recent, in milliseconds. */
const RECENT_MS = 10 * 60_000;

/** How the people of a room are doing. */
export interface RoomSummary {
  readonly room: Room;
  readonly candidates: number;
  readonly counts: { readonly [State in CandidateState]: number };
  /** Candidates with a detection in the last minutes. */
  readonly flagged: number;
  /** Candidates whose picture comes. */
  readonly publishing: number;
  readonly teachersHere: number;
  /** Those in a state that needs attention, with since when. */
  readonly troubles: readonly Trouble[];
}

export interface ExamSummary {
  readonly rooms: readonly RoomSummary[];
  /** Those in rooms, by their state. */
  readonly counts: { readonly [State in CandidateState]: number };
  /** How many of them have a page connected. */
  readonly here: number;
  readonly troubles: readonly Trouble[];
  readonly flagged: number;
  readonly publishing: number;
}

/** The order of names, in which 2 comes before 10. */
export const { compare: compareNames } = new Intl.Collator(undefined, { numeric: true });

/** Looks at everybody once. The rooms come in the order of their names. */
export const summarize = (
  rooms: readonly Room[],
  people: Iterable<LivePerson>,
  stateOf: (person: LivePerson) => CandidateState,
  now: number,
): ExamSummary => {
  const byId = new Map(
    rooms.map((room) => [
      room.id,
      {
        room,
        candidates: 0,
        counts: { ...NO_CANDIDATES },
        flagged: 0,
        publishing: 0,
        teachersHere: 0,
        troubles: [] as Trouble[],
      },
    ]),
  );
  const counts = { ...NO_CANDIDATES };
  let here = 0;
  for (const person of people) {
    const summary = person.roomId === undefined ? undefined : byId.get(person.roomId);
    if (!summary) continue;
    if (person.role === "teacher" && person.pages.length > 0) summary.teachersHere += 1;
    if (person.role !== "examinee") continue;
    const state = stateOf(person);
    summary.candidates += 1;
    summary.counts[state] += 1;
    counts[state] += 1;
    if (isHere(state)) here += 1;
    if (isFlagged(person, now)) summary.flagged += 1;
    if (state !== "ended" && CAMERAS.some((camera) => person.publishStatus[camera] === "publishing"))
      summary.publishing += 1;
    const trouble = troubleOf(person, state);
    if (trouble) summary.troubles.push(trouble);
  }
  const summaries = [...byId.values()].sort((one, other) => compareNames(one.room.name, other.room.name));
  const total = (what: "flagged" | "publishing") => summaries.reduce((sum, each) => sum + each[what], 0);
  return {
    rooms: summaries,
    counts,
    here,
    troubles: summaries.flatMap(({ troubles }) => troubles),
    flagged: total("flagged"),
    publishing: total("publishing"),
  };
};

/** Whether there was a detection of a person lately. */
const isFlagged = ({ lastDetectionTime }: Pick<LivePerson, "lastDetectionTime">, now: number): boolean =>
  lastDetectionTime !== undefined && now - lastDetectionTime.getTime() <= RECENT_MS;

/** Why a room needs a look. */
export type Reason =
  | { readonly kind: "devices" | "expected" | "idle" | "flagged"; readonly count: number }
  | { readonly kind: "disconnected" | "dark"; readonly count: number; readonly since: number }
  | {
      readonly kind: "burst";
      readonly of: "disconnected" | "dark";
      readonly count: number;
      readonly back: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "noTeacher" };

/** A room that needs attention, or several that one incident hit, and why. */
export interface Look {
  readonly key: string;
  readonly roomIds: readonly string[];
  /** The name of the rooms, if they are several with a place in common. */
  readonly hall?: string | undefined;
  readonly reasons: readonly Reason[];
}

export interface ExamTimes {
  readonly startTime: Date;
  readonly endTime: Date;
}

/** How long before the start a teacher should be there, in milliseconds. */
const EARLY_MS = 10 * 60_000;

/** From so long after the start on, a single person who has not come is absent rather than late, in milliseconds. */
const LATE_MS = 15 * 60_000;

/**
 * Red reasons come before all amber ones: a link that others use, and then a room without an invigilator. Of the amber ones, an incident
 * that hit many at once comes before what can add up.
 */
const WEIGHTS = {
  devices: 4000,
  noTeacher: 2000,
  burst: 200,
  disconnected: 20,
  dark: 12,
  flagged: 10,
  expected: 4,
  idle: 2,
} as const satisfies { readonly [Kind in Reason["kind"]]: number };

const needOf = (reasons: readonly Reason[]): number =>
  reasons.reduce(
    (sum, reason) => sum + WEIGHTS[reason.kind] + ("count" in reason ? Math.min(reason.count, 50) / 10 : 0),
    0,
  );

/** Whether rooms are grouped by a part of their names: not if all of them share it. */
export const hallsOf = (rooms: readonly Room[]): ReadonlyMap<string, string> => {
  const halls = new Map(rooms.map(({ id, name }) => [id, hallOf(name)]));
  const distinct = new Set(halls.values());
  if (distinct.size > 1) return halls;
  return new Map(rooms.map(({ id }) => [id, ""]));
};

/**
 * The rooms that need a look, first those that need it most. An incident is told once, for all of its rooms. Before the start, no person
 * is late, and a while after it, one absent person is no reason any more.
 */
export const roomsToLookAt = (
  { rooms }: ExamSummary,
  incidents: readonly Incident[],
  times: ExamTimes | undefined,
  now: number,
): Look[] => {
  const told = new Set(incidents.flatMap(({ kind, still }) => still.map((userId) => `${kind}\n${userId}`)));
  const hasBegun = !times || now >= times.startTime.getTime();
  const isOver = times !== undefined && now > times.endTime.getTime();
  const expectedFrom = times && now >= times.startTime.getTime() + LATE_MS ? 2 : 1;
  const isStaffed = !isOver && (!times || now >= times.startTime.getTime() - EARLY_MS);

  const reasons = new Map<string, Reason[]>();
  const looks: Look[] = [];
  const add = (roomId: string, reason: Reason) => {
    const known = reasons.get(roomId);
    if (known) known.push(reason);
    else reasons.set(roomId, [reason]);
  };
  for (const { kind, hall, roomIds, from, to, userIds, still } of incidents) {
    if (kind !== "disconnected" && kind !== "dark") continue;
    const back = userIds.length - still.length;
    const reason: Reason = { kind: "burst", of: kind, count: userIds.length, back, from, to };
    const [first] = roomIds;
    if (roomIds.length === 1 && first !== undefined) add(first, reason);
    else looks.push({ key: `${kind} ${from} ${first}`, roomIds, hall, reasons: [reason] });
  }
  for (const { room, counts, troubles, flagged, teachersHere, candidates } of rooms) {
    if (room.status === "ended" || candidates === 0) continue;
    if (counts.devices > 0) add(room.id, { kind: "devices", count: counts.devices });
    for (const kind of ["disconnected", "dark"] as const) {
      const alone = troubles.filter((one) => one.kind === kind && !told.has(`${kind}\n${one.userId}`));
      const since = Math.min(...alone.map(({ at }) => at));
      if (alone.length > 0) add(room.id, { kind, count: alone.length, since });
    }
    if (isStaffed && teachersHere === 0) add(room.id, { kind: "noTeacher" });
    if (hasBegun && !isOver && counts.expected >= expectedFrom)
      add(room.id, { kind: "expected", count: counts.expected });
    if (flagged > 0) add(room.id, { kind: "flagged", count: flagged });
    if (hasBegun && !isOver && counts.idle > 0) add(room.id, { kind: "idle", count: counts.idle });
  }
  for (const [roomId, found] of reasons)
    looks.push({ key: roomId, roomIds: [roomId], reasons: found.sort(byWeight) });
  return looks.sort((one, other) => needOf(other.reasons) - needOf(one.reasons));
};

const byWeight = (one: Reason, other: Reason): number => WEIGHTS[other.kind] - WEIGHTS[one.kind];

/** The mark of a room's square: the weightiest reason why it needs a look, or why it needs none. */
export type RoomMark = Exclude<Reason["kind"], "burst"> | "well" | "empty" | "ended";

/** The mark of each room, so that the map of the rooms says what their list says. */
export const marksOfRooms = (
  { rooms }: Pick<ExamSummary, "rooms">,
  looks: readonly Look[],
): ReadonlyMap<string, RoomMark> => {
  const first = new Map<string, Reason>();
  for (const { roomIds, reasons } of looks)
    for (const roomId of roomIds)
      for (const reason of reasons) {
        const known = first.get(roomId);
        if (!known || byWeight(reason, known) < 0) first.set(roomId, reason);
      }
  return new Map(
    rooms.map(({ room, candidates }) => {
      const reason = first.get(room.id);
      const mark = reason && (reason.kind === "burst" ? reason.of : reason.kind);
      return [room.id, room.status === "ended" ? "ended" : (mark ?? (candidates === 0 ? "empty" : "well"))];
    }),
  );
};

/** The rest of the time of an exam, in milliseconds: until its start, its end, or none. */
export const phaseOf = (
  { startTime, endTime }: ExamTimes,
  now: number,
): { readonly phase: "upcoming" | "running" | "over"; readonly ms: number } => {
  if (now < startTime.getTime()) return { phase: "upcoming", ms: startTime.getTime() - now };
  if (now < endTime.getTime()) return { phase: "running", ms: endTime.getTime() - now };
  return { phase: "over", ms: 0 };
};
