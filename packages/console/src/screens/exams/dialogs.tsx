import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Checkbox.css";
import { type ExamSummary, nameOfCopy, type RouterOutputs } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Checkbox } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { EndExamDialog } from "../../actions/ends.js";
import ReopenDialog from "../../actions/reopen.js";
import { Confirm } from "../../components/confirm.js";
import { useNotify } from "../../components/notify.js";
import { Time } from "../../components/time.js";
import { useInstallationInfo } from "../../components/use-installation-info.js";
import { usePermissions } from "../../components/use-permissions.js";
import { ExamForm } from "./exam-form.js";

export type RestoredExam = RouterOutputs["exam"]["restore"];
/** The dialog that a person asked for, or that follows an action. */
export type Asked =
  | { readonly kind: "create" }
  | { readonly kind: "duplicate" | "end" | "delete"; readonly exam: ExamSummary }
  | { readonly kind: "restored"; readonly exam: RestoredExam };

interface DialogsProps {
  readonly asked: Asked;
  /** All exams that are known. */
  readonly exams: readonly ExamSummary[];
  readonly onClose: () => void;
  readonly onChanged: () => Promise<unknown>;
  readonly onRestored: (exam: RestoredExam) => void;
}
/** The props of a dialog about one exam. */
type OfExam = Omit<DialogsProps, "asked"> & { readonly exam: ExamSummary };

/** The dialogs of the exams. */
export default function Dialogs({ asked, exams, onClose, onChanged, onRestored }: DialogsProps) {
  const t = useTranslations("exams");
  const client = useInvigilClient();
  const navigate = useNavigate();
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
  if (asked.kind === "restored")
    return (
      <ReopenDialog rooms={asked.exam.endedRooms} onClose={onClose}>
        <p>{t("restoredRooms", { name: asked.exam.name })}</p>
      </ReopenDialog>
    );
  const { exam } = asked;
  const { id: examId, name } = exam;
  if (asked.kind === "delete")
    return (
      <Delete exam={exam} exams={exams} onClose={onClose} onChanged={onChanged} onRestored={onRestored} />
    );
  if (asked.kind === "end")
    return <EndExamDialog examId={examId} name={name} onClose={onClose} onEnded={() => void onChanged()} />;
  return <Duplicate exam={exam} exams={exams} onClose={onClose} onChanged={onChanged} />;
}

function Delete({ exam, exams, onClose, onChanged, onRestored }: OfExam) {
  const t = useTranslations("exams");
  const client = useInvigilClient();
  const may = usePermissions();
  const notify = useNotify();
  const info = useInstallationInfo();
  const { id: examId, name } = exam;
  const equals = exams.filter((other) => other.name === name && other.id !== examId);
  const restore = async () => {
    const restored = await client.exam.restore.mutate({ examId });
    await onChanged();
    onRestored(restored);
  };
  // The dialog asks once it can say whether the exam can be restored.
  if (!info) return null;
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
      <p>{t("delete.text", { days: info.restoreDays })}</p>
      {equals.length > 0 && (
        <>
          <p>{t("delete.equalNames", { count: equals.length })}</p>
          <ul>
            <li>
              <strong>{t("delete.this")}</strong> <Details of={exam} />
            </li>
            {equals.slice(0, MOST_EQUALS).map((other) => (
              <li key={other.id}>
                {t("delete.other")} <Details of={other} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Confirm>
  );
}

/** How many exams of an equal name are listed. */
const MOST_EQUALS = 5;

/** What tells an exam from others of its name. */
function Details({ of: { startTime, createdAt, counts } }: { of: ExamSummary }) {
  const t = useTranslations("exams");
  return (
    <>
      {t.rich("delete.details", {
        size: counts ? t("size", { ...counts }) : "",
        start: () => <Time value={startTime} seconds={false} />,
        created: () => <Time value={createdAt} />,
      })}
    </>
  );
}

function Duplicate({ exam, exams, onClose, onChanged }: Omit<OfExam, "onRestored">) {
  const t = useTranslations("exams");
  const client = useInvigilClient();
  const navigate = useNavigate();
  const notify = useNotify();
  const [withRooms, setWithRooms] = useState(true);
  const [withPeople, setWithPeople] = useState(false);
  const [suggested] = useState(() => ({
    ...exam,
    name: nameOfCopy(
      exam.name,
      exams.map(({ name }) => name),
    ),
  }));
  return (
    <ExamForm
      title={t("form.duplicate", { name: exam.name })}
      action={t("form.submitDuplicate")}
      initial={suggested}
      onClose={onClose}
      onSubmit={async (wanted) => {
        const { id } = await client.exam.duplicate.mutate({
          examId: exam.id,
          ...wanted,
          withRooms,
          withPeople,
        });
        notify.done(t("created", { name: wanted.name }));
        void onChanged();
        void navigate({ to: "/exams/$examId/setup/{-$step}", params: { examId: id } });
      }}
    >
      <Checkbox
        label={t("form.withRooms")}
        checked={withRooms}
        onChange={({ currentTarget }) => setWithRooms(currentTarget.checked)}
      />
      <Checkbox
        label={t("form.withPeople")}
        checked={withPeople}
        onChange={({ currentTarget }) => setWithPeople(currentTarget.checked)}
      />
    </ExamForm>
  );
}
