import { Button, Checkbox, Textarea } from "@mantine/core";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./composer.module.css";
import { NotDone } from "./error-note.js";
import { useShortcut } from "./shortcuts.js";
import { useAction } from "./use-action.js";

/** The most characters of a message. */
export const MAX_TEXT = 500;

/** What a message holds, and whether its receivers are asked to confirm that they have read it. */
export const messageOf = (
  text: string,
  asksReceipt: boolean,
): { readonly text: string; readonly receipt?: true } => (asksReceipt ? { text, receipt: true } : { text });

/** A field for a message. Enter sends it, but not while an input method composes. What could not be sent stays in the field. */
export function Composer({
  label,
  onSend,
}: {
  /** To whom: "Message to Room 12". */
  label: string;
  onSend: (message: ReturnType<typeof messageOf>) => Promise<unknown>;
}) {
  const t = useTranslations("common");
  const field = useRef<HTMLTextAreaElement>(null);
  useShortcut({ keys: "m", label, run: () => field.current?.focus() });
  const [text, setText] = useState("");
  const [asksReceipt, setAsksReceipt] = useState(false);
  const left = MAX_TEXT - text.length;
  const { run, isRunning, error } = useAction(async (message: string) => {
    await onSend(messageOf(message, asksReceipt));
    // Text that was typed in the meantime stays.
    setText((now) => (now === text ? "" : now));
    setAsksReceipt(false);
  });
  const send = () => {
    const message = text.trim();
    if (message !== "" && left >= 0) run(message);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Safari ends the composition before the key that ended it. Only the deprecated code of that key, 229, tells.
    // oxlint-disable-next-line typescript/no-deprecated
    const isComposing = event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Textarea
        ref={field}
        aria-label={label}
        placeholder={label}
        rows={2}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={onKeyDown}
        error={left < 0 && t("composer.tooLong", { count: -left })}
      />
      <Checkbox
        size="xs"
        label={t("composer.receipt")}
        checked={asksReceipt}
        onChange={({ currentTarget }) => setAsksReceipt(currentTarget.checked)}
      />
      <NotDone error={error} />
      <div className={styles.foot}>
        <span className={styles.hint}>
          {left < 50 && left >= 0 ? t("composer.left", { count: left }) : t("composer.hint")}
        </span>
        <Button type="submit" size="compact-sm" disabled={text.trim() === "" || left < 0 || isRunning}>
          {t(isRunning ? "composer.sending" : "composer.send")}
        </Button>
      </div>
    </form>
  );
}
