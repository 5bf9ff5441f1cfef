import { isOver, type LivePerson, type RosterState } from "@invigil/client";
import type { AttentionFacts, ControlFacts } from "./attention.js";
import type { Control } from "./control.js";
import type { Trouble } from "./group-incidents.js";
import type { CandidateState } from "./person.js";
import { CAMERAS } from "./seats.js";
import type { Camera } from "./timeline.js";

/** Whether a candidate in this state has a page connected, and is not in the checks before the exam. */
export const isHere = (state: CandidateState): boolean =>
  state === "publishing" || state === "idle" || state === "dark" || state === "devices";

/** A count of candidates in each state, before any is counted. */
export const NO_CANDIDATES: { readonly [State in CandidateState]: number } = {
  devices: 0,
  disconnected: 0,
  dark: 0,
  expected: 0,
  checking: 0,
  idle: 0,
  publishing: 0,
  unseated: 0,
  ended: 0,
};

const OF_ROSTER = {
  unseated: "unseated",
  ended: "ended",
  expected: "expected",
  disconnected: "disconnected",
  stopped: "dark",
  publishing: "publishing",
  notPublishing: "idle",
} as const satisfies { readonly [State in RosterState]: CandidateState };

/** The facts that the state of a person depends on, besides the state that the server counts. */
type Facts = Pick<LivePerson, "pages" | "left" | "publishStatus" | "publishStatusSince">;

/** For those whose attempt is over, the exam has ended. Several devices on one link come next: another person may sit the exam. */
export const candidateState = (
  { pages, attempt }: Pick<Facts, "pages"> & Pick<LivePerson, "attempt">,
  state: RosterState,
): CandidateState => {
  if (state === "ended" || (attempt && isOver(attempt))) return "ended";
  return pages.some(({ devices }) => devices > 1) ? "devices" : OF_ROSTER[state];
};

const earliest = (times: readonly (Date | undefined)[]): Date | undefined =>
  times.reduce((found, time) => (time && (!found || time < found) ? time : found), undefined);
const latest = (times: readonly (Date | undefined)[]): Date | undefined =>
  times.reduce((found, time) => (time && (!found || time > found) ? time : found), undefined);

const sinceStatus = (
  { publishStatus, publishStatusSince }: Facts,
  wanted: "publishing" | "stopped",
): Date | undefined =>
  earliest(
    CAMERAS.flatMap((camera) => (publishStatus[camera] === wanted ? [publishStatusSince[camera]] : [])),
  );

/** Since when a person has their state, if it is known. */
export const sinceOf = (person: Facts, state: CandidateState): Date | undefined => {
  if (state === "disconnected") return latest(person.left.map(({ since }) => since));
  if (state === "dark") return sinceStatus(person, "stopped");
  if (state === "publishing") return sinceStatus(person, "publishing");
  if (state === "idle" || state === "checking") return earliest(person.pages.map(({ since }) => since));
  return undefined;
};

/** The facts about a person that may be a reason to attend to them. */
export const factsOf = (
  person: Facts & Pick<LivePerson, "detections"> & Pick<ControlFacts, "hand" | "identity">,
  state: CandidateState,
  { pausedSince, endsAt }: Control,
  detections = person.detections,
): AttentionFacts => ({
  state,
  since: state === "publishing" ? undefined : sinceOf(person, state)?.getTime(),
  detections,
  hand: person.hand,
  pausedSince,
  identity: person.identity,
  endsAt,
});

/** The newest of what is known to have happened to a person. */
interface LastEvent {
  readonly kind: "entered" | "left" | "publishing" | "stopped" | "detected";
  /** Absent: it is about no camera or page. */
  readonly camera?: Camera;
  readonly at: Date;
}

export const lastEventOf = (person: Facts & Pick<LivePerson, "lastDetectionTime">): LastEvent | undefined => {
  let last: LastEvent | undefined;
  const consider = (kind: LastEvent["kind"], at: Date | undefined, camera?: Camera) => {
    if (at && (!last || at > last.at)) last = { kind, at, ...(camera && { camera }) };
  };
  for (const { camera, since } of person.pages) consider("entered", since, camera);
  for (const { camera, since } of person.left) consider("left", since, camera);
  for (const camera of CAMERAS) {
    const status = person.publishStatus[camera];
    if (status !== "idle") consider(status, person.publishStatusSince[camera], camera);
  }
  consider("detected", person.lastDetectionTime);
  return last;
};

/** The trouble of a person who is in a state that needs attention, to be grouped with those of others. */
export const troubleOf = (
  person: Facts & Pick<LivePerson, "id" | "roomId">,
  state: CandidateState,
): Trouble | undefined => {
  if ((state !== "disconnected" && state !== "dark") || person.roomId === undefined) return undefined;
  const at = sinceOf(person, state)?.getTime();
  return at === undefined ? undefined : { userId: person.id, kind: state, place: person.roomId, at };
};
