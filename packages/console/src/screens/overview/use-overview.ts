import { useMemo, useRef } from "react";
import { endedEarly } from "../../actions/ended-rooms.js";
import { useNow } from "../../components/clock.js";
import { everybody, type Roster } from "../../components/roster.js";
import { incidentsOf, recentTroubles, type Trouble } from "../../live/group-incidents.js";
import { type ExamTimes, hallsOf, phaseOf, roomsToLookAt, summarize } from "../../live/rooms.js";

/**
 * Summarizes everybody in an exam: how many are in each state, which rooms need a look, and for which rooms actions are meant.
 *
 * @param chosen - the keys of the lines that the person chose. None: actions are meant for every room under way
 */
export const useOverview = (
  { people, state, version, stateOf, controlOf }: Roster,
  exam: ExamTimes | undefined,
  chosen: ReadonlySet<string>,
) => {
  const minute = useNow("minute");
  const recent = useRef<readonly Trouble[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that people have changed.
  const { summary, looks } = useMemo(() => {
    const now = Date.now();
    const rooms = state?.rooms ?? [];
    const summary = summarize(rooms, everybody({ people, state }), { stateOf, controlOf }, now);
    recent.current = recentTroubles(recent.current, summary.troubles, now);
    const incidents = incidentsOf(recent.current, summary.troubles, hallsOf(rooms));
    return { summary, looks: roomsToLookAt(summary, incidents, exam, now) };
  }, [people, state, version, stateOf, controlOf, exam, minute]);
  const underWay = useMemo(
    () => state?.rooms.filter(({ status }) => status === "in_progress") ?? [],
    [state],
  );
  const chosenRooms = useMemo(() => {
    const ids = new Set(looks.flatMap(({ key, roomIds }) => (chosen.has(key) ? roomIds : [])));
    return ids.size === 0 ? underWay : underWay.filter(({ id }) => ids.has(id));
  }, [chosen, looks, underWay]);
  return {
    summary,
    looks,
    roomsToLookAt: new Set(looks.flatMap(({ roomIds }) => roomIds)).size,
    underWay,
    chosenRooms,
    hasBegun: !exam || minute >= exam.startTime.getTime(),
    phase: exam && phaseOf(exam, minute).phase,
    /** Whether it is well if no room is listed. */
    isQuiet: !exam || !state || endedEarly(exam, state.rooms).length === 0,
  };
};

export type Overview = ReturnType<typeof useOverview>;
