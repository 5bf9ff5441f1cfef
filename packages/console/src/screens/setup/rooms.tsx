import { type ExamPlan, isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { lazyComponent } from "../../components/lazy.js";
import { useNotify } from "../../components/notify.js";
import { useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { Scroll, Section, useAfterPause } from "./parts.js";
import { type PlanValues, planOf } from "./plan-options.js";
import styles from "./setup.module.css";

const Confirm = lazyComponent(async () => ({
  default: (await import("../../components/confirm.js")).Confirm,
}));

/** The rooms of the exam: who has none gets one. */
export function Rooms() {
  const t = useTranslations("setup.rooms");
  const { people, peopleError, isReadOnly } = useSetup();
  if (!people) return peopleError ? <ErrorNote error={peopleError} /> : <Skeleton rows={4} />;
  const { unseated, rooms, examinees } = people;
  const isPlanned = unseated.examinees === 0 && unseated.staff.length === 0;
  return (
    <>
      <p className={styles.hint}>{t("intro")}</p>
      {!isReadOnly &&
        (examinees === 0 && rooms.length === 0 && unseated.staff.length === 0 ? (
          <NothingYet />
        ) : isPlanned ? (
          <p>{t("nothing")}</p>
        ) : (
          <Plan />
        ))}
      {(isReadOnly || isPlanned) && <CurrentRooms />}
    </>
  );
}

function NothingYet() {
  const t = useTranslations("setup.rooms");
  const { examId } = useSetup();
  return (
    <Empty
      title={t("nothingYetTitle")}
      action={
        <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step: "roster" }}>
          {t("toRoster")}
        </Link>
      }
    >
      {t("nothingYet")}
    </Empty>
  );
}

