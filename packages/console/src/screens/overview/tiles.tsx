import type { PeopleState } from "@invigil/client";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Mark, type State, TONES } from "../../components/state-mark.js";
import styles from "./overview.module.css";
import type { Overview } from "./use-overview.js";

/** A count that opens the list of those who are counted. */
interface Tile {
  readonly state:
    | "here"
    | "hand"
    | "detected"
    | Exclude<keyof Overview["summary"]["counts"], "idle" | "publishing">;
  readonly count: number;
  readonly hint?: string | undefined;
}

/** How many candidates are in each state. States that are rare have a tile only if there are some. */
export function Tiles({
  examId,
  summary: { counts, here, flagged, hands },
  hasBegun,
  roster: { unseated, detected },
}: {
  examId: string;
  /** The counts of the server. */
  roster: PeopleState["counts"];
} & Pick<Overview, "summary" | "hasBegun">) {
  const t = useTranslations("overview.tiles");
  const { expected, checking, disconnected, dark, devices } = counts;
  const waiting = hands.filter(({ hand }) => hand.status === "raised").length;
  const rare: readonly Tile[] = [
    { state: "hand", count: hands.length, hint: t("waiting", { count: waiting }) },
    { state: "checking", count: checking },
    { state: "devices", count: devices },
    { state: "unseated", count: unseated },
    { state: "ended", count: counts.ended },
  ];
  const tiles: readonly Tile[] = [
    { state: "here", count: here, hint: t("of", { count: here + checking + expected + disconnected }) },
    { state: "expected", count: expected },
    { state: "disconnected", count: disconnected },
    { state: "dark", count: dark },
    { state: "detected", count: detected, hint: flagged > 0 ? t("lately", { count: flagged }) : undefined },
    ...rare.filter(({ count }) => count > 0),
  ];
  return (
    <ul className={styles.tiles} aria-label={t("label")}>
      {tiles.map(({ state, ...tile }) => (
        <TileLink
          key={state}
          examId={examId}
          state={state}
          label={t(state === "expected" && !hasBegun ? "expectedBefore" : state)}
          {...tile}
        />
      ))}
    </ul>
  );
}

const markOf = (state: Tile["state"]): State =>
  state === "hand" ? "help" : state === "here" ? "publishing" : state === "detected" ? "detections" : state;

const TileLink = memo(function TileLink({
  examId,
  state,
  count,
  label,
  hint,
}: Tile & { examId: string; label: string }) {
  const format = useFormatter();
  const mark = markOf(state);
  const tone = count > 0 ? TONES[mark] : "quiet";
  return (
    <li>
      <Link
        to="/exams/$examId/candidates"
        params={{ examId }}
        search={{ state }}
        className={styles.tile}
        data-tone={tone}
      >
        <span className={styles.number} data-numbers>
          {format.number(count)}
        </span>
        <span className={styles.what}>
          <Mark state={mark} tone={tone} /> {label}
        </span>
        {hint !== undefined && <span className={styles.hint}>{hint}</span>}
      </Link>
    </li>
  );
});
