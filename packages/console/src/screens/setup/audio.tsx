import type { ManualAudio } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useTranslations } from "use-intl";
import { NotDone } from "../../components/error-note.js";
import { IconButton } from "../../components/icon-button.js";
import { CrossIcon } from "../../components/icons.js";
import { useNotify } from "../../components/notify.js";
import { PlayButton } from "../../components/play-button.js";
import { Time } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { AddAudio } from "./audio-add.js";
import { isOutside, whenOf } from "./audio-times.js";
import { UploadAudio } from "./audio-upload.js";
import { useSetup } from "./context.js";
import { Section } from "./parts.js";
import styles from "./setup.module.css";

interface Attached extends ManualAudio {
  readonly startTime?: Date | undefined;
}

/** The clips of the exam, and when they play. */
export function Audio() {
  const t = useTranslations("setup.audio");
  const { exam, isReadOnly } = useSetup();
  const { scheduledAudio, manualAudio } = exam;
  return (
    <>
      <p className={styles.hint}>{t("intro")}</p>
      <Section title={t("scheduled")}>
        {scheduledAudio.length === 0 ? (
          <p className={styles.hint}>
            {t("emptyTitle")}. {t("empty")}
          </p>
        ) : (
          <Clips label={t("scheduled")} clips={scheduledAudio} />
        )}
      </Section>
      <Section title={t("manual")}>
        {manualAudio.length === 0 ? (
          <p className={styles.hint}>{t("manualEmpty")}</p>
        ) : (
          <Clips label={t("manual")} clips={manualAudio} />
        )}
      </Section>
      {!isReadOnly && (
        <>
          <AddAudio />
          <UploadAudio />
        </>
      )}
    </>
  );
}

function Clips({ label, clips }: { label: string; clips: readonly Attached[] }) {
  const t = useTranslations("setup.audio");
  const { exam, examId, isReadOnly, refresh } = useSetup();
  const client = useInvigilClient();
  const notify = useNotify();
  const remove = useAction(async ({ id, clipId, name, startTime }: Attached) => {
    await client.audio.detach.mutate({ examId, attachmentId: id });
    await refresh();
    notify.undoable(t("removed", { name }), async () => {
      await client.audio.attach.mutate({ examId, clipId, startTime });
      await refresh();
    });
  });
  return (
    <>
      <ul className={styles.list} aria-label={label}>
        {clips.map((clip) => {
          const { id, name, url, startTime } = clip;
          const when = startTime && whenOf(exam, startTime);
          return (
            <li key={id} className={styles.listRow}>
              <PlayButton name={name} url={url} />
              <span className={styles.grow}>{name}</span>
              {startTime && when && (
                <span className={styles.hint}>
                  <Time value={startTime} seconds={false} />{" "}
                  <span className={isOutside(exam, startTime) ? styles.warning : undefined}>
                    ({t(`relative.${when.kind}`, { minutes: "minutes" in when ? when.minutes : 0 })}
                    {isOutside(exam, startTime) && `, ${t("outside")}`})
                  </span>
                </span>
              )}
              {!isReadOnly && (
                <IconButton label={t("removeOne", { name })} onClick={() => remove.run(clip)}>
                  <CrossIcon />
                </IconButton>
              )}
            </li>
          );
        })}
      </ul>
      <NotDone error={remove.error} />
    </>
  );
}
