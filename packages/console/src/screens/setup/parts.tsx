import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useTranslations } from "use-intl";
import { useSetup } from "./context.js";
import type { FormDraft } from "./drafts.js";
import styles from "./setup.module.css";
import type { Step } from "./steps.js";

/** A link to another step. */
export function ToStep({ step, children }: { step: Step; children: ReactNode }) {
  const { examId } = useSetup();
  return (
    <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step }}>
      {children}
    </Link>
  );
}

/** Says that another person changed what is being edited, and lets this one decide. */
export function Conflict<Values>({
  draft: { conflicts, values, settle },
  theirs,
  labels,
}: {
  draft: FormDraft<Values>;
  theirs: Values;
  labels: { readonly [Field in keyof Values]: string };
}) {
  const t = useTranslations("setup.form");
  if (conflicts.length === 0) return null;
  return (
    <div className={styles.conflict} role="alert">
      <strong>{t("conflictTitle")}</strong>
      <ul>
        {conflicts.map((field) => (
          <li key={String(field)}>
            {t("conflict", {
              field: labels[field],
              theirs: String(theirs[field]),
              mine: String(values[field]),
            })}
          </li>
        ))}
      </ul>
      <div className={styles.buttons}>
        <Button variant="default" onClick={() => settle("mine")}>
          {t("keepMine")}
        </Button>
        <Button variant="default" onClick={() => settle("theirs")}>
          {t("takeTheirs")}
        </Button>
      </div>
    </div>
  );
}

/** The buttons of a form, which say whether something is not saved. */
export function SaveBar({
  draft: { isChanged, conflicts, discard },
  isSaving,
}: {
  draft: {
    readonly isChanged: boolean;
    readonly conflicts: readonly unknown[];
    readonly discard: () => void;
  };
  isSaving: boolean;
}) {
  const t = useTranslations("setup.form");
  return (
    <div className={styles.save}>
      <Button type="submit" disabled={!isChanged || conflicts.length > 0} loading={isSaving}>
        {t("save")}
      </Button>
      {isChanged && (
        <>
          <Button variant="default" onClick={discard} disabled={isSaving}>
            {t("discard")}
          </Button>
          <span className={styles.hint}>{t("unsaved")}</span>
        </>
      )}
    </div>
  );
}

/** A frame for contents that are wider or longer than their place, and scroll within it. */
export function Scroll({
  label,
  isStale = false,
  children,
}: {
  label: string;
  isStale?: boolean;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard.
    <section className={styles.scroll} aria-label={label} data-stale={isStale || undefined} tabIndex={0}>
      {children}
    </section>
  );
}

/** A part of a step. */
export function Section({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** A value that follows another after a pause, so that typing does not call the server for each key. */
export const useAfterPause = (run: () => void, ms: number, of: string): void => {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it waits for is `of`.
  useEffect(() => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }, [of, ms]);
};
