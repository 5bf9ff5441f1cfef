import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./dialog.module.css";
import { FormDialog } from "./form-dialog.js";
import { usePremise } from "./premise.js";
import { useAction } from "./use-action.js";

interface ConfirmProps {
  readonly onClose: () => void;
  /** The question, with its count and names: "End Room 12 for 28 people?" */
  readonly title: string;
  /** The consequences, and what can be undone. */
  readonly children?: ReactNode;
  /** A verb. */
  readonly action: string;
  /** Whether it takes something away. */
  readonly isDangerous?: boolean;
  /** The text that has to be typed before, because the action cannot be undone. */
  readonly typed?: string;
  /** What the question is based on and others may change. If it has changed when the person confirms, the dialog asks again. */
  readonly premise?: unknown;
  /** The dialog stays open while it runs, and when it fails. */
  readonly onConfirm: () => Promise<unknown>;
}

/** Asks before something that cannot be undone. A double click does it once. Show it while it is open, and load it by `lazyComponent`. */
export function Confirm({
  title,
  children,
  action,
  isDangerous = false,
  typed,
  premise,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const t = useTranslations("common.confirm");
  const [text, setText] = useState("");
  const confirm = useAction(async () => {
    await onConfirm();
    onClose();
  });
  const { asksAgain, holds } = usePremise(() => premise);
  return (
    <FormDialog
      title={title}
      verb={action}
      action={confirm}
      onSubmit={() => holds() && confirm.run()}
      asksAgain={asksAgain}
      onClose={onClose}
      isReady={typed === undefined || text.trim() === typed.trim()}
      isDangerous={isDangerous}
      focusesCancel={typed === undefined && isDangerous}
    >
      {children !== undefined && <div className={styles.text}>{children}</div>}
      {typed !== undefined && (
        <TextInput
          label={t("typeName", { name: typed })}
          value={text}
          autoComplete="off"
          data-autofocus
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
