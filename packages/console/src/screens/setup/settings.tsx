import type { Exam } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { NotDone } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { Conflict, SaveBar } from "./parts.js";
import { conflictsWith } from "./rebase.js";
import styles from "./setup.module.css";
import { isVideoRight, PRESETS, profileOf, type VideoValues, videoValuesOf } from "./video.js";

const NUMBERS = ["width", "height", "frameRate", "maxBitrate"] as const;

/** How cameras encode their pictures. */
export function Settings() {
  const t = useTranslations("setup.settings");
  const form = useTranslations("setup.form");
  const { exam, examId, isReadOnly, refresh } = useSetup();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const queryClient = useQueryClient();
  const notify = useNotify();
  const theirs = videoValuesOf(exam.videoProfile);
  const draft = useFormDraft<VideoValues>("settings", theirs);
  const { values, change } = draft;
  const isRight = isVideoRight(values);
  const save = useAction(async () => {
    const now: Exam = await queryClient.query(invigil.exam.get.queryOptions({ examId }, { staleTime: 0 }));
    if (conflictsWith({ base: theirs, mine: values }, videoValuesOf(now.videoProfile)).length > 0) return;
    await client.exam.update.mutate({ examId, videoProfile: profileOf(values) });
    await refresh();
    draft.saved(values);
    notify.done(form("saved"));
  });
  const labels = {
    preset: t("profile"),
    width: t("width"),
    height: t("height"),
    frameRate: t("frameRate"),
    maxBitrate: t("maxBitrate"),
  };
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isRight) save.run();
      }}
    >
      <p className={styles.hint}>{t("intro")}</p>
      <NativeSelect
        label={t("profile")}
        value={values.preset}
        disabled={isReadOnly}
        data={(["app", "low", "medium", "high", "own"] as const).map((value) => ({
          value,
          label: t(`presets.${value}`),
        }))}
        onChange={({ currentTarget: { value } }) =>
          change({ preset: value, ...(value in PRESETS && PRESETS[value as keyof typeof PRESETS]) })
        }
      />
      {values.preset === "own" && (
        <div className={styles.row}>
          {NUMBERS.map((name) => (
            <TextInput
              key={name}
              inputMode="numeric"
              label={t(name)}
              value={values[name]}
              readOnly={isReadOnly}
              onChange={({ currentTarget: { value } }) => change({ [name]: value })}
            />
          ))}
        </div>
      )}
      {!isRight && <p className={styles.warning}>{t("wrong")}</p>}
      <Conflict draft={draft} theirs={theirs} labels={labels} />
      <NotDone error={save.error} />
      {!isReadOnly && <SaveBar draft={draft} isSaving={save.isRunning} />}
    </form>
  );
}
