import { Button, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "./dialog.js";
import styles from "./dialog.module.css";
import { ErrorNote } from "./error-note.js";
import { useAction } from "./use-action.js";

interface ConfirmProps {
  readonly onClose: () => void;
  /** The question, with its count and names: "End Room 12 for 28 people?" */
  readonly title: string;
  /** What follows, and what can be undone. */
  readonly children?: ReactNode;
  /** A verb. */
  readonly action: string;
  /** Whether it takes something away. */
  readonly isDangerous?: boolean;
  /** What has to be typed before, because it cannot be undone. */
  readonly typed?: string;
  /** The dialog stays open while it runs, and when it fails. */
  readonly onConfirm: () => Promise<unknown>;
}

/** Asks before something that cannot be undone. A double click does it once. Show it while it is open, and load it by `late`. */
export function Confirm(props: ConfirmProps) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <Question {...props} />
    </Dialog>
  );
}

function Question({ children, action, isDangerous = false, typed, onConfirm, onClose }: ConfirmProps) {
  const t = useTranslations("common");
  const [text, setText] = useState("");
  const { run, isRunning, error } = useAction(async () => {
    await onConfirm();
    onClose();
  });
  const mayRun = typed === undefined || text.trim() === typed.trim();
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (mayRun) void run();
      }}
    >
      {children !== undefined && <div className={styles.text}>{children}</div>}
      {typed !== undefined && (
        <TextInput
          label={t("confirm.typeName", { name: typed })}
          value={text}
          autoComplete="off"
          data-autofocus
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      )}
      {error !== undefined && <ErrorNote error={error} title={t("error.notDone")} />}
      <div className={styles.buttons}>
        <Button
          variant="default"
          onClick={onClose}
          {...(typed === undefined && isDangerous && { "data-autofocus": true })}
        >
          {t("confirm.cancel")}
        </Button>
        <Button type="submit" {...(isDangerous && { color: "red" })} disabled={!mayRun} loading={isRunning}>
          {action}
        </Button>
      </div>
    </form>
  );
}
