import type { ExamSummary } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Confirm } from "../../parts/confirm.js";
import { useMay } from "../../parts/may.js";
import { useNotify } from "../../parts/notify.js";
import { ExamForm } from "./exam-form.js";

/** What somebody asked for. */
export type Asked =
  | { readonly kind: "create" }
  | { readonly kind: "duplicate" | "end" | "delete"; readonly exam: ExamSummary };

/** The dialogs of the exams. */
export default function Dialogs({
  asked,
  onClose,
  onChanged,
}: {
  asked: Asked;
  onClose: () => void;
  onChanged: () => Promise<unknown>;
}) {
  const t = useTranslations("exams");
  const client = useInvigilClient();
  const navigate = useNavigate();
  const may = useMay();
  const notify = useNotify();
  if (asked.kind === "create")
    return (
      <ExamForm
        title={t("form.create")}
        action={t("form.submit")}
        onClose={onClose}
        onSubmit={async (exam) => {
          const { id } = await client.exam.create.mutate(exam);
          notify.done(t("created", { name: exam.name }));
          void onChanged();
          void navigate({ to: "/exams/$examId/setup/{-$step}", params: { examId: id } });
        }}
      />
    );
  const { exam } = asked;
  const { id: examId, name } = exam;
  if (asked.kind === "delete") {
    const restore = async () => {
      await client.exam.restore.mutate({ examId });
      await onChanged();
    };
    return (
      <Confirm
        onClose={onClose}
        title={t("delete.title", { name })}
        action={t("delete.action")}
        isDangerous
        typed={name}
        onConfirm={async () => {
          const { eraseAt } = await client.exam.delete.mutate({ examId, withRooms: true });
          void onChanged();
          const message = t("delete.done", { name });
          if (eraseAt && may.administer) notify.undoable(message, restore);
          else notify.done(message);
        }}
      >
        <p>{t("delete.text")}</p>
      </Confirm>
    );
  }
  return null;
}
