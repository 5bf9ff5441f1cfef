import {
  type Caller,
  type ExamSeries,
  type ExamSeriesInput,
  ROOM_SERIES_MINUTES,
  type RoomSeriesInput,
  type RoomSeriesPage,
  SERIES_MINUTES,
} from "@invigil/schema";
import { assertAccessible } from "../../domain/accessible-rooms.js";
import type { AccessibleExam, Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { roomNotFound } from "../../platform/errors.js";
import { groupBy } from "../../platform/rows.js";
import type { CountedMinute, Counts, RoomMinute, SeriesStore } from "./store.js";

const MINUTE_MS = 60_000;
/** The most minutes of rooms that one call reads to add them up. */
const MAX_READ = 20_000;

type Lists = Pick<ExamSeries, keyof Counts>;

/** Lists the counts of each minute. Several of one minute are added up. */
const listsOf = (counted: readonly CountedMinute[], start: number, length: number): Lists => {
  const empty = (): (number | null)[] => Array.from({ length }, () => null);
  const lists = { present: empty(), publishing: empty(), detections: empty() };
  for (const one of counted) {
    const index = (one.minute.getTime() - start) / MINUTE_MS;
    lists.present[index] = (lists.present[index] ?? 0) + one.present;
    lists.publishing[index] = (lists.publishing[index] ?? 0) + one.publishing;
    lists.detections[index] = (lists.detections[index] ?? 0) + one.detections;
  }
  return lists;
};

export type SeriesService = ReturnType<typeof createSeriesService>;

/** Reads the counts of rooms, minute by minute. */
export const createSeriesService = ({
  store,
  rates,
  clock,
}: {
  store: Pick<SeriesStore, "ofExam" | "ofRoom" | "ofRooms" | "roomsAfter">;
  rates: Pick<RateLimits, "charge">;
  clock: () => Date;
}) => {
  /** When the minute began that was this many minutes before the current one. */
  const minutesAgo = (minutes: number): Date =>
    new Date((Math.floor(clock().getTime() / MINUTE_MS) - minutes) * MINUTE_MS);
  const later = (one: Date, other: Date | undefined): Date => (other && other > one ? other : one);

  /** The sums of some of the rooms, for as many minutes as may be read. */
  const sumsOf = (examId: string, roomIds: readonly string[], since: Date): Promise<RoomMinute[]> =>
    store.ofRooms(
      examId,
      roomIds,
      later(since, minutesAgo(Math.max(1, Math.floor(MAX_READ / roomIds.length)))),
    );

  const minutesOf = async (
    { exam: { id: examId }, rooms }: AccessibleExam,
    { roomId }: ExamSeriesInput,
    since: Date,
  ): Promise<readonly CountedMinute[]> => {
    if (roomId !== undefined) {
      assertAccessible(rooms, roomId);
      const minutes = await store.ofRoom({ examId, roomId }, since);
      if (!minutes) throw roomNotFound(roomId);
      return minutes;
    }
    return rooms === "all" ? store.ofExam(examId, since) : sumsOf(examId, rooms, since);
  };

  return {
    /** The sums of the rooms that the caller may see, or one of them. */
    async ofExam(caller: Caller, of: Opened<"roomsToRun">, input: ExamSeriesInput): Promise<ExamSeries> {
      const since = later(minutesAgo(SERIES_MINUTES), input.since);
      const counted = await minutesOf(of, input, since);
      rates.charge({ caller }, { readRows: counted.length });
      const times = counted.map(({ minute }) => minute.getTime());
      const start = times.length === 0 ? since.getTime() : Math.min(...times);
      const length = times.length === 0 ? 0 : (Math.max(...times) - start) / MINUTE_MS + 1;
      return { start: new Date(start), ...listsOf(counted, start, length) };
    },
    /** The last hour of each room that the caller may see, page by page. */
    async ofRooms(
      caller: Caller,
      { exam: { id: examId }, rooms }: Opened<"roomsToRun">,
      { pageSize, cursor = "" }: RoomSeriesInput,
    ): Promise<RoomSeriesPage> {
      const start = minutesAgo(ROOM_SERIES_MINUTES);
      const ids =
        rooms === "all"
          ? await store.roomsAfter(examId, cursor, pageSize + 1)
          : rooms
              .filter((id) => id > cursor)
              .toSorted()
              .slice(0, pageSize + 1);
      const page = ids.slice(0, pageSize);
      const counted = await store.ofRooms(examId, page, start);
      rates.charge({ caller }, { readRows: counted.length });
      const byRoom = groupBy(counted, ({ roomId }) => roomId);
      const nextCursor = ids.length > pageSize ? page.at(-1) : undefined;
      return {
        start,
        rooms: page.map((roomId) => ({
          roomId,
          ...listsOf(byRoom.get(roomId) ?? [], start.getTime(), ROOM_SERIES_MINUTES),
        })),
        ...(nextCursor !== undefined && { nextCursor }),
      };
    },
  };
};
