import type { Card } from "@invigil/schema";
import { allRooms } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";

// A spare teacher may be in all rooms of an exam. On paper, they get one sheet with the links of their rooms, and the sheets of the rooms
// leave them out. One link for the whole exam would need a token that is bound to the exam, and revoking links raises the generations of
// seats, which such a token does not have: it could not be revoked together with the links (docs/decisions/0014-join-links.md).

/** Returns the user ids of the staff who are in several rooms of an exam. */
export const staffOfSeveralRooms = async (
  { call, services }: LocalApp,
  examId: string,
): Promise<ReadonlySet<string>> => {
  const [seen, several] = [new Set<string>(), new Set<string>()];
  for (const { id: roomId } of await allRooms(call, examId))
    for (const role of ["teacher", "inspector"] as const)
      for (const { userId } of await services.participant.members({ examId, roomId }, role))
        (seen.has(userId) ? several : seen).add(userId);
  return several;
};

/** The links of a person, for a sheet that lists the rooms of a person like a room's sheet lists its people. */
const sheetOf = (links: readonly Card[]): Card[] =>
  links.map((link) => ({ ...link, roomName: `${link.name} (${link.userId})`, name: link.roomName }));

/** Takes the links of some staff out of their rooms, and yields them person by person after the rooms. */
export async function* groupByPerson(
  rooms: AsyncIterable<readonly Card[]>,
  staff: ReadonlySet<string>,
): AsyncGenerator<readonly Card[]> {
  const taken = new Map<string, Card[]>();
  const isTaken = ({ role, userId }: Card): boolean => role !== "examinee" && staff.has(userId);
  for await (const links of rooms) {
    for (const link of links.filter(isTaken))
      taken.set(link.userId, [...(taken.get(link.userId) ?? []), link]);
    const left = links.filter((link) => !isTaken(link));
    if (left.length > 0) yield left;
  }
  for (const links of taken.values()) yield sheetOf(links);
}
