import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/InlineInput.css";
import type { AudioClip } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, Checkbox, TextInput } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Confirm } from "../../parts/confirm.js";
import { Dialog } from "../../parts/dialog.js";
import { ErrorNote } from "../../parts/error-note.js";
import { useNotify } from "../../parts/notify.js";
import { useAction } from "../../parts/use-action.js";
import styles from "./administration.module.css";

/** What somebody asked for. */
export type AskedOfClip =
  | { readonly kind: "upload" }
  | { readonly kind: "change" | "delete"; readonly clip: AudioClip };

/** The largest file that the server accepts, in bytes. */
const MOST_BYTES = 20 * 1024 * 1024;

interface DialogProps {
  readonly onClose: () => void;
  readonly onChanged: () => Promise<unknown>;
}

/** The dialogs of the audio library. */
export default function AudioDialogs({ asked, ...props }: DialogProps & { asked: AskedOfClip }) {
  const t = useTranslations("administration.audio");
  const client = useInvigilClient();
  const notify = useNotify();
  if (asked.kind !== "delete")
    return <ClipForm clip={asked.kind === "change" ? asked.clip : undefined} {...props} />;
  const { id, name } = asked.clip;
  return (
    <Confirm
      onClose={props.onClose}
      title={t("deleteTitle", { name })}
      action={t("deleteAction")}
      isDangerous
      typed={name}
      onConfirm={async () => {
        await client.audio.delete.mutate({ clipId: id });
        notify.done(t("deleted", { name }));
        void props.onChanged();
      }}
    >
      <p>{t("deleteText")}</p>
    </Confirm>
  );
}

function ClipForm({ clip, onClose, onChanged }: DialogProps & { clip: AudioClip | undefined }) {
  const t = useTranslations("administration.audio");
  const common = useTranslations("common");
  const client = useInvigilClient();
  const notify = useNotify();
  const fileId = useId();
  const [file, setFile] = useState<File>();
  const [name, setName] = useState(clip?.name ?? "");
  const [classify, setClassify] = useState(String(clip?.classify ?? 0));
  const [isDefault, setIsDefault] = useState(clip?.isDefault ?? false);
  const [sent, setSent] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const isTooLarge = file !== undefined && file.size > MOST_BYTES;
  const isNumber = /^\d{1,6}$/.test(classify);
  const isReady =
    name.trim() !== "" && isNumber && (clip !== undefined || (file !== undefined && !isTooLarge));
  const save = async (signal: AbortSignal) => {
    const fields = { name: name.trim(), classify: Number(classify), isDefault };
    if (clip) await client.audio.update.mutate({ clipId: clip.id, ...fields });
    else if (file)
      await client.uploadAudio(
        { file, ...fields },
        { signal, onProgress: ({ sent, total }) => setSent(total === 0 ? 1 : sent / total) },
      );
  };
  const { run, isRunning, error } = useAction(async () => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setSent(0);
    try {
      await save(signal);
    } catch (failure) {
      // Somebody stopped it, who need not be told.
      if (signal.aborted) return;
      throw failure;
    } finally {
      setSent(undefined);
    }
    notify.done(t(clip ? "changed" : "uploaded", { name: name.trim() }));
    void onChanged();
    onClose();
  });
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    if (chosen && name === "") setName(chosen.name.replace(/\.[^.]+$/, "").slice(0, 64));
  };
  return (
    <Dialog
      title={clip ? t("changeTitle", { name: clip.name }) : t("upload")}
      onClose={onClose}
      mayCloseOutside={false}
    >
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void run();
        }}
      >
        {!clip && (
          <div className={styles.file}>
            <label htmlFor={fileId}>{t("file")}</label>
            <input
              id={fileId}
              type="file"
              accept="audio/*,.mp3,.wav,.ogg,.m4a"
              data-autofocus
              onChange={({ currentTarget }) => choose(currentTarget.files?.[0])}
            />
            <p className={isTooLarge ? styles.wrong : styles.dim}>{t("fileHint")}</p>
          </div>
        )}
        <TextInput
          label={t("name")}
          maxLength={64}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label={t("classify")}
          description={t("classifyHint")}
          inputMode="numeric"
          value={classify}
          error={!isNumber && t("classifyWrong")}
          onChange={({ currentTarget }) => setClassify(currentTarget.value)}
        />
        <Checkbox
          label={t("defaultLabel")}
          description={t("defaultHint")}
          checked={isDefault}
          onChange={({ currentTarget }) => setIsDefault(currentTarget.checked)}
        />
        {sent !== undefined && !clip && (
          <label className={styles.progress}>
            {t("progress", { share: sent })}
            <progress value={sent} max={1} />
          </label>
        )}
        {error !== undefined && <ErrorNote error={error} title={common("error.notDone")} />}
        <div className={styles.buttons}>
          <Button
            variant="default"
            onClick={() => {
              stop.current?.abort();
              onClose();
            }}
          >
            {common("confirm.cancel")}
          </Button>
          <Button type="submit" disabled={!isReady} loading={isRunning}>
            {t(clip ? "save" : "uploadAction")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
