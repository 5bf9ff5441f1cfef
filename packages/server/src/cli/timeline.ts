import {
  type CheatRecord,
  type ExamEntry,
  endsAtOf,
  type Hand,
  isOver,
  type ListedEvent,
  listedEventTypes,
  type Message,
  type Room,
  RUNNING,
  type StreamEvent,
  signalName,
  signals,
  type TalkPage,
} from "@invigil/schema";
import type { Command } from "commander";
import { InvigilError } from "../platform/errors.js";
import { jsonOption } from "./arguments.js";
import { allEntries, entryDetails } from "./exam-entries.js";
import { withLocalApp } from "./local-app.js";
import { fetchAllPages, findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { print, table } from "./output.js";
import { eventDetails } from "./room-events.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

interface TimelineOptions {
  exam?: string;
  room?: string;
  json?: true;
}

/** Something that happened to a person in a room. */
interface Entry {
  readonly time: Date;
  /** When it happened by the clock of the candidate's device or of the stream service. */
  readonly timeElsewhere?: Date;
  readonly roomId?: string | undefined;
  readonly event: string;
  readonly details: string;
}

/** A smaller difference of two times is the way to the server, and not a clock that is wrong. */
const SAME_TIME_MS = 5000;
/** Events that other lists tell, which are kept longer. */
const TOLD_BY_LISTS: ReadonlySet<string> = new Set([
  "publish_status_changed",
  "attempt_changed",
  "talk_changed",
  "talk_heard",
]);
const LOGGED = listedEventTypes.filter((type) => !TOLD_BY_LISTS.has(type));
/** The fields of an event that have columns, are the same for all, or are told by visits. */
const SHOWN: ReadonlySet<string> = new Set([
  "type",
  "id",
  "roomId",
  "time",
  "since",
  "userId",
  "role",
  "mainLeftAt",
  "pcLeftAt",
]);

const ofEvent = (event: ListedEvent): Entry => ({
  time: event.time,
  roomId: event.roomId,
  event: event.type,
  details: eventDetails(event, SHOWN),
});
const ofRecord = ({ roomId, createdAt, detectTime, detectType, isMainMonitor }: CheatRecord): Entry => ({
  time: createdAt,
  timeElsewhere: detectTime,
  roomId,
  event: "cheat_record",
  details: `camera ${isMainMonitor ? "main" : "pc"}, ${detectType}`,
});
const ofStream = ({ roomId, createdAt, eventTime, camera, action }: StreamEvent): Entry => ({
  time: createdAt,
  timeElsewhere: eventTime,
  roomId,
  event: action,
  details: `camera ${camera}`,
});
const authorOf = ({ userId, name }: NonNullable<ExamEntry["by"]>): string =>
  name === undefined ? userId.trim() : `${name} (${userId.trim()})`;
const ofDecision = (entry: ExamEntry): Entry => ({
  time: entry.time,
  roomId: entry.roomId,
  event: entry.kind,
  details: [entry.by ? `by ${authorOf(entry.by)}` : "", entryDetails(entry)].filter(Boolean).join(", "),
});
/** Returns nothing for what the server sends, and for answers of pages. */
const ofMessage = ({ roomId, time, type, data, sender, to }: Message): Entry[] => {
  const name = signalName(type);
  if (sender.role === "server" || (name && signals[name].kind === "answer")) return [];
  const receivers = to ? to.join(", ") : sender.role === "examinee" ? "staff" : "everybody";
  const text = typeof data === "object" && data !== null && "text" in data ? data.text : data;
  const content = name ?? (typeof text === "string" ? text : JSON.stringify(text));
  return [{ time, roomId, event: "message", details: `${sender.userId} to ${receivers}: ${content}` }];
};
/** When a hand was raised, when the break began, and when it was resolved; newest first. */
const ofHand = ({ roomId, kind, text, createdAt, grantedAt, resolvedAt, takenBy, note }: Hand): Entry[] => {
  const one = (event: string, time: Date | undefined, ...details: (string | undefined)[]): Entry[] =>
    time ? [{ time, roomId, event, details: details.filter(Boolean).join(", ") }] : [];
  const by = takenBy && `by ${takenBy.trim()}`;
  return [
    ...one("hand_resolved", resolvedAt, kind, by, note),
    ...one("hand_granted", grantedAt, kind),
    ...one("hand_raised", createdAt, kind, text),
  ];
};
/** When a member of the staff began to talk to the person, who heard it, and when they stopped; newest first. */
const ofTalk = ({ roomId, by, startedAt, heardAt, endedAt }: TalkPage["talks"][number]): Entry[] => {
  const details = `by ${by.trim()}`;
  if (!heardAt) return [{ time: startedAt, roomId, event: "talk_unheard", details }];
  return [
    ...(endedAt ? [{ time: endedAt, roomId, event: "talk_ended", details }] : []),
    { time: startedAt, roomId, event: "talk_began", details },
  ];
};
const ofPage = (
  event: "participant_entered" | "participant_left",
  roomId: string,
  camera: string,
  time: Date,
) => ({
  time,
  roomId,
  event,
  details: `camera ${camera}`,
});

/**
 * Reads what the lists of a room have of a person. While they sit in it, the lists also have what happened in other rooms, except events.
 * The event log is complete from `completeSince` on.
 */
const readRoom = async ({ call }: Pick<LocalApp, "call">, roomId: string, userId: string) => {
  let completeSince: Date | undefined;
  const input = (cursor: number | undefined) => ({ roomId, userId, cursor, pageSize: 100 });
  const records = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.cheat.listRecords({ roomId, userIds: [userId], cursor, pageSize: 100 });
    return { items: page.records.map(ofRecord), nextCursor: page.nextCursor };
  });
  const messages = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.im.history(input(cursor));
    return { items: page.messages.flatMap(ofMessage), nextCursor: page.nextCursor };
  });
  const streams = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.stream.listEvents(input(cursor));
    return { items: page.events.map(ofStream), nextCursor: page.nextCursor };
  });
  const visits = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.room.visits(input(cursor));
    return {
      items: page.visits.flatMap(({ roomId: of, camera, since, leftAt }) => [
        ofPage("participant_left", of, camera, leftAt),
        ofPage("participant_entered", of, camera, since),
      ]),
      nextCursor: page.nextCursor,
    };
  });
  const hands = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.hand.list(input(cursor));
    return { items: page.hands, nextCursor: page.nextCursor };
  });
  const talks = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.stream.listTalks(input(cursor));
    return { items: page.talks.flatMap(ofTalk), nextCursor: page.nextCursor };
  });
  const present = (await call.room.presence({ roomId }))
    .filter((page) => page.userId === userId)
    .map(({ camera, since }) => ofPage("participant_entered", roomId, camera, since));
  const events = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.room.listEvents({ ...input(cursor), types: LOGGED });
    completeSince = page.completeSince;
    return { items: page.events.map(ofEvent), nextCursor: page.nextCursor };
  });
  const seen = new Set<string>();
  // The log tells of visits, too. Those from before visits were kept are there alone.
  const pages = [...visits, ...present, ...events].filter(({ roomId: of, event, details, time }) => {
    const key = `${of} ${event} ${details} ${time.getTime()}`;
    return !event.startsWith("participant_") || (!seen.has(key) && seen.add(key));
  });
  const asked = hands.toReversed().flatMap(ofHand);
  return { entries: [...records, ...messages, ...streams, ...asked, ...talks, ...pages], completeSince };
};

