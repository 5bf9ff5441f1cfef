import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import type { CandidateFilter } from "../../live/candidates.js";
import { Mark, type State, TONES } from "../../parts/state-mark.js";
import styles from "./overview.module.css";

/** A count that opens the list of those who are counted. */
export interface Tile {
  readonly state: NonNullable<CandidateFilter["state"]>;
  readonly mark: State;
  readonly count: number;
  readonly label: string;
  readonly hint?: string | undefined;
}

export function Tiles({ examId, tiles }: { examId: string; tiles: readonly Tile[] }) {
  const t = useTranslations("overview.tiles");
  return (
    <ul className={styles.tiles} aria-label={t("label")}>
      {tiles.map((tile) => (
        <TileLink key={tile.state} examId={examId} {...tile} />
      ))}
    </ul>
  );
}

const TileLink = memo(function TileLink({
  examId,
  state,
  mark,
  count,
  label,
  hint,
}: Tile & { examId: string }) {
  const format = useFormatter();
  return (
    <li>
      <Link
        to="/exams/$examId/candidates"
        params={{ examId }}
        search={{ state }}
        className={styles.tile}
        data-tone={count > 0 ? TONES[mark] : "quiet"}
      >
        <span className={styles.number} data-numbers>
          {format.number(count)}
        </span>
        <span className={styles.what}>
          <Mark state={mark} tone={count > 0 ? TONES[mark] : "quiet"} /> {label}
        </span>
        {hint !== undefined && <span className={styles.hint}>{hint}</span>}
      </Link>
    </li>
  );
});
