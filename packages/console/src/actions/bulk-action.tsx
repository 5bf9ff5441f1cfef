import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "../components/announcer.js";
import { Dialog } from "../components/dialog.js";
import styles from "../components/dialog.module.css";
import { NotDone, requestIdOf, useErrorText } from "../components/error-note.js";
import { Names } from "../components/names.js";
import { useNotify } from "../components/notify.js";
import { AsksAgain, notAsSecond, usePremise } from "../components/premise.js";
import { Mark } from "../components/state-mark.js";
import { useAction } from "../components/use-action.js";
import {
  type BulkOptions,
  labelOf,
  type Outcome,
  type RunBatch,
  type Target,
  useBulkRun,
} from "./bulk-run.js";

export interface BulkActionProps<S extends Target> extends BulkOptions<S> {
  readonly onClose: () => void;
  /** With the count or the name: "New links for 38 people". */
  readonly title: string;
  /** Once the action has begun, it is for those who were here then. */
  readonly targets: readonly S[];
  /** The consequences, or fields that the action needs. */
  readonly children?: ReactNode;
  /** A verb. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Whether what the action needs is there. Default: true. */
  readonly isReady?: boolean;
  readonly run: RunBatch<S>;
  /** What the action is based on and others may change. If it has changed when the person confirms, the dialog asks again. */
  readonly premise?: () => unknown;
  /** Asks the server, and shows, what the action would do now. Resolves to whether that is what was shown. */
  readonly foresee?: (() => Promise<boolean>) | undefined;
  /** The kind of the targets. Default: people. */
  readonly of?: "people" | "rooms";
  /** Says after the dialog what was done. Default: for how many. */
  readonly told?: (done: readonly S[]) => string;
  /** Takes it back for those for whom it was done. It is offered when the dialog has closed and the action has ended. */
  readonly undo?: ((done: readonly S[]) => Promise<unknown>) | undefined;
  /** The result of the action for a target for whom it is done, such as a link. Undefined: there is nothing to look at. */
  readonly resultOf?: (target: S) => ReactNode;
  /** Actions for all results. */
  readonly after?: ReactNode;
}

/**
 * An action for one or many: first who they are and what follows, then a result for each, and another try for those for whom it failed. What
 * was done for one alone closes it, if there is nothing to look at. If it is closed while the action runs, a notification tells the result.
 * Show it while it is open, and load it by `lazyComponent`; each opening is a new action.
 */
