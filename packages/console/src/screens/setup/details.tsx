import { useInvigil, useInvigilClient } from "@invigil/react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import type { DecisionReason } from "../../actions/decide.js";
import { NotDone, ToldError } from "../../components/error-note.js";
import { lazyComponent } from "../../components/lazy.js";
import { useNotify } from "../../components/notify.js";
import { Time, useTimeOfDay, useZone } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { useInstallationInfo } from "../../components/use-installation-info.js";
import { atLocalTime, localTimeOf } from "../../live/time-zone.js";
import { useSetup } from "./context.js";
import { Detections } from "./detections.js";
import { useFormDraft } from "./drafts.js";
import { Conflict, SaveBar } from "./parts.js";
import { conflictsWith } from "./rebase.js";
import styles from "./setup.module.css";
import { Sitting } from "./sitting.js";

const TimesDialog = lazyComponent(() => import("./times-dialog.js"));

interface Exam {
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
  readonly controlledBy: "rooms" | "creator";
  readonly maxRoomMinutes?: number | undefined;
}

type Times = Pick<Exam, "startTime" | "endTime">;

const MAX_MINUTES = 600;
const TIMES = ["day", "start", "minutes"] as const;
const CONTROL = ["controlledBy", "maxRoomMinutes"] as const;

const valuesOf = ({ name, startTime, endTime, controlledBy, maxRoomMinutes }: Exam, zone: string) => {
  const { day, time } = localTimeOf(zone, startTime);
  return {
    name,
    day,
    start: time,
    minutes: String(Math.round((endTime.getTime() - startTime.getTime()) / 60_000)),
    controlledBy,
    maxRoomMinutes: maxRoomMinutes === undefined ? "" : String(maxRoomMinutes),
  };
};

/** Another person changed the exam between looking and saving. */
class ChangedMeanwhile extends Error {}

export function Details() {
  // What is detected is one list: of the page or of the app that candidates use.
  const usesPage = useInstallationInfo()?.usesCandidatePage;
  return (
    <>
      <NameAndTimes />
      {usesPage === false && <Detections />}
      <Sitting usesPage={usesPage !== false} />
    </>
  );
}

