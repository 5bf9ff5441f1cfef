import type { Hand, LivePerson, Room } from "@invigil/client";
import { byNeed, type Reason, type ReasonKind, reasonsOf } from "./attention.js";
import type { ControlOf } from "./control.js";
import { hallOf, type Incident, type Trouble } from "./group-incidents.js";
import type { CandidateState } from "./person.js";
import { factsOf, isHere, NO_CANDIDATES, troubleOf } from "./roster.js";
import { CAMERAS } from "./seats.js";

/** How long a detection counts as recent, in milliseconds. */
const RECENT_MS = 10 * 60_000;

/** How the people of a room are doing. */
export interface RoomSummary {
  readonly room: Room;
  readonly candidates: number;
  readonly teachersHere: number;
  /** Why its candidates need attention. Detections count if they came in the last minutes. */
  readonly reasons: readonly (Reason & { readonly userId: string })[];
}

export interface ExamSummary {
  readonly rooms: readonly RoomSummary[];
  /** Those in rooms, by their state. */
  readonly counts: { readonly [State in CandidateState]: number };
  /** How many of them have a page connected, without those in the checks. */
  readonly here: number;
  /** Those in a state that needs attention, with since when. */
  readonly troubles: readonly Trouble[];
  /** How many had a detection in the last minutes. */
  readonly flagged: number;
  /** How many send a picture. */
  readonly publishing: number;
  /** Those with an open hand: first who waits for an answer, the oldest hand first. */
  readonly hands: readonly Raised[];
}

/** A person with an open hand. */
export type Raised = LivePerson & { readonly hand: Hand };

/** The order of names, in which 2 comes before 10. */
export const { compare: compareNames } = new Intl.Collator(undefined, { numeric: true });

/** Looks at everybody once. The rooms come in the order of their names. */
export const summarize = (
  rooms: readonly Room[],
  people: Iterable<LivePerson>,
  {
    stateOf,
    controlOf,
  }: { readonly stateOf: (person: LivePerson) => CandidateState; readonly controlOf: ControlOf },
  now: number,
): ExamSummary => {
  const byId = new Map(
    rooms.map((room) => [
      room.id,
      { room, candidates: 0, teachersHere: 0, reasons: [] as RoomSummary["reasons"][number][] },
    ]),
  );
  const counts = { ...NO_CANDIDATES };
  const troubles: Trouble[] = [];
  const hands: Raised[] = [];
  let [here, flagged, publishing] = [0, 0, 0];
  for (const person of people) {
    const summary = person.roomId === undefined ? undefined : byId.get(person.roomId);
    if (!summary) continue;
    if (person.role === "teacher" && person.pages.length > 0) summary.teachersHere += 1;
    if (person.role !== "examinee") continue;
    const state = stateOf(person);
    const detections = Number(isFlagged(person, now));
    summary.candidates += 1;
    counts[state] += 1;
    flagged += detections;
    if (isHere(state)) here += 1;
    const { hand } = person;
    if (hand) hands.push({ ...person, hand });
    if (state !== "ended" && CAMERAS.some((camera) => person.publishStatus[camera] === "publishing"))
      publishing += 1;
    const trouble = troubleOf(person, state);
    if (trouble) troubles.push(trouble);
    for (const { kind, count, since } of reasonsOf(
      factsOf(person, state, controlOf(person, now), detections),
      now,
    ))
      summary.reasons.push({ userId: person.id, kind, count, since });
  }
  const summaries = [...byId.values()].sort((one, other) => compareNames(one.room.name, other.room.name));
  hands.sort(
    (one, other) =>
      Number(one.hand.status !== "raised") - Number(other.hand.status !== "raised") ||
      one.hand.createdAt.getTime() - other.hand.createdAt.getTime(),
  );
  return { rooms: summaries, counts, here, troubles, flagged, publishing, hands };
};

/** Whether there was a detection of a person lately. */
const isFlagged = ({ lastDetectionTime }: Pick<LivePerson, "lastDetectionTime">, now: number): boolean =>
  lastDetectionTime !== undefined && now - lastDetectionTime.getTime() <= RECENT_MS;

/** Reasons that are told of rooms: not those that the staff knows, or that are about no room under way. */
type RoomReasonKind = Exclude<ReasonKind, "taken" | "onBreak" | "unseated" | "ended">;

/** Why a room needs a look. */
export type RoomReason =
  | (Reason & { readonly kind: RoomReasonKind })
  | {
      readonly kind: "burst";
      readonly of: "disconnected" | "dark";
      readonly count: number;
      readonly back: number;
      readonly from: number;
      readonly to: number;
    };

