import { type ChangedTime, changedEndOf } from "@invigil/client";
import { useState } from "react";
import { useTranslations } from "use-intl";
import actingStyles from "../../actions/acting.module.css";
import type { DecisionReason } from "../../actions/decide.js";
import { NO_REASON, ReasonFields, reasonOf } from "../../actions/reason.js";
import { useNow } from "../../components/clock.js";
import dialogStyles from "../../components/dialog.module.css";
import { Waiting } from "../../components/error-note.js";
import { FormDialog } from "../../components/form-dialog.js";
import { usePremise } from "../../components/premise.js";
import { ScreenTexts } from "../../components/texts.js";
import { Time } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import type { PeopleByRoom } from "./people.js";

/** How many people are listed with their ends, those for whom the exam would be over first. */
const MOST_LISTED = 200;

interface Times {
  readonly startTime: Date;
  readonly endTime: Date;
}

/** The people in open rooms for whom a change of times changes something, those for whom the exam would be over first. */
const concernedBy = (
  { entries, rooms }: PeopleByRoom,
  before: Times,
  after: Times,
  now: number,
): readonly { readonly userId: string; readonly name: string; readonly ends: ChangedTime }[] => {
  const open = new Set(rooms.flatMap(({ room }) => (room.status === "in_progress" ? [room.id] : [])));
  const examinees = entries.filter(({ role }) => role === "examinee");
  const minutes = new Map<string, number>();
  for (const { userId, extraMinutes } of examinees)
    minutes.set(userId, Math.max(extraMinutes, minutes.get(userId) ?? 0));
  const seated = examinees.filter(({ roomId }) => roomId !== undefined && open.has(roomId));
  return [...new Map(seated.map((person) => [person.userId, person])).values()]
    .flatMap(({ userId, name, attempt = RUNNING }) => {
      const person = { attempt, extraMinutes: minutes.get(userId) ?? 0 };
      const ends = changedEndOf(person, before, after, new Date(now));
      return ends ? [{ userId, name, ends }] : [];
    })
    .sort((one, other) => one.ends.to.getTime() - other.ends.to.getTime());
};
const RUNNING = { status: "running", givesBack: false, pausedMs: 0, extendedMinutes: 0 } as const;

interface TimesDialogProps {
  readonly after: Times;
  /** The dialog calls it with a reason, or without one if the change concerns nobody. */
  readonly onConfirm: (reason: DecisionReason | undefined) => Promise<unknown>;
  readonly onClose: () => void;
}

/** Says what a change of the times of a running exam does to the people in it, and asks why. */
export default function TimesDialog(props: TimesDialogProps) {
  return (
    <ScreenTexts of="watching">
      <AskedTimes {...props} />
    </ScreenTexts>
  );
}

function AskedTimes({ after, onConfirm, onClose }: TimesDialogProps) {
  const t = useTranslations("setup.details.running");
  const { exam, people, peopleError, refresh } = useSetup();
  const now = useNow("second");
  const [typed, setTyped] = useState(NO_REASON);
  const reason = reasonOf(typed);
  const concerned = people && concernedBy(people, exam, after, now);
  const isOver = ({ ends }: { ends: ChangedTime }) => ends.to.getTime() <= now;
  const over = concerned?.filter(isOver).length ?? 0;
  const isForNobody = concerned?.length === 0;
  const { asksAgain, holds } = usePremise(() => concerned?.map((person) => [person.userId, isOver(person)]));
  const confirm = useAction(async () => {
    await refresh();
    // The page shows what was found in the next task.
    await new Promise((resolve) => setTimeout(resolve));
    if (!holds()) return;
    await onConfirm(reason);
    onClose();
  });
  return (
    <FormDialog
      title={t("title", { count: concerned?.length ?? 0 })}
      verb={over > 0 ? t("actionOver", { count: over }) : t("action")}
      action={confirm}
      onSubmit={confirm.run}
      onClose={onClose}
      isReady={isForNobody || (reason !== undefined && concerned !== undefined)}
      isDangerous={over > 0}
      mayCloseOutside={false}
      asksAgain={asksAgain}
    >
      {after.startTime.getTime() > now && (
        <p role="alert" className={actingStyles.loss}>
          {t.rich("later", { time: () => <Time value={after.startTime} seconds={false} /> })}
        </p>
      )}
      {over > 0 && (
        <p role="alert" className={actingStyles.loss}>
          {t("over", { count: over })}
        </p>
      )}
      {!concerned && <Waiting error={peopleError ?? undefined} />}
      {concerned && !isForNobody && (
        <ul className={`${dialogStyles.results} ${actingStyles.preview}`} aria-label={t("preview")}>
          {concerned.slice(0, MOST_LISTED).map((person) => (
            <li key={person.userId} className={dialogStyles.result} data-loses={isOver(person) || undefined}>
              <span>{person.name}</span>
              <span data-numbers>
                {t.rich(isOver(person) ? "endsNow" : "ends", {
                  from: () => <Time value={person.ends.from} seconds={false} />,
                  to: () => <Time value={person.ends.to} seconds={false} />,
                })}
              </span>
            </li>
          ))}
        </ul>
      )}
      {!isForNobody && <ReasonFields typed={typed} onChange={setTyped} isFirst />}
      <p>{t(isForNobody ? "nobody" : "history")}</p>
    </FormDialog>
  );
}
