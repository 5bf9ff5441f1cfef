import type { ExamSummary } from "@invigil/client";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { useNow } from "../../components/clock.js";
import { MoreIcon } from "../../components/icons.js";
import { ActionMenu } from "../../components/menu.js";
import type { MenuEntry } from "../../components/menu-entry.js";
import type { Asked } from "./dialogs.js";
import { phaseOf } from "./phase.js";

/** The actions that the person may take on an exam. */
export function ExamMenu({ exam, onAsk }: { exam: ExamSummary; onAsk: (asked: Asked) => void }) {
  const t = useTranslations("exams.menu");
  const navigate = useNavigate();
  const isRunning = phaseOf(exam, useNow("minute")) === "running";
  const params = { examId: exam.id };
  const ask = (kind: "duplicate" | "end" | "delete", isDangerous = false): MenuEntry => ({
    kind: "action",
    label: t(kind),
    isDangerous,
    onSelect: () => onAsk({ kind, exam }),
  });
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
        ...(exam.mayDuplicate ? [ask("duplicate")] : []),
        ...(exam.mayManage
          ? [{ kind: "line" } as const, ...(isRunning ? [ask("end")] : []), ask("delete", true)]
          : []),
      ]}
    />
  );
}
