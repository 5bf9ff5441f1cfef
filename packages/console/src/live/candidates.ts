import { isReady, type LivePerson } from "@invigil/client";
import { byNeed, type Reason, reasonsOf } from "./attention.js";
import { type ControlOf, isPaused } from "./control.js";
import type { Trouble } from "./group-incidents.js";
import type { CandidateState } from "./person.js";
import { factsOf, isHere, lastEventOf, NO_CANDIDATES, troubleOf } from "./roster.js";

export type SortColumn = "need" | "name" | "id" | "room" | "ends" | "detections" | "last";

/** What may be so besides the state. */
type Mark = "detected" | "here" | "hand" | "paused" | "notReady";

export interface CandidateFilter {
  /**
   * Undefined: in any state. `detected`: about whom there are records. `here`: a page is connected, and they are not in the checks. `hand`: a hand is open.
   * `paused`: their exam is paused. `notReady`: a check before the exam is missing.
   */
  readonly state: CandidateState | Mark | undefined;
  /** Empty: of every room. */
  readonly rooms: readonly string[];
  readonly matches: ((person: { readonly userId: string; readonly name: string }) => boolean) | undefined;
}

interface CandidateList {
  readonly ids: readonly string[];
  /** The troubles of those of them who need attention. */
  readonly troubles: readonly Trouble[];
  /** How many candidates there are at all, and in each state. */
  readonly total: number;
  readonly counts: { readonly [State in CandidateState | Mark]: number };
  /** Whether the checks of any candidate are known: people of other apps make none. */
  readonly hasChecks: boolean;
}

/** Orders texts as people do. Collation takes long, so what it says is kept until the texts change. */
export const createRanks = (locale: string) => {
  const collator = new Intl.Collator(locale, { numeric: true });
  let ranks: ReadonlyMap<string, number> = new Map();
  return (texts: ReadonlySet<string>): ReadonlyMap<string, number> => {
    const isKnown = texts.size <= ranks.size && [...texts].every((text) => ranks.has(text));
    if (!isKnown)
      ranks = new Map([...texts].sort(collator.compare).map((text, index) => [text, index] as const));
    return ranks;
  };
};
type Ranks = ReturnType<typeof createRanks>;

const isOfState = (
  person: LivePerson,
  state: CandidateState,
  wanted: CandidateFilter["state"],
  isNotReady: boolean,
): boolean => {
  if (wanted === undefined) return true;
  if (wanted === "detected") return person.detections > 0;
  if (wanted === "here") return isHere(state);
  if (wanted === "hand") return person.hand !== undefined;
  if (wanted === "paused") return isPaused(person);
  if (wanted === "notReady") return isNotReady;
  return state === wanted;
};

/** Which candidates a list shows, and in which order. Who is equal in it keeps the order in which they were added. */
export const arrange = (
  people: Iterable<LivePerson>,
  {
    filter,
    sort,
    stateOf,
    controlOf,
    roomName,
    ranks,
    redFrom,
    cameras = "one",
    now,
  }: {
    readonly filter: CandidateFilter;
    readonly sort: { readonly column: SortColumn; readonly descending: boolean };
    readonly stateOf: (person: LivePerson) => CandidateState;
    readonly controlOf: ControlOf;
    readonly roomName: (roomId: string) => string;
    readonly ranks: Ranks;
    /** The number of detections from which a person is red. */
    readonly redFrom: number;
    /** How many cameras the exam needs. Default: one. */
    readonly cameras?: "one" | "both";
    readonly now: number;
  },
): CandidateList => {
  const counts = { ...NO_CANDIDATES, detected: 0, here: 0, hand: 0, paused: 0, notReady: 0 };
  let hasChecks = false;
  const rooms = new Set(filter.rooms);
  const found: {
    readonly person: LivePerson;
    readonly state: CandidateState;
    key: number;
    reasons: readonly Reason[];
  }[] = [];
  let total = 0;
  for (const person of people) {
    if (person.role !== "examinee") continue;
    const state = stateOf(person);
    total += 1;
    counts[state] += 1;
    if (isHere(state)) counts.here += 1;
    if (person.detections > 0) counts.detected += 1;
    if (person.hand) counts.hand += 1;
    if (isPaused(person)) counts.paused += 1;
    if (person.readiness) hasChecks = true;
    const isNotReady = state !== "ended" && !isReady(person.readiness, { cameras });
    if (isNotReady) counts.notReady += 1;
    if (
      isOfState(person, state, filter.state, isNotReady) &&
      (rooms.size === 0 || (person.roomId !== undefined && rooms.has(person.roomId))) &&
      (filter.matches === undefined || filter.matches(person))
    )
      found.push({ person, state, key: 0, reasons: [] });
  }

  const textOf = {
    name: (person: LivePerson) => person.name,
    id: (person: LivePerson) => person.userId,
    room: (person: LivePerson) => (person.roomId === undefined ? "" : roomName(person.roomId)),
  };
  const { column } = sort;
  if (column === "name" || column === "id" || column === "room") {
    const rankOf = ranks(new Set(found.map(({ person }) => textOf[column](person))));
    for (const one of found) one.key = rankOf.get(textOf[column](one.person)) ?? 0;
  } else
    for (const one of found) {
      const { person, state } = one;
      if (column === "ends") one.key = controlOf(person, now).endsAt ?? 0;
      else if (column === "detections") one.key = -person.detections;
      else if (column === "last") one.key = -(lastEventOf(person)?.at.getTime() ?? 0);
      else one.reasons = reasonsOf(factsOf(person, state, controlOf(person, now)), now, redFrom);
    }
  found.sort((one, other) => one.key - other.key || byNeed(one.reasons, other.reasons));
  if (sort.descending) found.reverse();
  return {
    ids: found.map(({ person }) => person.id),
    troubles: found.flatMap(({ person, state }) => troubleOf(person, state) ?? []),
    total,
    counts,
    hasChecks,
  };
};
