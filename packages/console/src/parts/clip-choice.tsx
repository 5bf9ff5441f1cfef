import { useInvigil } from "@invigil/react";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { ErrorNote } from "./error-note.js";

/** Chooses one of the clips that teachers start by hand, and plays it here first. */
export function ClipChoice({
  examId,
  value,
  onChange,
}: {
  examId: string;
  /** The URL of the chosen clip. */
  value: string | undefined;
  onChange: (url: string | undefined) => void;
}) {
  const t = useTranslations("common.clips");
  const { data, error } = useQuery(useInvigil().exam.get.queryOptions({ examId }));
  if (error) return <ErrorNote error={error} />;
  const clips = data?.manualAudio ?? [];
  if (data && clips.length === 0) return <p>{t("none")}</p>;
  return (
    <>
      <NativeSelect
        label={t("which")}
        value={value ?? ""}
        onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
        data={[
          { value: "", label: t("choose") },
          ...clips.map(({ name, url }) => ({ value: url, label: name })),
        ]}
      />
      {/* biome-ignore lint/a11y/useMediaCaption: a clip is what the exam office recorded, and has no captions. */}
      {value !== undefined && <audio controls preload="none" src={value} aria-label={t("listen")} />}
    </>
  );
}
