import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { NotDone } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { PlayButton } from "../../components/play-button.js";
import { Time, useZone } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { atLocalTime, localTimeOf } from "../../live/time-zone.js";
import { momentOf } from "./audio-times.js";
import { useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { Section, useAfterPause } from "./parts.js";
import styles from "./setup.module.css";

const KINDS = ["beforeStart", "afterStart", "beforeEnd", "at", "byHand"] as const;

/** Schedules a clip of the library. */
export function AddAudio() {
  const t = useTranslations("setup.audio");
  const { exam, examId, refresh } = useSetup();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const notify = useNotify();
  const zone = useZone();
  const { day, time } = localTimeOf(zone, exam.startTime);
  const draft = useFormDraft("audio.add", { clipId: "", kind: "beforeStart", minutes: "10", day, time });
  const { values, change } = draft;
  const kind = KINDS.find((one) => one === values.kind) ?? "beforeStart";
  const [search, setSearch] = useState("");
  const [asked, setAsked] = useState("");
  useAfterPause(() => setAsked(search.trim()), 200, search);
  const library = useQuery(
    invigil.audio.list.queryOptions(
      { pageSize: 100, ...(asked !== "" && { name: asked }) },
      { placeholderData: keepPreviousData },
    ),
  );
  const clips = library.data?.list ?? [];
  const clip = clips.find(({ id }) => id === values.clipId);
  const [isChecked, setIsChecked] = useState(false);

  const minutes = /^\d{1,4}$/.test(values.minutes) ? Number(values.minutes) : undefined;
  const at =
    kind === "byHand"
      ? undefined
      : kind === "at"
        ? atLocalTime(zone, values.day, values.time)
        : minutes === undefined
          ? undefined
          : momentOf(exam, kind, minutes);
  const errors = {
    clip: clip ? undefined : t("add.choose"),
    when: kind === "byHand" || at ? undefined : t("add.wrongTime"),
  };
  const add = useAction(async () => {
    if (!clip) return;
    await client.audio.attach.mutate({ examId, clipId: clip.id, startTime: at });
    await refresh();
    draft.saved(values);
    setIsChecked(false);
    notify.done(t("added", { name: clip.name }));
  });
  const more = (library.data?.total ?? 0) - clips.length;
  return (
    <Section title={t("add.title")}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setIsChecked(true);
          if (!errors.clip && !errors.when) add.run();
        }}
      >
        {(library.data?.total ?? 0) > 10 || search !== "" ? (
          <TextInput
            type="search"
            label={t("add.search")}
            value={search}
            onChange={({ currentTarget: { value } }) => setSearch(value)}
          />
        ) : null}
        {library.data?.total === 0 && (
          <p className={styles.hint}>{asked === "" ? t("add.empty") : t("add.none")}</p>
        )}
        {clips.length > 0 && (
          <div className={styles.row}>
            <NativeSelect
              label={t("add.library")}
              value={clip?.id ?? ""}
              error={isChecked && errors.clip}
              data={[{ value: "", label: "" }, ...clips.map(({ id, name }) => ({ value: id, label: name }))]}
              onChange={({ currentTarget: { value } }) => change({ clipId: value })}
            />
            {clip && <PlayButton key={clip.id} name={clip.name} url={clip.url} />}
          </div>
        )}
        {more > 0 && <p className={styles.hint}>{t("add.more", { count: more })}</p>}
        <div className={styles.row}>
          <NativeSelect
            label={t("add.when")}
            value={kind}
            data={KINDS.map((value) => ({ value, label: t(`add.kinds.${value}`) }))}
            onChange={({ currentTarget: { value } }) => change({ kind: value })}
          />
          {kind === "at" && (
            <>
              <TextInput
                type="date"
                label={t("add.day")}
                value={values.day}
                error={isChecked && errors.when}
                onChange={({ currentTarget: { value } }) => change({ day: value })}
              />
              <TextInput
                type="time"
                label={t("add.time")}
                value={values.time}
                onChange={({ currentTarget: { value } }) => change({ time: value })}
              />
            </>
          )}
          {kind !== "at" && kind !== "byHand" && (
            <TextInput
              inputMode="numeric"
              label={t("add.minutes")}
              value={values.minutes}
              error={isChecked && errors.when}
              onChange={({ currentTarget: { value } }) => change({ minutes: value })}
            />
          )}
        </div>
        {at && (
          <p className={styles.hint}>
            {t.rich("add.plays", { time: () => <Time value={at} seconds={false} /> })}
          </p>
        )}
        <NotDone error={add.error} />
        <div className={styles.buttons}>
          <Button type="submit" loading={add.isRunning}>
            {t("add.submit")}
          </Button>
        </div>
      </form>
    </Section>
  );
}
