import { type LivePerson, searchFor } from "@invigil/client";
import { useMemo } from "react";
import { useLocale } from "use-intl";
import { isSeated } from "../../actions/people.js";
import { useNow } from "../../components/clock.js";
import { everybody, type Roster } from "../../components/roster.js";
import type { Sorting } from "../../components/search.js";
import { arrange, type CandidateFilter, createRanks, type SortColumn } from "../../live/candidates.js";
import { STATES } from "./search.js";

/** Choices that are offered only if a candidate has that state. */
const RARE: ReadonlySet<string> = new Set([
  "checking",
  "hand",
  "devices",
  "paused",
  "notReady",
  "publishing",
  "unseated",
  "ended",
]);

/** A person who is chosen, and what tells them from others of their name. */
export type Chosen = LivePerson & { readonly label: string };

/**
 * Who is listed, the states that the list can be narrowed to, and whom actions are meant for. The list is arranged once a second at most; each
 * row shows its own changes at once.
 *
 * @param search - what the address says
 * @param chosen - the ids of those who are chosen, who may have left since
 */
export const useCandidates = (
  { people, state: found, version, stateOf, controlOf, roomName, labelOf }: Roster,
  {
    state,
    room,
    q,
    sort,
  }: {
    readonly state: CandidateFilter["state"];
    readonly room: readonly string[];
    readonly q: string;
    readonly sort: Sorting<SortColumn>;
  },
  redFrom: number,
  chosen: ReadonlySet<string>,
  cameras: "one" | "both" = "one",
) => {
  const minute = useNow("minute");
  const locale = useLocale();
  const ranks = useMemo(() => createRanks(locale), [locale]);
  const matches = useMemo(() => (q.trim() === "" ? undefined : searchFor(q.trim())), [q]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that people have changed.
  const list = useMemo(
    () =>
      arrange(everybody({ people, state: found }), {
        filter: { state, rooms: room, matches },
        sort,
        stateOf,
        controlOf,
        roomName,
        ranks,
        redFrom,
        cameras,
        now: minute,
      }),
    [
      people,
      found,
      version,
      state,
      room,
      matches,
      redFrom,
      cameras,
      sort,
      stateOf,
      controlOf,
      roomName,
      ranks,
      minute,
    ],
  );
  const { ids, counts } = list;
  // The screen is drawn again when people have changed, once a second at most.
  const chosenPeople = [...chosen].flatMap((id): readonly Chosen[] => {
    const person = people?.person(id);
    return person ? [{ ...person, label: labelOf(person) }] : [];
  });
  return {
    ...list,
    /** The states to choose among, in their order. */
    states: STATES.filter(
      (each) =>
        each === state ||
        !RARE.has(each) ||
        (each !== "publishing" && (each !== "notReady" || list.hasChecks) && counts[each] > 0),
    ),
    chosenPeople,
    /** How many of those who are chosen are not listed. */
    hidden: chosenPeople.length - ids.reduce((count, id) => count + Number(chosen.has(id)), 0),
    /** Whether there is a room to move people to, or their first one. */
    canMove:
      (found?.rooms.filter(({ status }) => status === "in_progress").length ?? 0) >
      (chosenPeople.every(isSeated) ? 1 : 0),
  };
};