function NameAndTimes() {
  const t = useTranslations("setup.details");
  const saved = useTranslations("setup.form");
  const running = useTranslations("setup.details.running");
  const { exam, examId, isReadOnly, refresh } = useSetup();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const queryClient = useQueryClient();
  const notify = useNotify();
  const zone = useZone();
  const theirs = valuesOf(exam, zone);
  const draft = useFormDraft("details", theirs);
  const { name, day, start, minutes, controlledBy, maxRoomMinutes } = draft.values;
  const hasChanged = (fields: readonly (typeof draft.changed)[number][]) =>
    fields.some((field) => draft.changed.includes(field));
  const most = maxRoomMinutes.trim() === "" ? null : Number(maxRoomMinutes);
  const [isChecked, setIsChecked] = useState(false);
  const [movesAudio, setMovesAudio] = useState(true);
  /** The times that the person asked for, of an exam that has begun. */
  const [asked, setAsked] = useState<Times>();

  const begins = atLocalTime(zone, day, start);
  const length = /^\d{1,5}$/.test(minutes) ? Number(minutes) : 0;
  const ends = begins && new Date(begins.getTime() + length * 60_000);
  const errors = {
    name: name.trim() === "" ? t("nameMissing") : name.trim().length > 63 ? t("nameLong") : undefined,
    start: begins ? undefined : t("timeMissing"),
    minutes: length >= 1 && length <= 10_080 ? undefined : t("lengthWrong"),
    most:
      most === null || (/^\d{1,3}$/.test(maxRoomMinutes.trim()) && most <= MAX_MINUTES)
        ? undefined
        : t("control.mostWrong", { most: MAX_MINUTES }),
  };
  const shift = begins && hasChanged(TIMES) ? begins.getTime() - exam.startTime.getTime() : 0;
  const { scheduledAudio } = exam;

  const moveAudioBy = async (clips: typeof scheduledAudio, ms: number) => {
    for (const { id, clipId, startTime } of clips) {
      await client.audio.attach.mutate({ examId, clipId, startTime: new Date(startTime.getTime() + ms) });
      await client.audio.detach.mutate({ examId, attachmentId: id });
    }
  };
  const timeOfDay = useTimeOfDay();
  /** @throws ToldError when the times are other ones than those that this page has written */
  const assertStill = async ({ startTime, endTime }: Times) => {
    const now = await client.exam.get.query({ examId });
    if (now.startTime.getTime() === startTime.getTime() && now.endTime.getTime() === endTime.getTime())
      return;
    void refresh();
    throw new ToldError(running("again", { from: timeOfDay(now.startTime), to: timeOfDay(now.endTime) }));
  };
  const change = async (reason?: DecisionReason) => {
    if (!begins || !ends || draft.conflicts.length > 0) return;
    const mine = draft.values;
    const now = await queryClient.query(invigil.exam.get.queryOptions({ examId }, { staleTime: 0 }));
    if (conflictsWith({ base: theirs, mine: draft.values }, valuesOf(now, zone)).length > 0)
      throw new ChangedMeanwhile();
    await client.exam.update.mutate({
      examId,
      ...(draft.changed.includes("name") && { name: name.trim() }),
      ...(hasChanged(TIMES) && { startTime: begins, endTime: ends }),
      ...(hasChanged(CONTROL) && { controlledBy, maxRoomMinutes: most }),
      ...(reason && { reason }),
    });
    const movesBy = movesAudio ? shift : 0;
    if (movesBy !== 0) await moveAudioBy(scheduledAudio, movesBy);
    await refresh();
    draft.saved(mine);
    setIsChecked(false);
    if (!asked) {
      notify.done(saved("saved"));
      return;
    }
    const { startTime, endTime } = now;
    notify.undoable(running("done"), async () => {
      await assertStill(asked);
      await client.exam.update.mutate({ examId, startTime, endTime, reason: { code: "mistake" } });
      if (movesBy !== 0)
        await moveAudioBy((await client.exam.get.query({ examId })).scheduledAudio, -movesBy);
      await refresh();
    });
  };
  const save = useAction(() => change());
  const labels = {
    name: t("name"),
    day: t("day"),
    start: t("start"),
    minutes: t("minutes"),
    controlledBy: t("control.by"),
    maxRoomMinutes: t("control.most"),
  };
  return (
    <>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setIsChecked(true);
          if (Object.values(errors).some((error) => error !== undefined)) return;
          if (begins && ends && hasChanged(TIMES) && exam.startTime.getTime() <= Date.now()) {
            setAsked({ startTime: begins, endTime: ends });
            // Pauses and minutes that were given since move the ends.
            void refresh();
          } else save.run();
        }}
      >
        <p className={styles.hint}>{t("intro")}</p>
        <TextInput
          label={t("name")}
          value={name}
          readOnly={isReadOnly}
          error={isChecked && errors.name}
          onChange={({ currentTarget: { value } }) => draft.change({ name: value })}
        />
        <div className={styles.row}>
          <TextInput
            type="date"
            label={t("day")}
            value={day}
            readOnly={isReadOnly}
            error={isChecked && errors.start}
            onChange={({ currentTarget: { value } }) => draft.change({ day: value })}
          />
          <TextInput
            type="time"
            label={t("start")}
            value={start}
            readOnly={isReadOnly}
            onChange={({ currentTarget: { value } }) => draft.change({ start: value })}
          />
          <TextInput
            inputMode="numeric"
            label={t("minutes")}
            value={minutes}
            readOnly={isReadOnly}
            error={isChecked && errors.minutes}
            onChange={({ currentTarget: { value } }) => draft.change({ minutes: value })}
          />
        </div>
        <p className={styles.hint}>
          {ends && !errors.minutes && t.rich("ends", { time: () => <Time value={ends} seconds={false} /> })}{" "}
          {t("zone", { zone })}
        </p>
        {begins && ends && ends.getTime() < Date.now() && <p className={styles.warning}>{t("past")}</p>}
        {shift !== 0 && scheduledAudio.length > 0 && (
          <label className={styles.check}>
            <input
              type="checkbox"
              checked={movesAudio}
              onChange={({ currentTarget }) => setMovesAudio(currentTarget.checked)}
            />
            {t("moveAudio", { count: scheduledAudio.length })}
          </label>
        )}
        {hasChanged(TIMES) && <p className={styles.hint}>{t("linksLater")}</p>}
        <NativeSelect
          label={t("control.by")}
          description={t("control.hint")}
          value={controlledBy}
          disabled={isReadOnly}
          data={(["rooms", "creator"] as const).map((value) => ({ value, label: t(`control.${value}`) }))}
          onChange={({ currentTarget: { value } }) =>
            draft.change({ controlledBy: value === "creator" ? value : "rooms" })
          }
        />
        {controlledBy === "rooms" && (
          <TextInput
            inputMode="numeric"
            label={t("control.most")}
            description={t("control.mostHint")}
            value={maxRoomMinutes}
            readOnly={isReadOnly}
            error={isChecked && errors.most}
            onChange={({ currentTarget: { value } }) => draft.change({ maxRoomMinutes: value })}
          />
        )}
        <Conflict draft={draft} theirs={theirs} labels={labels} />
        {save.error !== undefined && !(save.error instanceof ChangedMeanwhile) && (
          <NotDone error={save.error} />
        )}
        {!isReadOnly && <SaveBar draft={draft} isSaving={save.isRunning} />}
      </form>
      {asked && (
        <Suspense>
          <TimesDialog
            after={asked}
            onClose={() => setAsked(undefined)}
            onConfirm={async (reason) => {
              try {
                await change(reason);
              } catch (error) {
                // The form says what another person changed.
                if (!(error instanceof ChangedMeanwhile)) throw error;
              }
            }}
          />
        </Suspense>
      )}
    </>
  );
}
