import {
  type CheatRecord,
  type ExamEntry,
  type Hand,
  type Message,
  type Presence,
  type RoomEvent,
  type RouterOutputs,
  type SignalName,
  type StreamEvent,
  signalName,
  type TalkChangedEvent,
  type TalkPage,
} from "@invigil/client";
import { LAST_RESERVED_TYPE } from "@invigil/schema";
import { phaseOf } from "./phases.js";

export type Camera = "main" | "pc";

/** The type of what people write to each other: `{ text }`. */
export const WRITTEN = LAST_RESERVED_TYPE + 1;

/** The signals that are worth a line. The others answer these, or say what events say. */
const SIGNALS = [
  "startCall",
  "endCall",
  "startLiveBroadcast",
  "stopLiveBroadcast",
  "broadcastAudio",
  "stopAudioBroadcast",
  "publishFailed",
  "endUser",
] as const satisfies readonly SignalName[];
export type ShownSignal = (typeof SIGNALS)[number];
const signalOf = (type: number): ShownSignal | undefined => {
  const name = signalName(type);
  return SIGNALS.find((shown) => shown === name);
};

/** The kinds of entries, by which a timeline is filtered. */
export type Kind = "presence" | "cameras" | "records" | "messages" | "decisions" | "notes" | "room";

/** What is decided about people. */
const DECISIONS = ["pause", "resume", "extend", "terminate", "finish", "reopen", "times"] as const;
export type Decision = ExamEntry & { readonly kind: (typeof DECISIONS)[number] };
const isDecision = (entry: ExamEntry): entry is Decision => DECISIONS.some((kind) => kind === entry.kind);
/** What staff found of a person, or noted about a person or a room. */
export type Noted = ExamEntry & { readonly kind: "identity" | "note" };
const isNoted = (entry: ExamEntry): entry is Noted => entry.kind === "identity" || entry.kind === "note";

export type What =
  | { readonly is: "entered" | "left" | "publishing" | "stopped"; readonly camera: Camera }
  /** A camera that stopped and a page that left when the exam was over for their person. */
  | { readonly is: "off" | "closed"; readonly camera: Camera }
  | { readonly is: "timeOver" }
  | { readonly is: "devices"; readonly camera: Camera; readonly devices: number }
  | {
      readonly is: "record";
      readonly camera: Camera;
      readonly detectType: string;
      /** How long it lasted, in milliseconds. Undefined: a detector does not say, or it goes on. */
      readonly lastedMs: number | undefined;
    }
  | {
      readonly is: "message";
      readonly from: string;
      readonly isFromCandidate: boolean;
      /** The people whom it is for. Undefined: everybody. */
      readonly to: readonly string[] | undefined;
      readonly text: string;
    }
  | {
      readonly is: "signal";
      readonly from: string;
      readonly to: readonly string[] | undefined;
      readonly signal: ShownSignal;
    }
  | {
      readonly is: "raised" | "granted" | "resolved";
      readonly ask: Hand["kind"];
      /** What the person wrote, or what staff noted. */
      readonly text: string | undefined;
    }
  | { readonly is: "decided"; readonly decision: Decision }
  | { readonly is: "noted"; readonly noted: Noted }
  | { readonly is: "consented" }
  | {
      readonly is: "talked";
      readonly by: string;
      /** How long it lasted, in milliseconds. Undefined: it goes on. */
      readonly lastedMs: number | undefined;
      /** Whether it played on the page of the person. */
      readonly isHeard: boolean;
    }
  /** The end of a talk, and that the one that began at `since` was heard. They are no lines: they tell about the talk. */
  | { readonly is: "talkEnded" }
  | { readonly is: "talkHeard"; readonly since: number }
  | { readonly is: "added" | "removed" }
  | { readonly is: "updated"; readonly extraMinutes: number }
  | { readonly is: "ended" | "reopened" | "speaking" | "silent" }
  /** Nothing happened: what was before is not kept in full. */
  | { readonly is: "cut" };

type Clock = "candidate" | "streams" | "author";

