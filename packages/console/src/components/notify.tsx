import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useCallback } from "react";
import { useTranslations } from "use-intl";
import { useErrorText } from "./error-note.js";
import styles from "./notify.module.css";

/** How long a notification can be undone, in milliseconds. */
const UNDO_MS = 10_000;

interface Notify {
  /** Says what was done, with a button that takes it back. */
  readonly undoable: (message: string, undo: () => Promise<unknown>) => void;
  /** Says what was done and cannot be taken back. */
  readonly done: (message: string) => void;
  /** Says what was not done, and why. */
  readonly failed: (message: string, error: unknown) => void;
}

export const useNotify = (): Notify => {
  const t = useTranslations("common");
  const say = useErrorText();
  const closeButtonProps = { "aria-label": t("confirm.close") };
  const done = useCallback(
    (message: string) =>
      void notifications.show({
        message,
        autoClose: 4000,
        closeButtonProps: { "aria-label": t("confirm.close") },
      }),
    [t],
  );
  const failed = (message: string, error: unknown) =>
    void notifications.show({
      title: message,
      message: say(error),
      color: "red",
      autoClose: false,
      closeButtonProps,
    });
  return {
    done,
    failed,
    undoable(message, undo) {
      let isBegun = false;
      const id = notifications.show({
        autoClose: UNDO_MS,
        closeButtonProps,
        message: (
          <span className={styles.undoable}>
            {message}
            <Button
              variant="subtle"
              size="compact-xs"
              onClick={() => {
                if (isBegun) return;
                isBegun = true;
                notifications.hide(id);
                undo().then(
                  () => done(t("undo.undone")),
                  (error: unknown) => failed(t("undo.failed"), error),
                );
              }}
            >
              {t("undo.action")}
            </Button>
          </span>
        ),
      });
    },
  };
};
