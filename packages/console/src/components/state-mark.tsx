import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import styles from "./state-mark.module.css";
import { Time } from "./time.js";

/** The state of a person, a camera or a number, said by a mark, a word and a colour. */
export type State =
  | "publishing"
  | "expected"
  | "checking"
  | "idle"
  | "disconnected"
  | "dark"
  | "detections"
  | "devices"
  | "help"
  | "technical"
  | "break"
  | "taken"
  | "onBreak"
  | "paused"
  | "talking"
  | "unidentified"
  | "timeShort"
  | "unseated"
  | "ended"
  | "removed"
  | "stale";

type Tone = "quiet" | "grey" | "amber" | "red" | "blue";

export const TONES: { readonly [Name in State]: Tone } = {
  publishing: "quiet",
  expected: "quiet",
  checking: "quiet",
  idle: "quiet",
  disconnected: "amber",
  dark: "amber",
  detections: "amber",
  devices: "red",
  help: "blue",
  technical: "red",
  break: "blue",
  taken: "quiet",
  onBreak: "quiet",
  paused: "amber",
  talking: "blue",
  unidentified: "amber",
  timeShort: "amber",
  unseated: "quiet",
  ended: "grey",
  removed: "grey",
  stale: "grey",
};

const LINE = <path d="M2.500 6h7" />;
const HAND = (
  <path d="M3.500 7v-3.500M5.200 6v-4M7 6v-3.500M8.700 7v-2.500M3.500 7v1.500c0 1.500 1 2.500 2.600 2.500s2.600-1 2.600-2.500v-1.500" />
);
const PAUSE = <path d="M4 2.500v7M8 2.500v7" />;
const CLOCK = (
  <>
    <circle cx="6" cy="6" r="4.250" />
    <path d="M6 3.500v2.700l1.800 1" />
  </>
);
const MARKS: { readonly [Name in State]: ReactNode } = {
  publishing: <circle cx="6" cy="6" r="3.500" fill="currentColor" stroke="none" />,
  expected: <circle cx="6" cy="6" r="3.250" strokeDasharray="1.700 1.700" />,
  checking: <path d="M1.500 3.500l1 1 1.500-2M1.500 8.500l1 1 1.500-2M6 3.500h5M6 8.500h5" />,
  idle: <circle cx="6" cy="6" r="3.250" />,
  disconnected: <path d="M1 6h3.200M7.800 6h3.200M5 8.500l2-5" />,
  dark: <path d="M1 3.500h6v5h-6zM7 5.500l3.500-1.500v4l-3.500-1.500M1.500 10.500l9-9" />,
  detections: <path d="M3 11v-9.500M3 2h6.500l-1.500 2 1.500 2h-6.500" />,
  devices: <path d="M1.500 1.500h6v6h-6zM4.500 7.500v3h6v-6h-3" />,
  help: HAND,
  technical: HAND,
  break: HAND,
  taken: HAND,
  onBreak: PAUSE,
  paused: PAUSE,
  talking: <path d="M4.500 1.500h3v5h-3zM2.500 5.500c0 4 7 4 7 0M6 8.500v2.500" />,
  unidentified: <path d="M1.500 2.500h9v7h-9zM3.500 7.500h2M7.500 5h1.500M7.500 7h1.500M4.500 4.500v1" />,
  timeShort: CLOCK,
  unseated: <path d="M2.500 2.500h7v7h-7z" strokeDasharray="1.700 1.700" />,
  ended: LINE,
  removed: LINE,
  stale: CLOCK,
};

/** The mark alone, for places where the word stands nearby. */
export function Mark({ state, tone = TONES[state] }: { state: State; tone?: Tone }) {
  return (
    <svg aria-hidden="true" className={styles.mark} data-tone={tone} viewBox="0 0 12 12">
      {MARKS[state]}
    </svg>
  );
}

/** Words about a state, with its mark and colour. */
export function StateText({
  state,
  tone = TONES[state],
  children,
}: {
  state: State;
  tone?: Tone;
  children: ReactNode;
}) {
  return (
    <span className={styles.state} data-tone={tone}>
      <Mark state={state} tone={tone} />
      <span className={styles.word}>{children}</span>
    </span>
  );
}

/**
 * A state with its mark, word and colour, and since when it lasts.
 *
 * @param count - how many detections there were
 * @param redFrom - the number of detections from which they need a person now
 */
export function StateMark({
  state,
  since,
  count = 0,
  redFrom = Number.POSITIVE_INFINITY,
  isRed = state === "detections" && count >= redFrom,
}: {
  state: State;
  since?: Date | undefined;
  count?: number;
  redFrom?: number;
  /** Whether it needs a person now, although its state alone does not. */
  isRed?: boolean;
}) {
  const t = useTranslations("common.state");
  const tone = isRed ? "red" : TONES[state];
  const word = state === "detections" ? t("detections", { count }) : t(state);
  return (
    <StateText state={state} tone={tone}>
      {since ? t.rich("since", { state: word, time: () => <Time value={since} /> }) : word}
    </StateText>
  );
}