/** Something that happened in a room. */
export interface Entry {
  /** The same for the same happening, whether a list or an event tells it. */
  readonly key: string;
  readonly kind: Kind;
  /** When it happened by the server's clock, in milliseconds since 1970. */
  readonly at: number;
  /** The one person whom it is about. Undefined: everybody in the room. */
  readonly userId: string | undefined;
  readonly what: What;
  /** When it happened by another clock, where that differs from the server's: that of the candidate's device, of the stream service, or of who noted it. */
  readonly elsewhere?: { readonly clock: Clock; readonly at: number } | undefined;
}

/** A smaller difference of two times is the way to the server, and not a clock that is wrong. */
const SAME_TIME_MS = 5000;
const elsewhere = (clock: Clock, time: Date, received: Date): Entry["elsewhere"] =>
  Math.abs(time.getTime() - received.getTime()) < SAME_TIME_MS ? undefined : { clock, at: time.getTime() };

const PC = "pc_";
/** The person of a message login. */
export const personOf = (login: string): string => (login.startsWith(PC) ? login.slice(PC.length) : login);

/** The logins of a person's pages: the main page, and that of the PC if they use it. */
export const loginsOf = (userId: string, hasPc: boolean): readonly string[] =>
  hasPc ? [userId, PC + userId] : [userId];

const peopleOf = (logins: readonly string[] | undefined): readonly string[] | undefined =>
  logins && [...new Set(logins.map(personOf))];

export const recordEntry = (record: CheatRecord): Entry => {
  const { id, userId, createdAt, detectTime, detectType, isMainMonitor } = record;
  const phase = phaseOf(record);
  return {
    key: phase ? `detector ${phase.id}` : `record ${id}`,
    kind: "records",
    at: createdAt.getTime(),
    userId,
    what: {
      is: "record",
      camera: isMainMonitor ? "main" : "pc",
      detectType,
      lastedMs: phase?.lastedMs,
    },
    elsewhere: elsewhere("candidate", detectTime, createdAt),
  };
};
/** The first of two that tell the same, with the length that the other knows, and whether it was heard. */
const first = (one: Entry, other: Entry): Entry => {
  const [earlier, later] = other.at < one.at ? [other, one] : [one, other];
  if (!("lastedMs" in earlier.what && "lastedMs" in later.what)) return earlier;
  const lastedMs = earlier.what.lastedMs ?? later.what.lastedMs;
  if (!("isHeard" in earlier.what && "isHeard" in later.what))
    return { ...earlier, what: { ...earlier.what, lastedMs } };
  return {
    ...earlier,
    what: { ...earlier.what, lastedMs, isHeard: earlier.what.isHeard || later.what.isHeard },
  };
};

const memberOf = (data: unknown, name: string): unknown =>
  typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;

/** Undefined: it is an answer, or says what an event says. */
export const messageEntry = ({ id, type, data, sender, to, time }: Message): Entry | undefined => {
  const text = memberOf(data, "text");
  const receivers = peopleOf(to);
  const isFromCandidate = sender.role === "examinee";
  const only = receivers?.length === 1 ? receivers[0] : undefined;
  const entry = {
    kind: "messages",
    at: time.getTime(),
    userId: isFromCandidate ? sender.userId : only,
  } as const;
  const from = sender.userId;
  if (type > LAST_RESERVED_TYPE)
    return typeof text === "string" && text.trim() !== ""
      ? {
          ...entry,
          key: `message ${id}`,
          what: { is: "message", from, isFromCandidate, to: receivers, text },
        }
      : undefined;
  const signal = signalOf(type);
  // Messages of the server itself follow from other entries.
  if (!signal || sender.role === "server") return undefined;
  const sid = memberOf(data, "sid");
  // A command is sent again to those who have not answered, with the same id.
  const key = typeof sid === "string" && sid !== "" ? `${signal} ${sid}` : `message ${id}`;
  return { ...entry, key, what: { is: "signal", from, to: receivers, signal } };
};

const cameraEntry = (
  userId: string,
  camera: Camera,
  status: "publishing" | "stopped",
  time: Date,
): Entry => ({
  key: `${status} ${userId} ${camera} ${time.getTime()}`,
  kind: "cameras",
  at: time.getTime(),
  userId,
  what: { is: status, camera },
});

export const streamEntry = ({ userId, camera, action, eventTime, createdAt }: StreamEvent): Entry => ({
  ...cameraEntry(userId, camera, action === "publish" ? "publishing" : "stopped", createdAt),
  elsewhere: elsewhere("streams", eventTime, createdAt),
});

