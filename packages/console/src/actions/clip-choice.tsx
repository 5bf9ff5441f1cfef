import type { ManualAudio } from "@invigil/client";
import { NativeSelect } from "@mantine/core";
import { useTranslations } from "use-intl";
import { ErrorNote } from "../components/error-note.js";
import { PlayButton } from "../components/play-button.js";
import { useExamDetails } from "../components/roster.js";
import styles from "./acting.module.css";

/** Chooses one of the clips that teachers start by hand, and plays it here first. */
export function ClipChoice({
  examId,
  value,
  onChange,
}: {
  examId: string;
  value: ManualAudio | undefined;
  onChange: (clip: ManualAudio | undefined) => void;
}) {
  const t = useTranslations("watching.clip");
  const { data, error, refetch } = useExamDetails(examId);
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  const clips = data?.manualAudio ?? [];
  if (data && clips.length === 0) return <p>{t("none")}</p>;
  return (
    <div className={styles.choice}>
      <NativeSelect
        label={t("which")}
        value={value?.id ?? ""}
        onChange={({ currentTarget }) => onChange(clips.find(({ id }) => id === currentTarget.value))}
        data={[
          { value: "", label: t("choose") },
          ...clips.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      {value && <PlayButton key={value.id} {...value} />}
    </div>
  );
}
