import type { ExamEntry } from "@invigil/client";
import { Button } from "@mantine/core";
import { type FocusEvent, type ReactNode, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { type Row, rowsOf } from "../../live/feed.js";
import type { Entry } from "../../live/timeline.js";
import { Mark } from "../state-mark.js";
import { Time } from "../time.js";
import { useStableRows } from "../use-stable-rows.js";
import { markOf, useSay } from "./say.js";
import styles from "./timeline.module.css";

/** How many lines are drawn at once. */
const LINES = 150;

export interface FeedProps {
  /** Says whose list it is, for screen readers. */
  readonly label: string;
  /** The newest first. */
  readonly entries: readonly Entry[];
  /** Where it happened. */
  readonly place: string;
  readonly nameOf: (userId: string) => string;
  /** Whose page it is. Their name is left out of what is about them. */
  readonly own?: string;
  /** The one thing to do about a line. */
  readonly actionOf?: ((entry: Entry) => ReactNode) | undefined;
  /** Whether a record needs a person now. */
  readonly isRed?: ((entry: Entry) => boolean) | undefined;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  readonly onOlder: () => void;
  /** Changes when the person asks for other entries. */
  readonly arrangement?: string;
  /** Stands in place of entries if there are none. */
  readonly empty: string;
}

const keyOf = ({ key }: Row) => key;
const isSerious = ({ what }: Entry): boolean =>
  what.is === "noted" && (what.noted.severity === "serious" || what.noted.identity === "refused");

/** Entries, newest first, one line each. Lines stand still under the pointer and the focus. */
export function Feed({
  label,
  entries,
  place,
  nameOf,
  own,
  actionOf,
  isRed,
  hasOlder,
  isLoadingOlder,
  onOlder,
  arrangement = "",
  empty,
}: FeedProps) {
  const t = useTranslations("watching.feed");
  const say = useSay(nameOf, own);
  const [isPointedAt, setIsPointedAt] = useState(false);
  const [hasFocus, setHasFocus] = useState(false);
  const [most, setMost] = useState(LINES);
  const wanted = useMemo(() => rowsOf(entries, place), [entries, place]);
  const { rows, changed, show } = useStableRows(
    wanted,
    keyOf,
    isPointedAt || hasFocus,
    `${arrangement} ${most} ${hasOlder}`,
  );
  const shown = rows.slice(0, most);
  return (
    <div className={styles.feed}>
      {changed > 0 && (
        <button type="button" className={styles.newer} onClick={show}>
          {t("newer", { count: changed })}
        </button>
      )}
      {shown.length === 0 ? (
        <p className={styles.empty}>{empty}</p>
      ) : (
        <ol
          className={styles.lines}
          aria-label={label}
          onPointerEnter={({ pointerType }) => setIsPointedAt(pointerType === "mouse")}
          onPointerLeave={() => setIsPointedAt(false)}
          onFocus={() => setHasFocus(true)}
          onBlur={({ currentTarget, relatedTarget }: FocusEvent) => {
            if (!currentTarget.contains(relatedTarget)) setHasFocus(false);
          }}
        >
          {shown.map((row) => {
            const mark = markOf(row);
            const entry = "entry" in row ? row.entry : undefined;
            return (
              <li key={row.key} className={styles.line} data-kind={entry?.kind}>
                <span className={styles.time}>
                  <Time value={new Date(row.at)} />
                </span>
                <span className={styles.mark}>
                  {mark && (
                    <Mark
                      state={mark}
                      {...(entry && (isSerious(entry) || isRed?.(entry)) && { tone: "red" as const })}
                    />
                  )}
                </span>
                <span className={styles.text}>
                  {say(row)}
                  {entry?.elsewhere && <Elsewhere {...entry.elsewhere} />}
                  {entry?.what.is === "decided" && <Details {...entry.what.decision} />}
                  {entry?.what.is === "noted" && entry.what.noted.kind === "identity" && (
                    <Details note={entry.what.noted.note} />
                  )}
                </span>
                {entry && actionOf && <span className={styles.action}>{actionOf(entry)}</span>}
              </li>
            );
          })}
        </ol>
      )}
      {(hasOlder || rows.length > most) && (
        <Button
          className={styles.older ?? ""}
          variant="subtle"
          size="compact-sm"
          loading={isLoadingOlder}
          onClick={() => {
            if (rows.length <= most + LINES && hasOlder) onOlder();
            setMost(most + LINES);
          }}
        >
          {t("older")}
        </Button>
      )}
    </div>
  );
}

/** The message to the candidate, the note for staff, and what becomes of the answers. */
function Details({ message, note, answers }: Pick<ExamEntry, "message" | "note" | "answers">) {
  const t = useTranslations("watching.what.decided");
  const texts = [
    message !== undefined && t("message", { text: message }),
    note !== undefined && t("note", { text: note }),
    answers !== undefined && t(`answers.${answers}`),
  ];
  return texts.map(
    (text) =>
      text && (
        <span key={text} className={styles.elsewhere}>
          {text}
        </span>
      ),
  );
}

/** When it happened by a clock that differs from the server's. */
function Elsewhere({ clock, at }: NonNullable<Entry["elsewhere"]>) {
  const t = useTranslations("watching.clocks");
  return (
    <span className={styles.elsewhere}>{t.rich(clock, { time: () => <Time value={new Date(at)} /> })}</span>
  );
}
