import { SetupError } from "../setup-error.js";
import type { Office } from "./office.js";

// What is typed to mean an exam or a room: its id, or its name where that is one's alone.

const theOnly = (what: string, text: string, ids: readonly string[]): string => {
  const [id, ...others] = ids.includes(text) ? [text] : ids;
  if (id === undefined) throw new SetupError(`there is no ${what} '${text}'`);
  if (others.length > 0)
    throw new SetupError(`${ids.length} ${what}s are named '${text}'; give the id of one: ${ids.join(", ")}`);
  return id;
};

/** The id of an exam. @throws EXAM_NOT_FOUND */
export const findExam = async ({ call }: Office, text: string): Promise<string> =>
  (await call.exam.get({ examId: text })).id;

/** The id of a room of an exam. */
export const findRoom = async ({ call }: Office, examId: string, text: string): Promise<string> => {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await call.room.list({ examId, pageSize: 100, cursor });
    ids.push(...page.rooms.filter(({ id, name }) => id === text || name === text).map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return theOnly("room", text, ids);
};