/** A room that needs attention, or several that one incident hit, and why. */
export interface Look {
  readonly key: string;
  readonly roomIds: readonly string[];
  /** The name of the rooms, if they are several with a place in common. */
  readonly hall?: string | undefined;
  readonly reasons: readonly RoomReason[];
}

export interface ExamTimes {
  readonly startTime: Date;
  readonly endTime: Date;
}

/** How long before the start a teacher should be there, in milliseconds. */
const EARLY_MS = 10 * 60_000;

/** From so long after the start on, a single person who has not come is absent rather than late, in milliseconds. */
const LATE_MS = 15 * 60_000;

/** Reasons that count only while the exam runs. */
const WHILE_RUNNING: ReadonlySet<ReasonKind> = new Set(["unidentified", "expected", "checking", "idle"]);

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
  const isOver = times !== undefined && now > times.endTime.getTime();
  const isUnderWay = !isOver && (!times || now >= times.startTime.getTime());
  const expectedFrom = times && now >= times.startTime.getTime() + LATE_MS ? 2 : 1;
  const isStaffed = !isOver && (!times || now >= times.startTime.getTime() - EARLY_MS);

  const looks: Look[] = [];
  const bursts = new Map<string, RoomReason[]>();
  for (const { kind, hall, roomIds, from, to, userIds, still } of incidents) {
    if (kind !== "disconnected" && kind !== "dark") continue;
    const back = userIds.length - still.length;
    const reason: RoomReason = { kind: "burst", of: kind, count: userIds.length, back, from, to };
    const [first] = roomIds;
    if (roomIds.length === 1 && first !== undefined)
      bursts.set(first, [...(bursts.get(first) ?? []), reason]);
    else looks.push({ key: `${kind} ${from} ${first}`, roomIds, hall, reasons: [reason] });
  }
  for (const { room, reasons, teachersHere, candidates } of rooms) {
    if (room.status === "ended" || candidates === 0) continue;
    const counted = new Map<RoomReasonKind, { count: number; since: number | undefined }>();
    for (const { kind, since, userId } of reasons) {
      if (kind === "taken" || kind === "onBreak" || kind === "unseated" || kind === "ended") continue;
      if (!isUnderWay && WHILE_RUNNING.has(kind)) continue;
      if (told.has(`${kind}\n${userId}`)) continue;
      const before = counted.get(kind);
      const sinces = [since, before?.since].filter((time) => time !== undefined);
      counted.set(kind, {
        count: (before?.count ?? 0) + 1,
        since: sinces.length > 0 ? Math.min(...sinces) : undefined,
      });
    }
    if ((counted.get("expected")?.count ?? 0) < expectedFrom) counted.delete("expected");
    if (isStaffed && teachersHere === 0) counted.set("noTeacher", { count: 1, since: undefined });
    const found: RoomReason[] = [...(bursts.get(room.id) ?? [])];
    for (const [kind, reason] of counted) found.push({ kind, ...reason });
    if (found.length > 0)
      looks.push({
        key: room.id,
        roomIds: [room.id],
        reasons: found.sort((one, other) => byNeed([one], [other])),
      });
  }
  return foldEqual(looks).sort((one, other) => byNeed(one.reasons, other.reasons));
};

/** From this number on, rooms that lack only their invigilator are one line. */
const MANY_ALIKE = 3;

/** Makes one line of the rooms that need a look for no reason but a missing invigilator. Other reasons say how many people, and since when. */
const foldEqual = (looks: readonly Look[]): Look[] => {
  const isAlike = ({ reasons }: Look) => reasons.every(({ kind }) => kind === "noTeacher");
  const alike = looks.filter(isAlike);
  if (alike.length < MANY_ALIKE) return [...looks];
  const roomIds = alike.flatMap((look) => look.roomIds);
  const folded: Look = {
    key: "noTeacher",
    roomIds,
    reasons: [{ kind: "noTeacher", count: roomIds.length }],
  };
  return [folded, ...looks.filter((look) => !isAlike(look))];
};

/** The mark of a room's square: the weightiest reason why it needs a look, or why it needs none. */
export type RoomMark = RoomReasonKind | "well" | "empty" | "ended";

/** The mark of each room, so that the map of the rooms says what their list says. */
export const marksOfRooms = (
  { rooms }: Pick<ExamSummary, "rooms">,
  looks: readonly Look[],
): ReadonlyMap<string, RoomMark> => {
  const first = new Map<string, RoomReason>();
  for (const { roomIds, reasons } of looks)
    for (const roomId of roomIds)
      for (const reason of reasons) {
        const known = first.get(roomId);
        if (!known || byNeed([reason], [known]) < 0) first.set(roomId, reason);
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
