import { type ExamPlansOutput, isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { ErrorNote, ToldError } from "../../components/error-note.js";
import { lazyComponent } from "../../components/lazy.js";
import { useNotify } from "../../components/notify.js";
import { Time } from "../../components/time.js";
import { usePersonName, useSetup } from "./context.js";
import { Section } from "./parts.js";
import styles from "./setup.module.css";

const Confirm = lazyComponent(async () => ({
  default: (await import("../../components/confirm.js")).Confirm,
}));

/** The plans of the exam, which can be undone. */
export function Plans() {
  const t = useTranslations("setup.rooms.plans");
  const { examId, refresh } = useSetup();
  const invigil = useInvigil();
  const client = useInvigilClient();
  const notify = useNotify();
  const { data: plans, error, refetch } = useQuery(invigil.exam.plans.queryOptions({ examId }));
  const nameOf = usePersonName();
  const [asked, setAsked] = useState<ExamPlansOutput>();
  const undo = async (plan: number) => {
    try {
      const { unseated, deletedRooms } = await client.exam.undoPlan.mutate({ examId, plan });
      notify.done(t("done", { plan, unseated, deletedRooms }));
    } catch (failure) {
      throw isInvigilError(failure, "EXAM_CONFLICT")
        ? new ToldError(t("refused", { reason: failure.message }))
        : failure;
    } finally {
      await refresh();
    }
  };
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!plans || plans.length === 0) return null;
  return (
    <Section title={t("title")}>
      <ul className={styles.list}>
        {plans.map((one) => {
          const { plan, by, createdAt, newRooms, seated, undoneAt } = one;
          return (
            <li key={plan} className={styles.listRow}>
              <span className={styles.grow} data-numbers>
                {t("made", { plan, newRooms, seated })}{" "}
                <span className={styles.hint}>
                  {nameOf(by)}, <Time value={createdAt} seconds={false} />
                </span>
              </span>
              {undoneAt ? (
                <span className={styles.hint}>
                  {t.rich("undone", { time: () => <Time value={undoneAt} seconds={false} /> })}
                </span>
              ) : (
                <Button
                  variant="default"
                  size="compact-xs"
                  aria-label={t("undoOne", { plan })}
                  onClick={() => setAsked(one)}
                >
                  {t("undo")}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {asked && (
        <Suspense>
          <Confirm
            onClose={() => setAsked(undefined)}
            title={t("confirmTitle", asked)}
            action={t("undoOne", asked)}
            isDangerous
            onConfirm={() => undo(asked.plan)}
          >
            <p>{t("confirm", asked)}</p>
          </Confirm>
        </Suspense>
      )}
    </Section>
  );
}