/** The rooms of an exam in which a person is, or was recorded. Those in which they were before are found in the lists of these. */
const roomsOf = async (
  { call }: Pick<LocalApp, "call">,
  examId: string,
  userId: string,
): Promise<string[]> => {
  const { rooms } = await call.participant.locate({ examId, userId });
  const recorded = await fetchAllPages(async (cursor: number | undefined) => {
    const page = await call.cheat.listRecords({ examId, userIds: [userId], cursor, pageSize: 100 });
    return { items: page.records.map(({ roomId }) => roomId), nextCursor: page.nextCursor };
  });
  return [...new Set([...rooms.map(({ roomId }) => roomId), ...recorded])];
};

/** The end of the person's time, as it follows from their attempt. None: their exam goes on, or it was ended before. */
const timeOver = async (
  { call, deps }: Pick<LocalApp, "call" | "deps">,
  examId: string,
  userId: string,
): Promise<Entry[]> => {
  const now = deps.clock();
  const [exam, found] = await Promise.all([
    call.exam.get({ examId }),
    fetchAllPages(async (cursor: string | undefined) => {
      const { people, nextCursor } = await call.exam.people({ examId, search: userId, cursor });
      return { items: people, nextCursor };
    }),
  ]);
  const seats = found.filter((one) => one.userId === userId && one.role === "examinee");
  const extraMinutes = Math.max(0, ...seats.map((one) => one.extraMinutes));
  return seats.slice(0, 1).flatMap(({ roomId, attempt = RUNNING }) => {
    const time = endsAtOf({ ...exam, extraMinutes }, attempt, now);
    return isOver(attempt) || time > now ? [] : [{ time, roomId, event: "time_over", details: "" }];
  });
};

