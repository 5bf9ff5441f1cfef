import { type MouseEvent, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./dialog.module.css";

/**
 * Of a dialog: what it is based on, and whether it asks again because others have changed that since.
 * @param find - finds it as it is now: lists are drawn again once a second at most
 */
export const usePremise = (find: () => unknown) => {
  const latest = useRef(find);
  latest.current = find;
  const asked = useRef<string>(undefined);
  // It may take a while until there is anything.
  asked.current ??= JSON.stringify(find());
  const [asksAgain, setAsksAgain] = useState(false);
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  /**
   * Called when the person confirms. If it returns false, the action is not what was shown, or the dialog has been closed, and it must not begin.
   * @param isSame - what else has been found about it, by a call
   */
  const holds = (isSame = true): boolean => {
    if (!isOpen.current) return false;
    const now = JSON.stringify(latest.current());
    const isAsShown = isSame && asked.current === now;
    asked.current = now;
    setAsksAgain(!isAsShown);
    return isAsShown;
  };
  return { asksAgain, holds, isOpen };
};

/** The line of a dialog that asks again. */
export function AsksAgain() {
  const t = useTranslations("common.confirm");
  return (
    <p role="alert" className={styles.changed}>
      {t("changed")}
    </p>
  );
}

/** Ignores the second click of a double click. The first one was for what was shown before, or for a button that stood here. */
export const notAsSecond =
  (run: () => void) =>
  ({ detail }: MouseEvent): void => {
    if (detail < 2) run();
  };
