import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { FormDialog } from "../../components/form-dialog.js";
import { Time, useZone } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { atLocalTime, localTimeOf } from "../../live/time-zone.js";
import styles from "./exams.module.css";

export interface ExamTimes {
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
}

/** At the next full hour tomorrow, for two hours. */
const usual = (zone: string): { day: string; time: string; minutes: string } => {
  const { day } = localTimeOf(zone, new Date(Date.now() + 86_400_000));
  return { day, time: "09:00", minutes: "120" };
};

/** Asks for the name and the times of a new exam. */
export function ExamForm({
  title,
  action,
  initial,
  onClose,
  onSubmit,
  children,
}: {
  title: string;
  action: string;
  /** The exam whose name and length are suggested. */
  initial?: ExamTimes;
  onClose: () => void;
  onSubmit: (exam: ExamTimes) => Promise<unknown>;
  /** Further fields. */
  children?: ReactNode;
}) {
  const t = useTranslations("exams.form");
  const zone = useZone();
  const [name, setName] = useState(initial?.name ?? "");
  const [{ day, time, minutes }, setTimes] = useState(() => ({
    ...usual(zone),
    ...(initial && {
      time: localTimeOf(zone, initial.startTime).time,
      minutes: String(Math.round((initial.endTime.getTime() - initial.startTime.getTime()) / 60_000)),
    }),
  }));
  const [isChecked, setIsChecked] = useState(false);

  const start = atLocalTime(zone, day, time);
  const length = /^\d{1,5}$/.test(minutes) ? Number(minutes) : 0;
  const end = start && new Date(start.getTime() + length * 60_000);
  const errors = {
    name: name.trim() === "" ? t("nameMissing") : name.trim().length > 63 ? t("nameLong") : undefined,
    start: start ? undefined : t("timeMissing"),
    length: length >= 1 && length <= 10_080 ? undefined : t("lengthWrong"),
  };
  const make = useAction(async (startTime: Date, endTime: Date) => {
    await onSubmit({ name: name.trim(), startTime, endTime });
    onClose();
  });
  return (
    <FormDialog
      title={title}
      verb={action}
      action={make}
      onSubmit={() => {
        setIsChecked(true);
        if (!errors.name && !errors.length && start && end) make.run(start, end);
      }}
      onClose={onClose}
    >
      <TextInput
        label={t("name")}
        placeholder={t("namePlaceholder")}
        data-autofocus
        value={name}
        error={isChecked && errors.name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <div className={styles.times}>
        <TextInput
          type="date"
          label={t("date")}
          value={day}
          error={isChecked && errors.start}
          onChange={({ currentTarget: { value } }) => setTimes((now) => ({ ...now, day: value }))}
        />
        <TextInput
          type="time"
          label={t("start")}
          value={time}
          onChange={({ currentTarget: { value } }) => setTimes((now) => ({ ...now, time: value }))}
        />
        <TextInput
          inputMode="numeric"
          label={t("length")}
          value={minutes}
          error={isChecked && errors.length}
          onChange={({ currentTarget: { value } }) => setTimes((now) => ({ ...now, minutes: value }))}
        />
      </div>
      <p className={styles.hint}>
        {t("zone", { zone })}{" "}
        {end && !errors.length && t.rich("endsAt", { time: () => <Time value={end} seconds={false} /> })}
      </p>
      {start && start.getTime() < Date.now() && <p className={styles.warning}>{t("past")}</p>}
      {children}
    </FormDialog>
  );
}
