import { SetupError } from "../setup-error.js";
import type { Office } from "./office.js";
import { count } from "./output.js";

// Exams and rooms as people name them: by id, or by name where only one has it.

interface Named {
  readonly id: string;
  readonly name: string;
}

/** The one that is meant. @throws SetupError for none, and for more than one */
const oneOf = (what: string, named: string, all: readonly Named[]): string => {
  const byId = all.filter(({ id }) => id === named);
  const found = byId.length > 0 ? byId : all.filter(({ name }) => name === named);
  const [one, another] = found;
  if (one && !another) return one.id;
  throw new SetupError(
    one
      ? `There are ${count(found.length, what)} with the name '${named}': name it by its id`
      : `There is no ${what} '${named}'`,
  );
};

/** Every page of a list. */
const allOf = async <Page extends { nextCursor?: string | undefined }>(
  page: (cursor: string | undefined) => Promise<Page>,
): Promise<Page[]> => {
  const pages: Page[] = [];
  let cursor: string | undefined;
  do {
    const next = await page(cursor);
    pages.push(next);
    cursor = next.nextCursor;
  } while (cursor !== undefined);
  return pages;
};

/** A room of an exam. @throws SetupError */
export const roomOf = async (call: Office["call"], examId: string, room: string): Promise<string> => {
  const pages = await allOf((cursor) => call.room.list({ examId, cursor, pageSize: 100 }));
  return oneOf(
    "room",
    room,
    pages.flatMap(({ rooms }) => rooms),
  );
};
