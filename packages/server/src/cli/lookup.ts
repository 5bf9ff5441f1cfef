import type { ExamSummary, RestorableExam, Room } from "@invigil/schema";
import { SetupError } from "../platform/setup-error.js";
import type { LocalApp } from "./open-local-app.js";

// Finds an exam or a room by its id, or by its name if only one has that name. If several rooms have the
// name, it refers to the only one in progress, if there is exactly one.

type Call = LocalApp["call"];

interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  readonly nextCursor?: Cursor | undefined;
}

/** Collects the items of all pages. */
export const fetchAllPages = async <Item, Cursor>(
  ask: (cursor: Cursor | undefined) => Promise<Page<Item, Cursor>>,
): Promise<Item[]> => {
  const all: Item[] = [];
  let cursor: Cursor | undefined;
  do {
    const { items, nextCursor } = await ask(cursor);
    all.push(...items);
    cursor = nextCursor;
  } while (cursor !== undefined);
  return all;
};
const pageSize = 100;

/** All exams, newest first. */
export const allExams = (call: Call): Promise<ExamSummary[]> =>
  fetchAllPages(async (cursor: string | undefined) => {
    const { exams: items, nextCursor } = await call.exam.list({ cursor, pageSize });
    return { items, nextCursor };
  });

/** All deleted exams that can be restored, newest first. */
export const allDeletedExams = (call: Call): Promise<RestorableExam[]> =>
  fetchAllPages(async (cursor: string | undefined) => {
    const { exams: items, nextCursor } = await call.exam.listDeleted({ cursor, pageSize });
    return { items, nextCursor };
  });

/** All rooms of an exam, or of all exams, newest first. */
export const allRooms = (call: Call, examId?: string): Promise<Room[]> =>
  fetchAllPages(async (cursor: string | undefined) => {
    const { rooms: items, nextCursor } = await call.room.list({ examId, cursor, pageSize });
    return { items, nextCursor };
  });

const findUnique = <Thing extends { id: string; name: string }>(
  what: string,
  text: string,
  things: readonly Thing[],
  {
    isPreferred = () => false,
    describe = () => "",
  }: { isPreferred?: (thing: Thing) => boolean; describe?: (thing: Thing) => string } = {},
): Thing => {
  const byId = things.filter(({ id }) => id === text);
  const matches = byId.length > 0 ? byId : things.filter(({ name }) => name === text);
  const preferred = matches.filter(isPreferred);
  const [found, ...others] = preferred.length === 1 ? preferred : matches;
  if (!found) throw new SetupError(`There is no ${what} '${text}'`);
  if (others.length === 0) return found;
  const ids = [found, ...others].map((thing) => `${thing.id}${describe(thing)}`).join(", ");
  throw new SetupError(
    `${others.length + 1} ${what}s are named '${text}': specify the id of one of them (${ids})`,
  );
};

const minuteOf = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;
/** What tells an exam from others of its name. */
export const differencesOf = ({ startTime, createdAt }: ExamSummary): string =>
  ` begins ${minuteOf(startTime)}, created ${minuteOf(createdAt)}`;

/**
 * Finds an exam by its id or name.
 * @throws SetupError if there is no such exam, or several
 */
export const findExam = async (call: Call, text: string): Promise<ExamSummary> =>
  findUnique("exam", text, await allExams(call), { describe: differencesOf });

/**
 * Finds a deleted exam by its id or name.
 * @throws SetupError if there is no such exam that could be restored, or several
 */
export const findDeletedExam = async (call: Call, text: string): Promise<RestorableExam> =>
  findUnique("deleted exam", text, await allDeletedExams(call), {
    describe: ({ createdBy, deletedAt }) => ` created by ${createdBy}, deleted ${minuteOf(deletedAt)}`,
  });

/**
 * Finds a room of an exam by its id or name, or any room by its id.
 * @throws SetupError, ROOM_NOT_FOUND
 */
export const findRoom = async (call: Call, text: string, exam?: ExamSummary): Promise<Room> =>
  exam
    ? findUnique("room", text, await allRooms(call, exam.id), {
        isPreferred: ({ status }) => status === "in_progress",
      })
    : call.room.get({ roomId: text });
