import type { ExamSummary } from "@invigil/client";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { useNow } from "../../parts/clock.js";
import { MoreIcon } from "../../parts/icons.js";
import { ActionMenu } from "../../parts/menu.js";
import type { Asked } from "./dialogs.js";
import { phaseOf } from "./phase.js";

/** What can be done with an exam. */
export function ExamMenu({ exam, onAsk }: { exam: ExamSummary; onAsk: (asked: Asked) => void }) {
  const t = useTranslations("exams.menu");
  const navigate = useNavigate();
  const isRunning = phaseOf(exam, useNow("minute")) === "running";
  const params = { examId: exam.id };
  return (
    <ActionMenu
      label={t("label", { name: exam.name })}
      icon={<MoreIcon />}
      entries={[
        {
          kind: "action",
          label: t("open"),
          onSelect: () => void navigate({ to: "/exams/$examId", params }),
        },
        {
          kind: "action",
          label: t("setup"),
          onSelect: () => void navigate({ to: "/exams/$examId/setup/{-$step}", params }),
        },
        { kind: "action", label: t("duplicate"), onSelect: () => onAsk({ kind: "duplicate", exam }) },
        { kind: "line" },
        ...(isRunning
          ? [{ kind: "action" as const, label: t("end"), onSelect: () => onAsk({ kind: "end", exam }) }]
          : []),
        {
          kind: "action",
          label: t("delete"),
          isDangerous: true,
          onSelect: () => onAsk({ kind: "delete", exam }),
        },
      ]}
    />
  );
}
