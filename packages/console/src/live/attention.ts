import type { Hand, LivePerson } from "@invigil/client";
import type { CandidateState } from "./person.js";

/**
 * Why a person or a room needs attention, the most urgent first. A candidate with a technical issue cannot write and waits for the staff.
 * Then come those who may be impersonated or have many detections, those who ask, those who cannot write for another reason, and all others.
 */
const ORDER = [
  "technical",
  "devices",
  "manyDetections",
  "noTeacher",
  "help",
  "break",
  "burst",
  "disconnected",
  "paused",
  "dark",
  "timeShort",
  "detections",
  // These can wait: the staff knows, or the exam shows whether they matter.
  "taken",
  "onBreak",
  "unidentified",
  "expected",
  "checking",
  "idle",
  "well",
  "unseated",
  "ended",
] as const;
type Place = (typeof ORDER)[number];

// Safe: it has all of them.
const PLACES = Object.fromEntries(ORDER.map((place, index) => [place, index])) as {
  readonly [Name in Place]: number;
};

export type ReasonKind = Exclude<Place, "manyDetections" | "burst" | "well">;

/** People who wait for the staff are ordered by since when. */
const OLDEST_FIRST: ReadonlySet<Place> = new Set([
  "technical",
  "help",
  "break",
  "paused",
  "taken",
  "onBreak",
]);

export interface Reason {
  readonly kind: ReasonKind;
  /** How many people it is about; or how many detections a person has. */
  readonly count: number;
  /** In milliseconds since 1970. Undefined: it is not known. Of `timeShort`, until when. */
  readonly since?: number | undefined;
  /** Whether it is red: the detections are so many, or the identity is refused. */
  readonly isRed?: boolean;
}

/** Facts that follow from what staff and candidates decide. Absent: it is not so, or not known. Times are in milliseconds since 1970. */
export interface ControlFacts {
  readonly hand?: Pick<Hand, "kind" | "status" | "createdAt" | "grantedAt"> | undefined;
  readonly pausedSince?: number | undefined;
  /** What staff found of who they are. Absent: they have not checked it. */
  readonly identity?: LivePerson["identity"];
  /** When their time is over. */
  readonly endsAt?: number | undefined;
}

/** The facts about a candidate of which reasons are made. */
export interface AttentionFacts extends ControlFacts {
  readonly state: CandidateState;
  /** Since when they have this state. */
  readonly since?: number | undefined;
  readonly detections: number;
  /** The message of theirs that waits for an answer. */
  readonly asks?: { readonly at: number } | undefined;
}

/** Time that is shorter than this matters to those who cannot write, in milliseconds. */
const SHORT_MS = 10 * 60_000;

type Ranked = Pick<Reason, "count" | "since" | "isRed"> & { readonly kind: ReasonKind | "burst" };

const placeOf = (reason: Ranked | undefined): number =>
  PLACES[reason ? (reason.isRed ? "manyDetections" : reason.kind) : "well"];

/** Whether staff did not accept who a candidate is, or have to look again. Exams in which it is not checked have no such candidate. */
export const isUnidentified = ({ identity }: Pick<ControlFacts, "identity">): boolean =>
  identity !== undefined && identity.status !== "confirmed";

/** Why a candidate needs attention, the most urgent reason first. None: they are well. */
export const reasonsOf = (
  { state, since, detections, asks, hand, pausedSince, identity, endsAt }: AttentionFacts,
  now: number,
  redFrom = Number.POSITIVE_INFINITY,
): readonly Reason[] => {
  const found: Reason[] = [];
  const add = (kind: ReasonKind, since?: number) => found.push({ kind, count: 1, since });
  if (state !== "publishing") add(state, since);
  if (detections > 0)
    found.push({ kind: "detections", count: detections, isRed: state !== "ended" && detections >= redFrom });
  if (state === "ended") return found;
  const raisedAt = hand?.createdAt.getTime();
  const raised = hand?.status === "raised" ? hand.kind : undefined;
  const help = raised === "help" ? raisedAt : undefined;
  if (raised && help === undefined) add(raised, raisedAt);
  if (asks || help !== undefined) add("help", Math.min(asks?.at ?? Infinity, help ?? Infinity));
  if (hand?.status === "taken") add("taken", raisedAt);
  if (hand?.status === "granted") add("onBreak", hand.grantedAt?.getTime());
  // Who has not come waits for nothing.
  if (pausedSince !== undefined && state !== "expected" && state !== "unseated") add("paused", pausedSince);
  if (isUnidentified({ identity }))
    found.push({
      kind: "unidentified",
      count: 1,
      since: undefined,
      ...(identity?.status === "refused" && { isRed: true }),
    });
  const isShort = endsAt !== undefined && now < endsAt && endsAt - now < SHORT_MS;
  if (isShort && found.some((reason) => placeOf(reason) < PLACES.timeShort)) add("timeShort", endsAt);
  return found.length > 1 ? found.sort(byPlace) : found;
};

const byPlace = (one: Ranked, other: Ranked): number => placeOf(one) - placeOf(other);

/** Ranks people and rooms by their reasons: by the first one, then by since when or how many, then by the next. */
export const byNeed = (some: readonly Ranked[], others: readonly Ranked[]): number => {
  for (let index = 0; index < some.length || index < others.length; index += 1) {
    const [one, other] = [some[index], others[index]];
    const order = placeOf(one) - placeOf(other);
    if (order !== 0 || !one || !other) return order;
    const wait = OLDEST_FIRST.has(one.kind) ? (one.since ?? 0) - (other.since ?? 0) : 0;
    if (wait !== 0 || one.count !== other.count) return wait || other.count - one.count;
  }
  return 0;
};

/** The reasons that a hand says itself, where it is shown. */
const OF_HANDS: ReadonlySet<ReasonKind> = new Set(["technical", "help", "break", "taken", "onBreak"]);
/** Returns the reasons of somebody without those that their hand says. */
export const withoutHand = ({ hand }: ControlFacts, reasons: readonly Reason[]): readonly Reason[] =>
  hand ? reasons.filter(({ kind }) => !OF_HANDS.has(kind)) : reasons;

/** Whether the first glance should find it: reasons that can wait do not count. */
export const needsLook = ([first]: readonly Ranked[]): boolean => placeOf(first) <= PLACES.detections;
