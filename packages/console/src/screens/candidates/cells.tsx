import type { LivePeople, LivePerson } from "@invigil/client";
import { memo, type ReactNode, useRef } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { useNow } from "../../components/clock.js";
import { HandText } from "../../components/hand.js";
import { PersonLink } from "../../components/place-links.js";
import { ReasonMarks } from "../../components/reason-marks.js";
import { useRosterPerson } from "../../components/roster.js";
import { Mark, StateMark, StateText } from "../../components/state-mark.js";
import { Time } from "../../components/time.js";
import { reasonsOf, withoutHand } from "../../live/attention.js";
import type { ControlOf } from "../../live/control.js";
import { type CandidateState, stateAtEnd } from "../../live/person.js";
import { factsOf, lastEventOf, sinceOf } from "../../live/roster.js";
import type { Camera } from "../../live/timeline.js";
import styles from "./candidates.module.css";

/** A cell of a person's row, which is drawn again when the person changes. A row that stands still shows a person who has gone as they last were. */
export const PersonCell = memo(function PersonCell({
  people,
  id,
  draw,
}: {
  people: LivePeople | undefined;
  id: string;
  draw: (person: LivePerson) => ReactNode;
}) {
  const person = useRosterPerson(people, id);
  const last = useRef(person);
  last.current = person ?? last.current;
  return last.current && draw(last.current);
});

export function Name({ examId, userId, label }: { examId: string; userId: string; label: string }) {
  return (
    <PersonLink examId={examId} userId={userId} className={styles.name} title={label} tabIndex={-1}>
      {label}
    </PersonLink>
  );
}

interface Decided {
  readonly person: LivePerson;
  readonly state: CandidateState;
  readonly controlOf: ControlOf;
}

export function StateCell({ person, state: found, controlOf }: Decided) {
  const now = useNow("minute");
  const control = controlOf(person, now);
  // The row was drawn when the person changed last. Their time may be over since.
  const since = sinceOf(person, found)?.getTime();
  const state = stateAtEnd(found, { since, endsAt: control.endsAt }, now);
  const reasons = withoutHand(person, reasonsOf(factsOf(person, state, control), now));
  const hasMore = reasons.some(({ kind }) => kind !== "detections");
  return (
    <>
      {hasMore ? <ReasonMarks reasons={reasons} /> : !person.hand && <StateMark state={state} />}
      {person.hand && <HandText hand={person.hand} />}
    </>
  );
}

/** When the exam ends for a person, and how much that differs from what was planned. */
export function EndsCell({ person, state, controlOf }: Decided) {
  const t = useTranslations("candidates.ends");
  const format = useFormatter();
  const { endsAt } = controlOf(person, useNow("minute"));
  if (endsAt === undefined || state === "ended" || state === "unseated") return null;
  const minutes = person.attempt?.extendedMinutes ?? 0;
  return (
    <span>
      <Time value={new Date(endsAt)} seconds={false} />
      {minutes !== 0 && (
        <span className={styles.quiet} title={t("extended")}>
          {" "}
          {format.number(minutes, { signDisplay: "always" })}
        </span>
      )}
    </span>
  );
}

/** Since when a page is connected, or when it left. */
export function PageCell({ person, camera }: { person: LivePerson; camera: Camera }) {
  const t = useTranslations("candidates.page");
  const page = person.pages.find((one) => one.camera === camera);
  if (page) return <Time value={page.since} />;
  const left = person.left.find((one) => one.camera === camera);
  if (!left) return <span className={styles.quiet}>{t("never")}</span>;
  return (
    <span className={styles.quiet}>
      {t.rich("off", { time: () => <Time value={left.since} seconds={false} /> })}
    </span>
  );
}

export function CameraCell({
  person,
  camera,
  state,
}: {
  person: LivePerson;
  camera: Camera;
  state: CandidateState;
}) {
  const t = useTranslations("candidates.camera");
  const status = person.publishStatus[camera];
  // Without a page, or after the end, there is no picture: the state says so already.
  if (status === "idle" || (status === "stopped" && (person.pages.length === 0 || state === "ended")))
    return <span className={styles.quiet}>{t("idle")}</span>;
  return <StateText state={status === "stopped" ? "dark" : "publishing"}>{t(status)}</StateText>;
}

export function DevicesCell({ person }: { person: LivePerson }) {
  const devices = person.pages.reduce((sum, page) => sum + page.devices, 0);
  if (!person.pages.some((page) => page.devices > 1)) return devices > 0 && <span>{devices}</span>;
  return <StateText state="devices">{devices}</StateText>;
}

export function DetectionsCell({ person, redFrom }: { person: LivePerson; redFrom: number }) {
  const { detections } = person;
  if (detections === 0) return <span className={styles.quiet}>–</span>;
  return (
    <span className={styles.flag} data-tone={detections >= redFrom ? "red" : "amber"}>
      <Mark state="detections" tone={detections >= redFrom ? "red" : "amber"} />
      {detections}
    </span>
  );
}

export function LastEventCell({ person }: { person: LivePerson }) {
  const t = useTranslations("candidates.events");
  const event = lastEventOf(person);
  if (!event) return null;
  return (
    <>
      <Time value={event.at} />{" "}
      <span className={styles.quiet}>
        {t(event.kind !== "detected" && event.camera === "pc" ? `${event.kind}Pc` : event.kind)}
      </span>
    </>
  );
}
