import type { RoomSnapshot } from "@invigil/client";
import { useMemo } from "react";
import { useNow } from "../../components/clock.js";
import { useStableRows } from "../../components/use-stable-rows.js";
import { byNeed, needsLook, type Reason, reasonsOf } from "../../live/attention.js";
import { isPaused } from "../../live/control.js";
import { type KnownPast, type SeatFacts, type SeatView, seatsOf } from "../../live/seats.js";
import type { Entry } from "../../live/timeline.js";

/** Detections of the last minutes count for the order of the tiles. */
export const WINDOW_MINUTES = 10;

/** A candidate of a room, and why they need attention. */
export type SeatWithReasons = SeatView & { readonly reasons: readonly Reason[] };

const keyOf = ({ userId }: SeatView) => userId;
/** Whether a candidate has not come, and there is nothing else to see of them. */
const isAbsent = ({ state, reasons }: SeatWithReasons) => state === "expected" && !needsLook(reasons);

/** The facts that a room has about its candidates, and how a person wants to see them. */
interface RoomFacts {
  readonly times: SeatFacts["times"];
  readonly usesPage?: SeatFacts["usesPage"];
  readonly state: RoomSnapshot | undefined;
  readonly labels: SeatFacts["labels"];
  /** The entries of the feed, newest first. */
  readonly entries: readonly Entry[];
  readonly known: ReadonlyMap<string, KnownPast>;
  /** Whether the past is read. Before, the order is not yet that of the need, and tiles that stand still would keep it. */
  readonly isWhole: boolean;
  readonly redFrom: number;
  /** Whether the tiles stand still. */
  readonly isHeld: boolean;
  /** How many tiles a page has, and which page is asked for. */
  readonly tiles: string;
  readonly page: number;
  /** The candidates whom messages are for. Empty: everybody. */
  readonly to: readonly string[];
}

/** The candidates of a room by their need: those on a page of the wall, those who have not come, and those whom messages are for. */
export const useSeats = ({
  state,
  labels,
  times,
  usesPage,
  entries,
  known,
  isWhole,
  redFrom,
  isHeld,
  tiles,
  page,
  to,
}: RoomFacts) => {
  const now = useNow("minute");
  const hasEnded = state?.room.status === "ended";
  const seats = useMemo(
    () =>
      state
        ? seatsOf({
            members: state.members,
            labels,
            presence: state.presence,
            hands: state.hands,
            hasEnded,
            usesPage,
            times,
            now,
            entries,
            known,
            from: now - WINDOW_MINUTES * 60_000,
          })
            .map((seat): SeatWithReasons => ({ ...seat, reasons: reasonsOf(seat, now, redFrom) }))
            .sort((one, other) => byNeed(one.reasons, other.reasons))
        : [],
    [state, labels, hasEnded, usesPage, times, entries, known, now, redFrom],
  );
  // Who has not come has no picture, and never a tile before those who have.
  const [absent, there] = useMemo(() => {
    const hasCome = ({ state }: SeatWithReasons) => state !== "expected";
    const others = seats.filter((seat) => !hasCome(seat) && !isAbsent(seat));
    return [seats.filter(isAbsent), [...seats.filter(hasCome), ...others]];
  }, [seats]);
  const { rows, changed, show } = useStableRows(there, keyOf, isHeld, `${tiles} ${page} ${isWhole}`);
  const size = Number(tiles);
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const current = Math.min(Math.max(1, page), pages);
  const from = (current - 1) * size;
  const chosen = useMemo(() => seats.filter(({ userId }) => to.includes(userId)), [seats, to]);
  return {
    seats,
    absent,
    chosen,
    /** Whether all whom messages were for have left. */
    areGone: to.length > 0 && chosen.length === 0,
    counts: {
      look: seats.filter(({ reasons }) => needsLook(reasons)).length,
      here: seats.filter((seat) => seat.isHere && seat.state !== "checking").length,
      checking: seats.filter((seat) => seat.state === "checking").length,
      disconnected: seats.filter((seat) => seat.state === "disconnected").length,
      dark: seats.filter((seat) => seat.state === "dark").length,
      paused: seats.filter((seat) => isPaused(seat)).length,
      ended: hasEnded ? 0 : seats.filter((seat) => seat.state === "ended").length,
    },
    wall: { shown: rows.slice(from, from + size), size, from, total: rows.length, pages, current, isWhole },
    /** How many tiles would move if they did not stand still, and a function that lets them. */
    changed,
    show,
  };
};

export type Seats = ReturnType<typeof useSeats>;
