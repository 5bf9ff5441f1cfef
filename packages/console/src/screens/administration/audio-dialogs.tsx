import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/InlineInput.css";
import type { AudioClip } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Checkbox, TextInput } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import {
  AUDIO_FILES,
  audioFaultOf,
  isNoAudio,
  LONGEST_NAME,
  useClipName,
} from "../../components/audio-file.js";
import { Confirm } from "../../components/confirm.js";
import { FormDialog } from "../../components/form-dialog.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import styles from "./administration.module.css";

/** The action that the person asked for. */
export type AskedOfClip =
  | { readonly kind: "upload" }
  | { readonly kind: "change" | "delete"; readonly clip: AudioClip };

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
  const client = useInvigilClient();
  const notify = useNotify();
  const fileId = useId();
  const [file, setFile] = useState<File>();
  const { name, setName, suggest } = useClipName(clip?.name);
  /** A fault of the file, and its name. */
  const [fault, setFault] = useState<string>();
  const [classify, setClassify] = useState(String(clip?.classify ?? 0));
  const [isDefault, setIsDefault] = useState(clip?.isDefault ?? false);
  const [sent, setSent] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const isNumber = /^\d{1,6}$/.test(classify);
  const isReady =
    name.trim() !== "" && isNumber && (clip !== undefined || (file !== undefined && fault === undefined));
  const save = async (signal: AbortSignal) => {
    const fields = { name: name.trim(), classify: Number(classify), isDefault };
    if (clip) await client.audio.update.mutate({ clipId: clip.id, ...fields });
    else if (file)
      await client.uploadAudio(
        { file, ...fields },
        { signal, onProgress: ({ sent, total }) => setSent(total === 0 ? 1 : sent / total) },
      );
  };
  const submit = useAction(async () => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setSent(0);
    try {
      await save(signal);
    } catch (failure) {
      // The person stopped it themselves, and need not be told.
      if (signal.aborted) return;
      if (!file || !isNoAudio(failure)) throw failure;
      setFault(t("noAudio", { name: file.name }));
      return;
    } finally {
      setSent(undefined);
    }
    notify.done(t(clip ? "changed" : "uploaded", { name: name.trim() }));
    void onChanged();
    onClose();
  });
  const choose = (chosen: File | undefined) => {
    const found = chosen && audioFaultOf(chosen);
    submit.forget();
    setFault(chosen && found && t(found, { name: chosen.name }));
    setFile(chosen);
    if (chosen && !found) suggest(chosen);
  };
  return (
    <FormDialog
      title={clip ? t("changeTitle", { name: clip.name }) : t("upload")}
      verb={t(clip ? "save" : "uploadAction")}
      action={submit}
      onSubmit={submit.run}
      onClose={onClose}
      isReady={isReady}
      mayCloseOutside={false}
    >
      {!clip && (
        <div className={styles.file}>
          <label htmlFor={fileId}>{t("file")}</label>
          <input
            id={fileId}
            type="file"
            accept={AUDIO_FILES}
            data-autofocus
            onChange={({ currentTarget }) => choose(currentTarget.files?.[0])}
          />
          <p className={styles.dim}>{t("fileHint")}</p>
          {fault !== undefined && (
            <p role="alert" className={styles.wrong}>
              {fault}
            </p>
          )}
        </div>
      )}
      <TextInput
        label={t("name")}
        maxLength={LONGEST_NAME}
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
    </FormDialog>
  );
}
