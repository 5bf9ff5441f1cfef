import { type ExamPlan, isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { lazyComponent } from "../../components/lazy.js";
import { Names } from "../../components/names.js";
import { useNotify } from "../../components/notify.js";
import { RoomLink } from "../../components/place-links.js";
import { usePersonName, useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { Scroll, Section, ToStep, useAfterPause } from "./parts.js";
import type { StaffedRoom } from "./people.js";
import { type PlanValues, planOf } from "./plan-options.js";
import { Plans } from "./plans.js";
import { RoomActions } from "./room-actions.js";
import styles from "./setup.module.css";

const Confirm = lazyComponent(async () => ({
  default: (await import("../../components/confirm.js")).Confirm,
}));

/** The rooms of the exam: who has none gets one. */
export function Rooms() {
  const t = useTranslations("setup.rooms");
  const { people, peopleError, isReadOnly } = useSetup();
  if (!people) return peopleError ? <ErrorNote error={peopleError} /> : <Skeleton rows={4} />;
  const { unseated, rooms } = people;
  const isPlanned = unseated.examinees === 0 && unseated.staff.length === 0;
  return (
    <>
      <p className={styles.hint}>{t("intro")}</p>
      {!isReadOnly &&
        (unseated.examinees === 0 && rooms.length === 0 ? (
          <NothingYet />
        ) : isPlanned ? (
          <p>{t("nothing")}</p>
        ) : (
          <Plan />
        ))}
      {(isReadOnly || rooms.length > 0) && <CurrentRooms />}
      <RoomActions />
      {!isReadOnly && <Plans />}
    </>
  );
}

function NothingYet() {
  const t = useTranslations("setup.rooms");
  return (
    <Empty title={t("nothingYetTitle")} action={<ToStep step="roster">{t("toRoster")}</ToStep>}>
      {t("nothingYet")}
    </Empty>
  );
}

function CurrentRooms() {
  const t = useTranslations("setup.rooms");
  const { people } = useSetup();
  const rooms = people?.rooms ?? [];
  if (rooms.length === 0) return <p className={styles.hint}>{t("empty")}</p>;
  return (
    <Section title={t("current")}>
      <Scroll label={t("current")}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("room")}</th>
              <th scope="col" data-align="end">
                {t("candidates")}
              </th>
              <th scope="col">{t("invigilators")}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {rooms.map((staffed) => (
              <RoomRow key={staffed.room.id} staffed={staffed} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function RoomRow({ staffed }: { staffed: StaffedRoom }) {
  const t = useTranslations("setup.rooms");
  const { examId } = useSetup();
  const nameOf = usePersonName();
  const { room, examinees, teachers } = staffed;
  return (
    <tr>
      <th scope="row">
        <RoomLink examId={examId} roomId={room.id}>
          {room.name}
        </RoomLink>
        {room.status === "ended" && <span className={styles.hint}> {t("ended")}</span>}
      </th>
      <td data-align="end">{examinees}</td>
      <td>
        {teachers.length === 0 && <ToStep step="staff">{t("noTeacher")}</ToStep>}{" "}
        <Names of={teachers.map(({ userId }) => nameOf(userId))} />
      </td>
      <td data-align="end">
        <RoomActions of={staffed} />
      </td>
    </tr>
  );
}

const USUAL: PlanValues = { size: "30", name: "", order: "roster", seed: "1" };

function Plan() {
  const t = useTranslations("setup.rooms");
  const { examId, people, refresh } = useSetup();
  const client = useInvigilClient();
  const notify = useNotify();
  // The next plan, for those who come late, is like the last one, unless the person says otherwise.
  const [last, setLast] = useLocalStorage<PlanValues>({
    key: `invigil.plan.${examId}`,
    defaultValue: { ...USUAL, name: `${t("room")} {n}` },
    getInitialValueInEffect: false,
  });
  const draft = useFormDraft<PlanValues>("rooms.plan", last);
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
  const lacking = plan ? Math.max(0, plan.teachers.needed - plan.teachers.available) : 0;
  const verb =
    lacking > 0 ? t("applyWithout", { count: lacking }) : t("apply", { newRooms: plan?.newRooms ?? 0 });
  const isCurrent = asked === wanted && !preview.isFetching && !preview.error;
  const apply = async () => {
    if (!options) return;
    setApplyError(undefined);
    try {
      const { seated } = await client.exam.plan.mutate({
        examId,
        ...options,
        // The dialog has said so.
        withoutTeachers: lacking > 0,
      });
      setLast(values);
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
          <ErrorNote error={preview.error} onRetry={() => void preview.refetch()} />
        ) : plan ? (
          <>
            <p data-numbers>
              {t("summary", { seated: plan.seated, newRooms: plan.newRooms })}{" "}
              {plan.waiting > 0 && t("waiting", { count: plan.waiting })}
            </p>
            {lacking > 0 && (
              <TooFew plan={plan} lacking={lacking} onSize={(size) => change({ size: String(size) })} />
            )}
            <div className={styles.buttons} data-start>
              <Button
                type="submit"
                disabled={!isCurrent || errors.size || errors.name}
                variant={lacking > 0 ? "default" : "filled"}
              >
                {verb}
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
            action={verb}
            onConfirm={apply}
          >
            {lacking > 0 && <p>{t("answerable", { count: lacking })}</p>}
            <p>{t("confirm")}</p>
          </Confirm>
        </Suspense>
      )}
    </>
  );
}

/** Says how many invigilators a plan needs, and what one can do if there are too few. */
function TooFew({
  plan: {
    newRooms,
    teachers: { needed, available, sufficientRoomSize },
  },
  lacking,
  onSize,
}: {
  plan: ExamPlan;
  lacking: number;
  onSize: (size: number) => void;
}) {
  const t = useTranslations("setup.rooms");
  return (
    <div className={styles.conflict} role="status">
      <strong data-numbers>{t("need", { newRooms, needed, available })}</strong>
      <p>
        {t("tooFew")} {t("answerable", { count: lacking })}
      </p>
      <div className={styles.buttons}>
        {sufficientRoomSize !== undefined && (
          <Button variant="default" onClick={() => onSize(sufficientRoomSize)}>
            {t("sufficientSize", { size: sufficientRoomSize })}
          </Button>
        )}
        <ToStep step="roster">{t("importStaff")}</ToStep>
        <ToStep step="staff">{t("addStaff")}</ToStep>
      </div>
    </div>
  );
}

/** The rooms that a plan makes or changes. */
function BeforeAfter({ plan: { rooms, moreRooms = 0 }, isStale }: { plan: ExamPlan; isStale: boolean }) {
  const t = useTranslations("setup.rooms");
  const nameOf = usePersonName();
  const changed = rooms.filter(({ isNew, seated }) => isNew || seated.length > 0);
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
            {changed.map(({ name, isNew, examinees, seated }) => (
              <tr key={name}>
                <th scope="row">
                  {name} {isNew && <span className={styles.tag}>{t("isNew")}</span>}
                </th>
                <td data-align="end">
                  {isNew ? "–" : examinees - seated.filter(({ role }) => role === "examinee").length}
                </td>
                <td data-align="end">{examinees}</td>
                <td>
                  {isNew && !seated.some(({ role }) => role === "teacher") && (
                    <span className={styles.missing}>{t("noTeacher")} </span>
                  )}
                  <Names
                    of={seated.filter(({ role }) => role !== "examinee").map(({ userId }) => nameOf(userId))}
                  />
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
