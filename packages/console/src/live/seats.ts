import { type Attempt, type Hand, isOver, type Presence, type Readiness } from "@invigil/client";
import type { ControlFacts } from "./attention.js";
import { controlOf } from "./control.js";
import { type PersonState, personState, stateAtEnd, stateInChecks } from "./person.js";
import type { Camera, Entry } from "./timeline.js";

type CameraStatus = "idle" | "publishing" | "stopped";

export interface CameraView {
  readonly status: CameraStatus;
  /** Since when, in milliseconds since 1970. Undefined: it is not known. */
  readonly since: number | undefined;
}

/** The facts that an invigilator sees about one candidate in a room. */
export interface SeatView extends ControlFacts {
  readonly userId: string;
  readonly name: string;
  /** What tells them from others of their name. */
  readonly label: string;
  readonly extraMinutes: number;
  readonly attempt?: Attempt | undefined;
  readonly state: PersonState;
  readonly since: number | undefined;
  readonly cameras: { readonly [Name in Camera]: CameraView };
  /** Whether they use a PC as the second camera. */
  readonly hasPc: boolean;
  readonly isHere: boolean;
  /** How many records came in the window. */
  readonly detections: number;
  readonly lastDetection: { readonly at: number; readonly detectType: string } | undefined;
  /** The questions that are not answered yet. */
  readonly asks: { readonly at: number; readonly text: string } | undefined;
  /** Their open hand. */
  readonly hand: Hand | undefined;
}

export interface SeatFacts {
  readonly members: readonly (ControlFacts & {
    readonly userId: string;
    readonly name: string;
    readonly role: string;
    readonly extraMinutes: number;
    readonly attempt?: Attempt | undefined;
    readonly readiness?: Readiness | undefined;
    readonly publishStatus: { readonly [Name in Camera]: CameraStatus };
  })[];
  /** What people are called, by user id. */
  readonly labels: ReadonlyMap<string, string>;
  readonly presence: readonly Presence[];
  readonly hands: readonly Hand[];
  readonly hasEnded: boolean;
  /** Whether candidates use the candidate's page. Default: no. */
  readonly usesPage?: boolean | undefined;
  /** When the exam begins and ends. Undefined: it is not known yet. */
  readonly times?: { readonly startTime: Date; readonly endTime: Date } | undefined;
  readonly now: number;
  /** The entries, newest first. */
  readonly entries: readonly Entry[];
  /** Since when cameras have their status and who was there, where the server tells it. */
  readonly known?: ReadonlyMap<string, KnownPast> | undefined;
  /** Records since this time count, in milliseconds since 1970. */
  readonly from: number;
}

/** The facts that `exam.people` tells about the past of a person. */
export interface KnownPast {
  readonly publishStatusSince: { readonly [Name in Camera]?: Date | undefined };
  readonly left: readonly { readonly camera: Camera; readonly since: Date }[];
}

/** The entries about one person, newest first. */
interface Past {
  readonly own: Entry[];
  asks: { readonly at: number; readonly text: string } | undefined;
}

const pastsOf = (entries: readonly Entry[]): { of: (userId: string) => Past } => {
  const pasts = new Map<string, Past>();
  const of = (userId: string): Past => {
    let past = pasts.get(userId);
    if (!past) {
      past = { own: [], asks: undefined };
      pasts.set(userId, past);
    }
    return past;
  };
  for (const entry of entries) if (entry.userId !== undefined) of(entry.userId).own.push(entry);
  // A question is open until a member of the staff writes to the person or to everybody.
  for (const { at, what } of entries.toReversed()) {
    if (what.is !== "message") continue;
    if (what.isFromCandidate) of(what.from).asks ??= { at, text: what.text };
    else if (what.to === undefined) for (const past of pasts.values()) past.asks = undefined;
    else for (const userId of what.to) of(userId).asks = undefined;
  }
  return { of };
};

const later = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : other === undefined ? one : Math.max(one, other);

/** Whether only a person who was there can have done it. */
const isByThem = ({ kind, what }: Entry): boolean =>
  kind === "presence" || kind === "cameras" || (what.is === "message" && what.isFromCandidate);

export const CAMERAS: readonly Camera[] = ["main", "pc"];

/** The facts about each candidate, in the order of the room. */
export const seatsOf = ({
  members,
  labels,
  presence,
  hands,
  hasEnded: hasRoomEnded,
  usesPage = false,
  times,
  now,
  entries,
  known,
  from,
}: SeatFacts): readonly SeatView[] => {
  const pasts = pastsOf(entries);
  const pages = new Map<string, Presence[]>();
  for (const page of presence) pages.set(page.userId, [...(pages.get(page.userId) ?? []), page]);
  return members
    .filter(({ role }) => role === "examinee")
    .map((member): SeatView => {
      const { userId, publishStatus, attempt } = member;
      const hasEnded = hasRoomEnded || (attempt !== undefined && isOver(attempt));
      const { own, asks } = pasts.of(userId);
      const here = pages.get(userId) ?? [];
      const past = known?.get(userId);
      const newest = (is: string, camera?: Camera): number | undefined =>
        own.find(
          ({ what }) =>
            what.is === is && (camera === undefined || ("camera" in what && what.camera === camera)),
        )?.at;
      const camera = (which: Camera): CameraView => {
        const status = publishStatus[which];
        const told = past?.publishStatusSince[which]?.getTime();
        return { status, since: status === "idle" ? undefined : later(newest(status, which), told) };
      };
      const cameras = { main: camera("main"), pc: camera("pc") };
      const leftAt = past?.left.reduce<number | undefined>(
        (last, { since }) => later(last, since.getTime()),
        undefined,
      );
      const connected = personState({
        isConnected: here.length > 0,
        wasConnected:
          own.some(isByThem) ||
          leftAt !== undefined ||
          CAMERAS.some((which) => publishStatus[which] !== "idle"),
        cameras: [publishStatus.main, publishStatus.pc],
        devices: Math.max(0, ...here.map(({ devices }) => devices)),
        hasEnded,
      });
      const found = stateInChecks(connected, member, usesPage);
      const records = own.filter(({ what }) => what.is === "record");
      const last = records[0];
      const stopped = CAMERAS.flatMap((which) =>
        cameras[which].status === "stopped" ? [cameras[which].since] : [],
      );
      const since =
        found === "disconnected"
          ? later(newest("left"), leftAt)
          : found === "dark"
            ? stopped.reduce(later)
            : undefined;
      const control = controlOf(member, times, now);
      // When the page of a person who is away closed is not always known. Its camera stopped by then.
      const rest = stopped.reduce(later, since);
      const state = stateAtEnd(found, { since: rest, endsAt: control.endsAt }, now);
      return {
        ...member,
        label: labels.get(userId) ?? member.name,
        ...control,
        state,
        since: state === found ? since : undefined,
        cameras,
        hasPc: publishStatus.pc !== "idle" || here.some((page) => page.camera === "pc"),
        isHere: here.length > 0,
        detections: records.filter(({ at }) => at >= from).length,
        lastDetection:
          last?.what.is === "record" ? { at: last.at, detectType: last.what.detectType } : undefined,
        asks: hasEnded ? undefined : asks,
        hand: hands.find((hand) => hand.userId === userId),
      };
    });
};
