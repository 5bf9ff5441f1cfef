import { isReady, type Readiness, readinessChecks } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useFormatter, useTranslations } from "use-intl";
import { useNotify } from "./notify.js";
import { StateText } from "./state-mark.js";
import { useAction } from "./use-action.js";

type Cameras = "one" | "both";

/** Says what is missing: the checks that failed, with why, and those that were not made. */
const useMissing = (): ((readiness: Readiness, cameras: Cameras) => string) => {
  const t = useTranslations("watching.readiness");
  const { list } = useFormatter();
  return ({ checks }, cameras) =>
    list(
      readinessChecks.flatMap((check) => {
        const found = checks[check];
        if (found?.result === "passed" || (check === "secondCamera" && cameras === "one")) return [];
        const name = t(`checks.${check}`);
        return [found?.detail === undefined ? name : t("why", { name, why: t(`details.${found.detail}`) })];
      }),
    );
};

/** Whether a candidate has passed the checks before the exam, and what is missing. */
export function ReadinessText({
  readiness,
  cameras,
}: {
  readiness: Readiness | undefined;
  cameras: Cameras;
}) {
  const t = useTranslations("watching.readiness");
  const missingOf = useMissing();
  if (!readiness) return <span>{t("unchecked")}</span>;
  if (readiness.wavedThrough && readiness.checks.camera?.result !== "passed")
    return <StateText state="unidentified">{t("wavedUnseen")}</StateText>;
  if (readiness.wavedThrough) return <StateText state="publishing">{t("wavedThrough")}</StateText>;
  if (isReady(readiness, { cameras })) return <StateText state="publishing">{t("ready")}</StateText>;
  const missing = missingOf(readiness, cameras);
  return (
    <StateText state="unidentified">
      <span title={missing}>{t("missing", { missing })}</span>
    </StateText>
  );
}

/** A candidate whom staff let begin. */
interface Waved {
  readonly userId: string;
  readonly label: string;
  readonly roomId?: string | undefined;
}

/** Lets candidates begin without the checks, or takes that back. */
export const useWaveThrough = () => {
  const t = useTranslations("watching.readiness");
  const errors = useTranslations("common.error");
  const client = useInvigilClient();
  const notify = useNotify();
  const set = async (people: readonly Waved[], wavedThrough: boolean): Promise<void> => {
    for (const { userId, roomId } of people)
      if (roomId !== undefined) await client.participant.waveThrough.mutate({ roomId, userId, wavedThrough });
  };
  return useAction(async (people: readonly Waved[], wavedThrough: boolean) => {
    const [first] = people;
    if (!first) return;
    try {
      await set(people, wavedThrough);
      notify.undoable(
        t(wavedThrough ? "done.waved" : "done.takenBack", { count: people.length, name: first.label }),
        () => set(people, !wavedThrough),
      );
    } catch (error) {
      notify.failed(errors("notDone"), error);
    }
  });
};
