import { useInvigilClient } from "@invigil/react";
import { Button, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import {
  AUDIO_FILES,
  audioFaultOf,
  isNoAudio,
  LONGEST_NAME,
  useClipName,
} from "../../components/audio-file.js";
import { NotDone } from "../../components/error-note.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import { useSetup } from "./context.js";
import { FilePicker } from "./file-picker.js";
import { Section } from "./parts.js";
import styles from "./setup.module.css";

/** Adds a file to the library, and says how far it is. */
export function UploadAudio() {
  const t = useTranslations("setup.audio.upload");
  const client = useInvigilClient();
  const notify = useNotify();
  const { refresh } = useSetup();
  const [file, setFile] = useState<File>();
  const { name, setName, suggest } = useClipName();
  /** A fault of a file, and its name. */
  const [fault, setFault] = useState<string>();
  const [percent, setPercent] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const choose = ([chosen]: readonly File[]) => {
    if (!chosen) return;
    const found = audioFaultOf(chosen);
    upload.forget();
    setFault(found && t(found, { name: chosen.name }));
    setFile(found ? undefined : chosen);
    if (!found) suggest(chosen);
  };
  const upload = useAction(async () => {
    if (!file) return;
    const controller = new AbortController();
    stop.current = controller;
    setPercent(0);
    try {
      const clip = await client.uploadAudio(
        { file, name: name.trim() || file.name },
        {
          signal: controller.signal,
          onProgress: ({ sent, total }) => setPercent(Math.floor((sent / total) * 100)),
        },
      );
      notify.done(t("done", { name: clip.name }));
      setFile(undefined);
      setName("");
      await refresh();
    } catch (error) {
      // The person stopped it themselves, and need not be told.
      if (controller.signal.aborted) return;
      if (!isNoAudio(error)) throw error;
      setFault(t("noAudio", { name: file.name }));
      setFile(undefined);
    } finally {
      setPercent(undefined);
    }
  });
  return (
    <Section title={t("title")}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          upload.run();
        }}
      >
        <FilePicker
          label={t("file")}
          accept={AUDIO_FILES}
          chosen={file?.name}
          onChoose={choose}
          isDisabled={upload.isRunning}
        />
        {fault !== undefined && (
          <p role="alert" className={styles.warning}>
            {fault}
          </p>
        )}
        {file && (
          <TextInput
            label={t("name")}
            value={name}
            maxLength={LONGEST_NAME}
            onChange={({ currentTarget: { value } }) => setName(value)}
          />
        )}
        {percent !== undefined && (
          <p role="status" className={styles.progress}>
            <progress max={100} value={percent} aria-label={t("title")} />
            {percent < 100 ? t("progress", { percent }) : t("storing")}
          </p>
        )}
        <NotDone error={upload.error} title={t("failed")} />
        <div className={styles.buttons}>
          {upload.isRunning ? (
            <Button variant="default" onClick={() => stop.current?.abort()}>
              {t("cancel")}
            </Button>
          ) : (
            <Button type="submit" variant="default" disabled={!file}>
              {t("submit")}
            </Button>
          )}
        </div>
      </form>
    </Section>
  );
}
