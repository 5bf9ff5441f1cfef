import { setImmediate as nextTurn } from "node:timers/promises";
import type { AddPeople } from "./read.js";
import type { RosterPerson } from "./row-action.js";

/**
 * The people of a file, each once, in the order of its rows. They stay in memory until they are imported. The
 * size limits of a file bound them: see docs/decisions/0012.
 */
export interface Roster {
  readonly people: readonly RosterPerson[];
  readonly add: AddPeople;
}

export const createRoster = (): Roster => {
  const people: RosterPerson[] = [];
  const rows = new Map<string, number>();
  return {
    people,
    async add(added) {
      const repeated: { person: RosterPerson; earlier: number }[] = [];
      for (const person of added) {
        const earlier = rows.get(person.userId);
        if (earlier === undefined) {
          rows.set(person.userId, person.row);
          people.push(person);
        } else repeated.push({ person, earlier });
      }
      await nextTurn();
      return repeated;
    },
  };
};