function CurrentRooms() {
  const t = useTranslations("setup.rooms");
  const { people, examId } = useSetup();
  const rooms = people?.rooms ?? [];
  if (rooms.length === 0) return <p className={styles.hint}>{t("empty")}</p>;
  return (
    <Section title={t("current")}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("room")}</th>
            <th scope="col" data-align="end">
              {t("candidates")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rooms.map(({ room: { id, name, status }, examinees }) => (
            <tr key={id}>
              <th scope="row">
                <Link to="/exams/$examId/rooms/$roomId" params={{ examId, roomId: id }}>
                  {name}
                </Link>
                {status === "ended" && <span className={styles.hint}> {t("ended")}</span>}
              </th>
              <td data-align="end">{examinees}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

const USUAL: PlanValues = { size: "30", name: "", order: "roster", seed: "1" };

function Plan() {
  const t = useTranslations("setup.rooms");
  const { examId, people, refresh } = useSetup();
  const client = useInvigilClient();
  const notify = useNotify();
  const draft = useFormDraft<PlanValues>("rooms.plan", { ...USUAL, name: `${t("room")} {n}` });
  const { values, change } = draft;
  const { options, errors } = planOf(values);
  const wanted = JSON.stringify(options);
  const [asked, setAsked] = useState(wanted);
  useAfterPause(() => setAsked(wanted), 300, wanted);
  const [isAsking, setIsAsking] = useState(false);
  const [applyError, setApplyError] = useState<unknown>();

  // The plan depends on who is unseated, so that it is made again when they change.
  const unseated = `${people?.unseated.examinees} ${people?.unseated.staff.length} ${people?.rooms.length}`;
  const preview = useQuery({
    queryKey: ["setup-plan", examId, asked, unseated],
    queryFn: () => {
      if (!options) throw new Error("There are no options.");
      return client.exam.plan.mutate({ examId, ...options, dryRun: true });
    },
    enabled: options !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const plan = preview.data;
  const isCurrent = asked === wanted && !preview.isFetching && !preview.error;
  const apply = async () => {
    if (!options) return;
    setApplyError(undefined);
    try {
      const { seated } = await client.exam.plan.mutate({ examId, ...options });
      draft.discard();
      notify.done(t("applied", { seated }));
    } catch (error) {
      setApplyError(error);
    }
    await Promise.all([refresh(), preview.refetch()]);
  };
  return (
    <>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (isCurrent) setIsAsking(true);
        }}
      >
        <div className={styles.row}>
          <TextInput
            inputMode="numeric"
            label={t("size")}
            value={values.size}
            error={errors.size && t("sizeWrong")}
            onChange={({ currentTarget: { value } }) => change({ size: value })}
          />
          <TextInput
            label={t("name")}
            description={t("nameHint")}
            value={values.name}
            error={errors.name && t("nameWrong")}
            onChange={({ currentTarget: { value } }) => change({ name: value })}
          />
          <NativeSelect
            label={t("order")}
            value={values.order}
            data={[
              { value: "roster", label: t("orders.roster") },
              { value: "shuffled", label: t("orders.shuffled") },
            ]}
            onChange={({ currentTarget: { value } }) => change({ order: value })}
          />
          {values.order === "shuffled" && (
            <TextInput
              label={t("seed")}
              description={t("seedHint")}
              value={values.seed}
              maxLength={64}
              onChange={({ currentTarget: { value } }) => change({ seed: value })}
            />
          )}
        </div>
        {applyError !== undefined &&
          (isInvigilError(applyError, "EXAM_CONFLICT") ? (
            <div className={styles.conflict} role="alert">
              <strong>{t("changedTitle")}</strong>
              <p>{t("changed")}</p>
            </div>
          ) : (
            <NotDone error={applyError} />
          ))}
        {preview.error ? (
          <CannotPlan error={preview.error} onRetry={() => void preview.refetch()} />
        ) : plan ? (
          <>
            <p data-numbers>
              {t("summary", {
                seated: plan.seated,
                rooms: plan.rooms.length + (plan.moreRooms ?? 0),
                newRooms: plan.newRooms,
              })}{" "}
              {plan.waiting > 0 && t("waiting", { count: plan.waiting })}
            </p>
            <div className={styles.buttons} data-start>
              <Button type="submit" disabled={!isCurrent || errors.size || errors.name}>
                {t("apply", { newRooms: plan.newRooms })}
              </Button>
            </div>
            <BeforeAfter plan={plan} isStale={!isCurrent} />
          </>
        ) : (
          <Skeleton rows={4} />
        )}
      </form>
      {isAsking && plan && (
        <Suspense>
          <Confirm
            onClose={() => setIsAsking(false)}
            title={t("confirmTitle", { seated: plan.seated, newRooms: plan.newRooms })}
            action={t("apply", { newRooms: plan.newRooms })}
            onConfirm={apply}
          >
            <p>{t("confirm")}</p>
          </Confirm>
        </Suspense>
      )}
    </>
  );
}

function CannotPlan({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useTranslations("setup.rooms");
  const { examId } = useSetup();
  if (!isInvigilError(error, "EXAM_CONFLICT")) return <ErrorNote error={error} onRetry={onRetry} />;
  return (
    <div className={styles.conflict} role="alert">
      <strong>{t("tooFewTitle")}</strong>
      <p>{t("tooFew")}</p>
      <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step: "staff" }}>
        {t("toStaff")}
      </Link>
    </div>
  );
}

function BeforeAfter({ plan: { rooms, moreRooms = 0 }, isStale }: { plan: ExamPlan; isStale: boolean }) {
  const t = useTranslations("setup.rooms");
  return (
    <>
      <Scroll label={t("label")} isStale={isStale}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("room")}</th>
              <th scope="col" data-align="end">
                {t("before")}
              </th>
              <th scope="col" data-align="end">
                {t("after")}
              </th>
              <th scope="col">{t("teachers")}</th>
            </tr>
          </thead>
          <tbody>
            {rooms.map(({ name, isNew, examinees, seated }) => (
              <tr key={name}>
                <th scope="row">
                  {name} {isNew && <span className={styles.tag}>{t("isNew")}</span>}
                </th>
                <td data-align="end">
                  {isNew ? "–" : examinees - seated.filter(({ role }) => role === "examinee").length}
                </td>
                <td data-align="end">{examinees}</td>
                <td>
                  {seated
                    .filter(({ role }) => role !== "examinee")
                    .map((person) => person.name)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {moreRooms > 0 && <p className={styles.hint}>{t("more", { count: moreRooms })}</p>}
    </>
  );
}
