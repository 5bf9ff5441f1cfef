import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Choices } from "../../components/filter-bar.js";
import { IconButton } from "../../components/icon-button.js";
import { BackIcon } from "../../components/icons.js";
import { Names } from "../../components/names.js";
import { useRouteSearch } from "../../components/search.js";
import { useShortcut } from "../../components/shortcuts.js";
import { Mark } from "../../components/state-mark.js";
import styles from "./room.module.css";
import { TILES } from "./search.js";
import type { Seats } from "./use-seats.js";

/** How many candidates of a room need a look, are here, and are not. */
export function Counts({
  counts: { look, here, ...others },
  isTeacherHere,
}: Pick<Seats, "counts"> & { isTeacherHere: boolean }) {
  const t = useTranslations("room.counts");
  return (
    <span className={styles.counts} data-numbers>
      {look > 0 && <strong>{t("look", { count: look })}</strong>}
      <span>{t("here", { count: here })}</span>
      {(["checking", "disconnected", "dark", "paused", "ended"] as const).map(
        (kind) => others[kind] > 0 && <span key={kind}>{t(kind, { count: others[kind] })}</span>,
      )}
      {!isTeacherHere && <span className={styles.warning}>{t("teacherMissing")}</span>}
    </span>
  );
}

/** Chooses what is shown of a room: its pictures or its feed, how many tiles, and which page of them. */
export function Bar({
  examId,
  roomId,
  seats: { absent, wall, changed, show },
}: {
  examId: string;
  roomId: string;
  seats: Seats;
}) {
  const t = useTranslations("room");
  const [{ tiles, pane }, change] = useRouteSearch("/exams/$examId/rooms/$roomId");
  const { from, size, total, pages, current } = wall;
  const turn = (by: number) => change({ page: Math.min(pages, Math.max(1, current + by)) });
  useShortcut({ keys: "]", label: t("shortcuts.next"), run: () => turn(1) });
  useShortcut({ keys: "[", label: t("shortcuts.before"), run: () => turn(-1) });
  return (
    <div className={styles.bar} data-pane={pane}>
      <span className={styles.panes}>
        <Choices
          label={t("panes.label")}
          choices={[
            { value: "pictures", label: t("panes.pictures") },
            { value: "feed", label: t("panes.feed") },
          ]}
          value={pane}
          onChange={(next) => change({ pane: next })}
        />
      </span>
      <Choices
        label={t("tiles.label")}
        choices={TILES.map((value) => ({ value, label: t("tiles.many", { count: Number(value) }) }))}
        value={tiles}
        onChange={(next) => change({ tiles: next, page: 1 })}
      />
      {absent.length > 0 && (
        <p className={styles.absent}>
          <Mark state="expected" />{" "}
          {t.rich("absent", {
            count: absent.length,
            all: (words) => (
              <Link
                to="/exams/$examId/candidates"
                params={{ examId }}
                search={{ state: "expected", room: [roomId] }}
              >
                {words}
              </Link>
            ),
            names: () => <Names of={absent.map(({ label }) => label)} />,
          })}
        </p>
      )}
      {changed > 0 && (
        <button type="button" className={styles.changed} onClick={show}>
          {t("wall.changed", { count: changed })}
        </button>
      )}
      {pages > 1 && (
        <nav className={styles.pager} aria-label={t("pages.label")}>
          <span data-numbers>
            {t("pages.shown", {
              from: from + 1,
              to: Math.min(from + size, total),
              total,
            })}
          </span>
          <IconButton label={t("pages.before")} disabled={current === 1} onClick={() => turn(-1)}>
            <BackIcon />
          </IconButton>
          <IconButton
            label={t("pages.after")}
            disabled={current === pages}
            onClick={() => turn(1)}
            data-forward
          >
            <BackIcon />
          </IconButton>
        </nav>
      )}
    </div>
  );
}