export function BulkAction<S extends Target>({
  onClose,
  title,
  targets: asked,
  children,
  action,
  isDangerous = false,
  isReady = true,
  run,
  premise,
  foresee,
  batchSize,
  groupOf,
  of: kind = "people",
  told,
  undo,
  resultOf,
  after,
}: BulkActionProps<S>) {
  const [begun, setBegun] = useState<readonly S[]>();
  const targets = begun ?? asked;
  const t = useTranslations("common");
  const say = useErrorText();
  const notify = useNotify();
  const { outcomes, isRunning, start } = useBulkRun(run, { ...(batchSize && { batchSize }), groupOf });
  const isBegun = outcomes.size > 0;
  const withOutcome = (of: ReadonlyMap<string, Outcome>, outcome: Outcome["kind"]) =>
    targets.filter(({ id }) => of.get(id)?.kind === outcome);
  const done = withOutcome(outcomes, "done");
  const failed = withOutcome(outcomes, "failed");
  const isOver = isBegun && !isRunning;
  const [only] = targets.length === 1 ? targets : [];
  const failure = (count: number) =>
    only ? t("error.notDone") : t(`bulk.${kind}.failed`, { failed: count, total: targets.length });
  const summary = isOver
    ? failed.length > 0
      ? failure(failed.length)
      : t(`bulk.${kind}.done`, { count: done.length })
    : t("bulk.running", { done: done.length, total: targets.length });
  const tell = (of: readonly S[]) => {
    if (of.length === 0) return;
    const message = told?.(of) ?? t(`bulk.${kind}.done`, { count: of.length });
    if (undo) notify.undoable(message, () => undo(of));
    else notify.done(message);
  };
  const { asksAgain, holds, isOpen } = usePremise(() => premise?.());
  const close = () => {
    // If it still runs, its end is told.
    if (undo && isOver) tell(done);
    onClose();
  };
  const begin = async (some: readonly S[]) => {
    setBegun(targets);
    const ended = await start(some);
    if (isOpen.current) {
      if (!only || ended.get(only.id)?.kind !== "done" || resultOf?.(only) !== undefined) return;
      tell([only]);
      onClose();
      return;
    }
    tell(withOutcome(ended, "done"));
    const errors = [...ended.values()].flatMap((one) => (one.kind === "failed" ? [one.error] : []));
    if (errors.length > 0) notify.failed(failure(errors.length), errors[0]);
  };
  const confirm = useAction(async () => {
    if (holds(await foresee?.())) void begin(targets);
  });
  return (
    <Dialog title={title} onClose={close} size="lg" mayCloseOutside={!isRunning}>
      <div className={styles.form}>
        {!isBegun && (
          <div className={styles.text}>
            {!only && (
              <p>
                <strong>{t(`bulk.${kind}.count`, { count: targets.length })}</strong>{" "}
                <Names of={targets.map(labelOf)} />
              </p>
            )}
            {children}
            {asksAgain && <AsksAgain />}
            <NotDone error={confirm.error} />
          </div>
        )}
        {isBegun && (
          <>
            <p>{summary}</p>
            {isOver && <Announce text={summary} />}
            {only && resultOf && done.length > 0 ? (
              resultOf(only)
            ) : (
              <ul className={styles.results} aria-label={t(`bulk.${kind}.result`)}>
                {[...targets]
                  .sort((one, other) => rank(outcomes.get(one.id)?.kind) - rank(outcomes.get(other.id)?.kind))
                  .slice(0, MOST_RESULTS)
                  .map((target) => {
                    const outcome = outcomes.get(target.id) ?? { kind: "waiting" };
                    const requestId = outcome.kind === "failed" ? requestIdOf(outcome.error) : undefined;
                    return (
                      <li key={target.id} className={styles.result}>
                        <span>{labelOf(target)}</span>
                        <span className={styles.outcome} data-outcome={outcome.kind}>
                          {outcome.kind === "done"
                            ? (resultOf?.(target) ?? (
                                <>
                                  <Mark state="publishing" /> {t("bulk.ok")}
                                </>
                              ))
                            : outcome.kind === "failed"
                              ? `${say(outcome.error)}${requestId ? ` (${t("error.request", { id: requestId })})` : ""}`
                              : t(`bulk.${outcome.kind}`)}
                        </span>
                      </li>
                    );
                  })}
              </ul>
            )}
          </>
        )}
        <div className={styles.buttons}>
          {isOver && done.length > 0 && after}
          <Button variant="default" onClick={notAsSecond(close)}>
            {isBegun ? t("confirm.close") : t("confirm.cancel")}
          </Button>
          {!isBegun && (
            <Button
              {...(isDangerous && { color: "red" })}
              disabled={!isReady || targets.length === 0}
              aria-busy={confirm.isRunning}
              onClick={notAsSecond(() => confirm.run())}
            >
              {action}
            </Button>
          )}
          {isOver && failed.length > 0 && (
            <Button onClick={notAsSecond(() => void begin(failed))}>
              {t(`bulk.${kind}.retry`, { count: failed.length })}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

/** How many results are listed, those that failed first. The sentence above counts all. */
const MOST_RESULTS = 200;
const RANKS = ["failed", "working", "waiting", "done"];
const rank = (kind: string | undefined): number => RANKS.indexOf(kind ?? "waiting");