const presenceEntry = (userId: string, camera: Camera, is: "entered" | "left", time: Date): Entry => ({
  key: `${is} ${userId} ${camera} ${time.getTime()}`,
  kind: "presence",
  at: time.getTime(),
  userId,
  what: { is, camera },
});

/** The facts that a connected page tells about the past. */
export const pageEntry = ({ userId, camera, since }: Pick<Presence, "userId" | "camera" | "since">): Entry =>
  presenceEntry(userId, camera, "entered", since);
/** The facts that a page tells that was connected. */
export const leftEntry = (userId: string, { camera, since }: { camera: Camera; since: Date }): Entry =>
  presenceEntry(userId, camera, "left", since);

/** What was decided, and what staff found and noted. */
export const staffEntries = (found: readonly ExamEntry[]): readonly Entry[] =>
  found.flatMap((entry): readonly Entry[] => {
    const { id, userId, time } = entry;
    const one = { key: `entry ${id}`, at: time.getTime(), userId } as const;
    if (isDecision(entry)) return [{ ...one, kind: "decisions", what: { is: "decided", decision: entry } }];
    if (entry.kind === "consent") return [{ ...one, kind: "notes", what: { is: "consented" } }];
    if (!isNoted(entry)) return [];
    return [
      {
        ...one,
        kind: "notes",
        what: { is: "noted", noted: entry },
        elsewhere: entry.at && elsewhere("author", entry.at, time),
      },
    ];
  });

type Visit = RouterOutputs["room"]["visits"]["visits"][number];
/** The coming and the going of a visit that is over. */
export const visitEntries = (userId: string, { camera, since, leftAt }: Visit): readonly Entry[] => [
  presenceEntry(userId, camera, "left", leftAt),
  presenceEntry(userId, camera, "entered", since),
];
/** A talk of staff with a candidate. */
export const talkEntry = ({
  userId,
  by,
  startedAt,
  heardAt,
  endedAt,
}: Pick<TalkPage["talks"][number], "userId" | "by" | "startedAt" | "heardAt" | "endedAt">): Entry => ({
  key: `talk ${userId} ${startedAt.getTime()}`,
  kind: "messages",
  at: startedAt.getTime(),
  userId,
  what: {
    is: "talked",
    by,
    lastedMs: endedAt && endedAt.getTime() - startedAt.getTime(),
    isHeard: heardAt !== undefined,
  },
});
const talkEvent = ({ id, userId, by, isTalking, time }: TalkChangedEvent): Entry =>
  isTalking
    ? talkEntry({ userId, by, startedAt: time })
    : { key: `event ${id}`, kind: "messages", at: time.getTime(), userId, what: { is: "talkEnded" } };
/** Tells of talks how long they lasted and that they were heard, as events tell. `entries`: the newest first. */
const withTalkEnds = (entries: readonly Entry[]): readonly Entry[] => {
  const ends = new Map<string | undefined, number>();
  const heard = new Set(
    entries.flatMap(({ what, userId }) => (what.is === "talkHeard" ? `${userId} ${what.since}` : [])),
  );
  return entries.flatMap((entry) => {
    const { what, userId, at } = entry;
    if (what.is === "talkEnded") {
      ends.set(userId, at);
      return [];
    }
    if (what.is === "talkHeard") return [];
    if (what.is !== "talked") return [entry];
    const end = ends.get(userId);
    ends.delete(userId);
    const isHeard = what.isHeard || heard.has(`${userId} ${at}`);
    return [{ ...entry, what: { ...what, isHeard, lastedMs: what.lastedMs ?? (end && end - at) } }];
  });
};
/** What a hand tells about the past: when it was raised, when the break began, and when it was resolved. */
export const handEntries = ({ id, userId, kind, text, note, ...hand }: Hand): readonly Entry[] => {
  const one = (
    is: "raised" | "granted" | "resolved",
    at: Date | undefined,
    said?: string,
  ): readonly Entry[] =>
    at
      ? [
          {
            key: `hand ${id} ${is}`,
            kind: "messages",
            at: at.getTime(),
            userId,
            what: { is, ask: kind, text: said },
          },
        ]
      : [];
  return [
    ...one("raised", hand.createdAt, text),
    ...one("granted", hand.grantedAt),
    ...one("resolved", hand.resolvedAt, note),
  ];
};