const textOf = (
  entries: readonly Entry[],
  rooms: ReadonlyMap<string, string>,
  local: (time: Date) => string,
): string =>
  table(
    ["TIME", "ROOM", "EVENT", "DETAILS"],
    entries.map(({ time, timeElsewhere, roomId, event, details }) => {
      const differs = timeElsewhere && Math.abs(time.getTime() - timeElsewhere.getTime()) >= SAME_TIME_MS;
      const clock = event === "cheat_record" ? "the device's clock" : "the stream service's clock";
      return [
        local(time),
        roomId === undefined ? "-" : (rooms.get(roomId) ?? roomId),
        event,
        differs ? `${details}; ${local(timeElsewhere)} by ${clock}` : details,
      ];
    }),
  );

/** Adds the command `timeline`. */
export const addTimeline = (program: Command, run: CommandRun): void => {
  program
    .command("timeline <user>")
    .description(
      "show what happened to a person in an exam: visits, cameras, cheat records, messages, raised hands, talks, consents and decisions",
    )
    .option("--exam <exam>", "the exam: its id or name")
    .option("--room <room>", "only this room: its id, or with --exam its name")
    .addOption(jsonOption())
    .action((userId: string, { exam, room, json }: TimelineOptions) =>
      withLocalApp(run, async ({ call, deps, config: { timeZone } }) => {
        if (exam === undefined && room === undefined)
          throw new InvigilError("INVALID_INPUT", "--exam or --room must be specified");
        const of = exam === undefined ? undefined : await findExam(call, exam);
        const rooms: Room[] = [];
        if (room !== undefined) rooms.push(await findRoom(call, room, of));
        const known = of && room === undefined ? await roomsOf({ call }, of.id, userId) : [];
        const ids = new Set([...rooms.map(({ id }) => id), ...known]);
        const entries: Entry[] = [];
        let completeSince: Date | undefined;
        // The set grows while it is read.
        for (const id of ids) {
          if (!rooms.some((one) => one.id === id)) rooms.push(await call.room.get({ roomId: id }));
          const found = await readRoom({ call }, id, userId);
          for (const entry of found.entries)
            if (entry.roomId === id) entries.push(entry);
            else if (entry.roomId !== undefined && room === undefined) ids.add(entry.roomId);
          if (found.completeSince && (!completeSince || found.completeSince > completeSince))
            completeSince = found.completeSince;
        }
        const examId = of?.id ?? rooms[0]?.examId;
        if (examId !== undefined) {
          const roomId = room === undefined ? undefined : rooms[0]?.id;
          entries.push(...(await allEntries(call, { examId, roomId, userId })).map(ofDecision));
          const overs = await timeOver({ call, deps }, examId, userId);
          entries.push(...overs.filter((one) => room === undefined || one.roomId === roomId));
        }
        // Lists are newest first, which also orders what happened at one time.
        entries.reverse().sort((one, other) => one.time.getTime() - other.time.getTime());
        const formatted = timeFormatter(timeZone);
        const local = (time: Date) => formatted(time, "yyyy-MM-dd HH:mm:ss");
        const names = new Map(rooms.map(({ id, name }) => [id, name]));
        print(run, json, { entries, completeSince }, () =>
          [
            ...(completeSince
              ? [`Changes of devices, minutes and the room before ${local(completeSince)} are not kept.`]
              : []),
            entries.length > 0 ? textOf(entries, names, local) : `Nothing happened to ${userId}.`,
          ].join("\n"),
        );
      }),
    );
};
