import { Button } from "@mantine/core";
import type { MouseEvent, ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "./announcer.js";
import { type BulkOptions, type RunBatch, type Subject, useBulkRun } from "./bulk-run.js";
import { Dialog } from "./dialog.js";
import styles from "./dialog.module.css";
import { requestIdOf, useErrorText } from "./error-note.js";
import { Names } from "./names.js";
import { Mark } from "./state-mark.js";

export interface BulkActionProps extends BulkOptions {
  readonly onClose: () => void;
  /** The question, with its count: "Give new links to 38 people?" */
  readonly title: string;
  readonly subjects: readonly Subject[];
  /** What follows, or fields that the action needs. */
  readonly children?: ReactNode;
  /** A verb. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Whether what the action needs is there. Default: true. */
  readonly isReady?: boolean;
  readonly run: RunBatch;
  /** What the subjects are. Default: people. */
  readonly of?: "people" | "rooms";
  /** What the action has brought to a subject for whom it is done, such as a link. */
  readonly resultOf?: (subject: Subject) => ReactNode;
  /** What can be done with all results. */
  readonly after?: ReactNode;
}

/**
 * An action for many: first who they are and what follows, then a result for each person, and another try for those for whom it failed.
 * Show it while it is open, and load it by `late`; each opening is a new action.
 */
export function BulkAction({
  onClose,
  title,
  subjects,
  children,
  action,
  isDangerous = false,
  isReady = true,
  run,
  batchSize = 1,
  concurrency = 4,
  groupOf,
  of: kind = "people",
  resultOf,
  after,
}: BulkActionProps) {
  const t = useTranslations("common");
  const say = useErrorText();
  const { outcomes, isRunning, start } = useBulkRun(run, { batchSize, concurrency, groupOf });
  const isBegun = outcomes.size > 0;
  const inState = (state: string) => subjects.filter(({ id }) => outcomes.get(id)?.kind === state);
  const done = inState("done").length;
  const failed = inState("failed");
  const isOver = isBegun && !isRunning;
  const summary = isOver
    ? failed.length > 0
      ? t(`bulk.${kind}.failed`, { failed: failed.length, total: subjects.length })
      : t(`bulk.${kind}.done`, { count: done })
    : t("bulk.running", { done, total: subjects.length });
  return (
    <Dialog title={title} onClose={onClose} size="lg" mayCloseOutside={!isRunning}>
      <div className={styles.form}>
        {!isBegun && (
          <div className={styles.text}>
            <p>
              <strong>{t(`bulk.${kind}.count`, { count: subjects.length })}</strong>{" "}
              <Names of={subjects.map(({ name }) => name)} />
            </p>
            {children}
          </div>
        )}
        {isBegun && (
          <>
            <p>{summary}</p>
            {isOver && <Announce text={summary} />}
            <ul className={styles.results} aria-label={t(`bulk.${kind}.result`)}>
              {[...subjects]
                .sort((one, other) => rank(outcomes.get(one.id)?.kind) - rank(outcomes.get(other.id)?.kind))
                .slice(0, MOST_RESULTS)
                .map(({ id, name }) => {
                  const outcome = outcomes.get(id) ?? { kind: "waiting" };
                  const requestId = outcome.kind === "failed" ? requestIdOf(outcome.error) : undefined;
                  return (
                    <li key={id} className={styles.result}>
                      <span>{name}</span>
                      <span className={styles.outcome} data-outcome={outcome.kind}>
                        {outcome.kind === "done" && (resultOf?.({ id, name }) ?? <Mark state="publishing" />)}
                        {outcome.kind === "failed"
                          ? `${say(outcome.error)}${requestId ? ` (${t("error.request", { id: requestId })})` : ""}`
                          : outcome.kind === "done"
                            ? resultOf === undefined && t("bulk.ok")
                            : t(`bulk.${outcome.kind}`)}
                      </span>
                    </li>
                  );
                })}
            </ul>
          </>
        )}
        <div className={styles.buttons}>
          {isOver && done > 0 && after}
          <Button variant="default" onClick={notAsSecond(onClose)}>
            {isBegun ? t("confirm.close") : t("confirm.cancel")}
          </Button>
          {!isBegun && (
            <Button
              {...(isDangerous && { color: "red" })}
              disabled={!isReady || subjects.length === 0}
              onClick={() => void start(subjects)}
            >
              {action}
            </Button>
          )}
          {isOver && failed.length > 0 && (
            <Button onClick={notAsSecond(() => void start(failed))}>
              {t(`bulk.${kind}.retry`, { count: failed.length })}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

/**
 * Ignores the second click of a double click, whose first one was for the button that stood here before.
 */
const notAsSecond =
  (run: () => void) =>
  ({ detail }: MouseEvent): void => {
    if (detail < 2) run();
  };

/** How many results are listed, those that failed first. The sentence above counts all. */
const MOST_RESULTS = 200;
const RANKS = ["failed", "working", "waiting", "done"];
const rank = (kind: string | undefined): number => RANKS.indexOf(kind ?? "waiting");