/** The entries of an event. None: it is no line of a timeline. */
export const eventEntries = (event: RoomEvent): readonly Entry[] => {
  const at = event.time.getTime();
  const one = (userId: string | undefined, what: What, kind: Kind = "room"): readonly Entry[] => [
    { key: `event ${event.id}`, kind, at, userId, what },
  ];
  switch (event.type) {
    case "participant_entered":
    case "participant_left":
      // Teachers and inspectors come and go without a line.
      if (event.role !== "examinee") return [];
      return [
        presenceEntry(
          event.userId,
          event.camera,
          event.type === "participant_left" ? "left" : "entered",
          event.time,
        ),
      ];
    case "devices_changed":
      return event.role === "examinee"
        ? one(event.userId, { is: "devices", camera: event.camera, devices: event.devices }, "presence")
        : [];
    case "publish_status_changed":
      return event.status === "idle"
        ? []
        : [cameraEntry(event.userId, event.camera, event.status, event.time)];
    case "cheat_records_added":
      return event.records.map(recordEntry);
    case "message": {
      const entry = messageEntry(event.message);
      return entry ? [entry] : [];
    }
    case "hand_changed":
      return handEntries(event.hand);
    case "entries_added":
      return staffEntries(event.entries);
    case "talk_changed":
      return [talkEvent(event)];
    case "talk_heard":
      return event.isHeard
        ? one(event.userId, { is: "talkHeard", since: event.since.getTime() }, "messages")
        : [];
    case "participant_added":
      // They were in the exam before, in another room.
      return [
        ...one(event.userId, { is: "added" }),
        ...(event.mainLeftAt ? [presenceEntry(event.userId, "main", "left", event.mainLeftAt)] : []),
        ...(event.pcLeftAt ? [presenceEntry(event.userId, "pc", "left", event.pcLeftAt)] : []),
      ];
    case "participant_removed":
      return one(event.userId, { is: "removed" });
    case "participant_updated":
      return one(event.userId, { is: "updated", extraMinutes: event.extraMinutes });
    case "room_ended":
      return one(undefined, { is: "ended" });
    case "room_reopened":
      return one(undefined, { is: "reopened" });
    case "audio_status_changed":
      return one(undefined, { is: event.audioStatus });
    default:
      return [];
  }
};

/** Says from when on a kind of entries is complete. Its key puts it below what happened at that time. */
export const cutEntry = (since: Date, kind: Kind = "presence"): Entry => ({
  key: "cut",
  kind,
  at: since.getTime(),
  userId: undefined,
  what: { is: "cut" },
});
/** Whether an entry is something that happened. */
export const isHappening = ({ what }: Entry): boolean => what.is !== "cut";

/** A part of a list that is read backwards, the newest first. */
export interface Part {
  readonly entries: readonly Entry[];
  /** Since when everything of the list is read, in milliseconds since 1970, if the list goes on. */
  readonly since?: number | undefined;
}

/**
 * One column of several lists: newest first, each happening once. What is older than the end of a list that goes on is left out, because
 * something that is not read yet would belong above it.
 *
 * @param others - entries that belong to no list: events, and what the state tells about the past
 */
export const mergeTimeline = (parts: readonly Part[], others: readonly Entry[]): readonly Entry[] => {
  const from = Math.max(...parts.map(({ since = Number.NEGATIVE_INFINITY }) => since));
  const byKey = new Map<string, Entry>();
  for (const entry of [...parts.flatMap(({ entries }) => entries), ...others]) {
    if (entry.at < from) continue;
    const known = byKey.get(entry.key);
    // The first of several tells when it was asked for.
    byKey.set(entry.key, known ? first(known, entry) : entry);
  }
  return withTalkEnds(
    [...byKey.values()].sort(
      (one, other) => other.at - one.at || other.key.localeCompare(one.key, "en", { numeric: true }),
    ),
  );
};

/** Whether an entry belongs into the timeline of a person: it is about them, for them, or for everybody. */
export const concerns = ({ userId, what }: Entry, person: string): boolean => {
  if (userId !== undefined) return userId === person;
  // A note about a room is no note about each person in it.
  if (what.is === "noted") return false;
  if (what.is === "message" || what.is === "signal") return what.to === undefined || what.to.includes(person);
  return true;
};
