import { Button, Textarea } from "@mantine/core";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./composer.module.css";
import { ErrorNote } from "./error-note.js";

/** A field for a message. Enter sends it, but not while an input method composes. What could not be sent stays in the field. */
export function Composer({
  label,
  onSend,
  maxLength = 500,
}: {
  /** To whom: "Message to Room 12". */
  label: string;
  onSend: (text: string) => Promise<unknown>;
  maxLength?: number;
}) {
  const t = useTranslations("common");
  const [text, setText] = useState("");
  const [isSending, setIsSending] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const isBusy = useRef(false);
  const left = maxLength - text.length;
  const send = async () => {
    const message = text.trim();
    if (isBusy.current || message === "" || left < 0) return;
    isBusy.current = true;
    setIsSending(true);
    setFailure(undefined);
    try {
      await onSend(message);
      // What was typed meanwhile stays.
      setText((now) => (now === text ? "" : now));
    } catch (error) {
      setFailure(error);
    } finally {
      isBusy.current = false;
      setIsSending(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Safari ends the composition before the key that ended it. Only the deprecated code of that key, 229, tells.
    // oxlint-disable-next-line typescript/no-deprecated
    const isComposing = event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Textarea
        aria-label={label}
        placeholder={label}
        rows={2}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={onKeyDown}
        error={left < 0 && t("composer.tooLong", { count: -left })}
      />
      {failure !== undefined && <ErrorNote error={failure} title={t("error.notDone")} />}
      <div className={styles.foot}>
        <span className={styles.hint}>
          {left < 50 && left >= 0 ? t("composer.left", { count: left }) : t("composer.hint")}
        </span>
        <Button type="submit" size="compact-sm" disabled={text.trim() === "" || left < 0 || isSending}>
          {t(isSending ? "composer.sending" : "composer.send")}
        </Button>
      </div>
    </form>
  );
}
