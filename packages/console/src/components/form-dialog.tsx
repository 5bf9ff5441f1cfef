import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "./dialog.js";
import styles from "./dialog.module.css";
import { NotDone } from "./error-note.js";
import { AsksAgain } from "./premise.js";
import type { Action } from "./use-action.js";

/** A dialog with a form. It stays open while it is sent, and when that fails. */
export function FormDialog({
  title,
  verb,
  action: { isRunning, error },
  onSubmit,
  onClose,
  isReady = true,
  isDangerous = false,
  focusesCancel = false,
  mayCloseOutside = true,
  asksAgain = false,
  children,
}: {
  title: string;
  /** Names the button. */
  verb: string;
  action: Action;
  onSubmit: () => void;
  onClose: () => void;
  isReady?: boolean;
  /** Whether it takes something away. */
  isDangerous?: boolean;
  focusesCancel?: boolean;
  /** Whether a click beside it closes it. Default: true. */
  mayCloseOutside?: boolean;
  /** Whether what the dialog says has changed since the person was asked. Default: false. */
  asksAgain?: boolean;
  children: ReactNode;
}) {
  const t = useTranslations("common.confirm");
  return (
    <Dialog title={title} onClose={onClose} mayCloseOutside={mayCloseOutside}>
      <form
        className={styles.form}
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onSubmit();
        }}
      >
        {children}
        {asksAgain && <AsksAgain />}
        <NotDone error={error} />
        <div className={styles.buttons}>
          <Button variant="default" onClick={onClose} {...(focusesCancel && { "data-autofocus": true })}>
            {t("cancel")}
          </Button>
          <Button
            type="submit"
            disabled={!isReady}
            // The second click of a double click does not answer what is asked again.
            onClick={(event) => event.detail > 1 && event.preventDefault()}
            loading={isRunning}
            {...(isDangerous && { color: "red" })}
          >
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
