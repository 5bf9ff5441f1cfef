import type { CheckItem } from "@invigil/client";
import { useInvigil, useSession } from "@invigil/react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Suspense, useCallback } from "react";
import { useTranslations } from "use-intl";
import { EndedRooms } from "../../actions/ended-rooms.js";
import { ReportLive } from "../../components/connection.js";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { BackIcon } from "../../components/icons.js";
import { lazyComponent } from "../../components/lazy.js";
import { Page } from "../../components/page.js";
import { useRouteSearch } from "../../components/search.js";
import { Audio } from "./audio.js";
import { CheckList } from "./check.js";
import { type Setup, SetupContext, useSetup } from "./context.js";
import { Details } from "./details.js";
import { DraftsProvider, useHasDraft } from "./drafts.js";
import { useItemText } from "./item-text.js";
import { Links } from "./links.js";
import { usePeopleByRoom } from "./people.js";
import { Rooms } from "./rooms.js";
import { Roster } from "./roster.js";
import { Settings } from "./settings.js";
import styles from "./setup.module.css";
import { Staff } from "./staff.js";
import { StatusMark } from "./status-mark.js";
import {
  isOfServer,
  readinessOf,
  STEP_NAMES,
  type Step,
  stepNamed,
  waitsForRooms,
  worstOf,
} from "./steps.js";

const Cards = lazyComponent(() => import("./cards.js"));

const CONTENT = {
  details: Details,
  audio: Audio,
  roster: Roster,
  rooms: Rooms,
  staff: Staff,
  links: Links,
  settings: Settings,
  check: CheckList,
} as const satisfies { readonly [Name in Step]: unknown };

/** The steps of an exam's preparation. */
export function Screen() {
  const { examId, step } = useParams({ from: "/exams/$examId/setup/{-$step}" });
  const t = useTranslations("setup");
  const invigil = useInvigil();
  const queryClient = useQueryClient();
  const { user } = useSession();
  const exam = useQuery(invigil.exam.get.queryOptions({ examId }));
  const mayManage = exam.data?.mayManage ?? false;
  const check = useQuery(invigil.exam.check.queryOptions({ examId }, { enabled: mayManage }));
  const checkAgain = useCallback(() => {
    for (const { queryKey } of [invigil.exam.check, invigil.exam.plans])
      void queryClient.invalidateQueries({ queryKey: queryKey({ examId }) });
  }, [queryClient, invigil, examId]);
  const { people, error: peopleError } = usePeopleByRoom(examId, checkAgain);
  const refresh = useCallback(async () => {
    const keys = [invigil.exam.pathKey(), invigil.audio.pathKey(), invigil.cheat.pathKey()];
    await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  }, [queryClient, invigil]);
  const [{ print }, setSearch] = useRouteSearch("/exams/$examId/setup/{-$step}");

  if (exam.error && !exam.data)
    return (
      <Page title={t("title")}>
        <ErrorNote error={exam.error} onRetry={() => void exam.refetch()} />
      </Page>
    );
  if (!exam.data || !user)
    return (
      <Page title={t("title")}>
        <Skeleton />
      </Page>
    );
  const setup: Setup = {
    examId,
    exam: exam.data,
    items: check.data?.items,
    checkedAt: check.data?.checkedAt,
    people,
    peopleError,
    isReadOnly: !mayManage,
    refresh,
  };
  return (
    <SetupContext value={setup}>
      <ReportLive of={{ peopleOf: examId }} />
      <DraftsProvider key={`${user.userId} ${examId}`} owner={`${user.userId} ${examId}`}>
        {print !== undefined && !setup.isReadOnly ? (
          <Suspense fallback={<Skeleton />}>
            <Cards whom={print} onBack={() => setSearch({ print: undefined }, { replace: true })} />
          </Suspense>
        ) : (
          <Page title={t("title")} of={exam.data.name} aside={<Readiness />}>
            {setup.isReadOnly && <p className={styles.readOnly}>{t("readOnly")}</p>}
            {people && <EndedRooms exam={exam.data} rooms={people.rooms.map(({ room }) => room)} />}
            {check.error && <ErrorNote error={check.error} onRetry={() => void check.refetch()} />}
            <div className={styles.frame} data-open={stepNamed(step)}>
              <StepList open={stepNamed(step)} />
              <Panel step={stepNamed(step) ?? "details"} />
            </div>
          </Page>
        )}
      </DraftsProvider>
    </SetupContext>
  );
}

function Readiness() {
  const t = useTranslations("setup.ready");
  const { items, isReadOnly } = useSetup();
  if (isReadOnly) return null;
  if (!items) return t("unknown");
  const { missing, ofServer, attention } = readinessOf(items);
  const texts = [
    ...(missing > 0 ? [t("missing", { count: missing })] : []),
    ...(ofServer > 0 ? [t("ofServer", { count: ofServer })] : []),
  ];
  if (texts.length > 0) return <span className={styles.missing}>{texts.join(" · ")}</span>;
  return attention > 0 ? t("attention", { count: attention }) : t("ok");
}

/** The steps that a person sees who may change nothing. */
const READABLE: readonly Step[] = ["details", "audio", "rooms", "staff", "settings"];

function StepList({ open }: { open: Step | undefined }) {
  const t = useTranslations("setup");
  const { isReadOnly } = useSetup();
  const steps = isReadOnly ? READABLE : STEP_NAMES;
  return (
    <div className={styles.steps}>
      <ol aria-label={t("stepsLabel")}>
        {steps.map((step) => (
          <li key={step}>
            <StepLink step={step} isOpen={step === (open ?? "details")} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function StepLink({ step, isOpen }: { step: Step; isOpen: boolean }) {
  const t = useTranslations("setup");
  const { examId, items, people } = useSetup();
  const say = useItemText();
  const hasDraft = useHasDraft(step);
  const worst = items && worstOf(items, step);
  const waits = items !== undefined && worst !== undefined && waitsForRooms(items, worst);
  const sayState = (item: CheckItem) => {
    // Invigilators can be there before the rooms are.
    if (waits) return step === "staff" ? t("staffSoFar", { count: people?.staff ?? 0 }) : t("afterRooms");
    const { state } = say(item);
    return isOfServer(item) && item.status !== "ok" ? t("ofServer", { state }) : state;
  };
  const says = worst ? sayState(worst) : items && t("optional");
  return (
    <Link
      to="/exams/$examId/setup/{-$step}"
      params={{ examId, step }}
      className={styles.step}
      data-open={isOpen || undefined}
      {...(isOpen && { "aria-current": "step" as const })}
    >
      <StatusMark status={waits ? undefined : worst?.status} />
      <span className={styles.stepName}>{t(`steps.${step}`)}</span>
      <span className={styles.stepSays} data-status={worst?.status}>
        {hasDraft && <em>{t("unsaved")} · </em>}
        {says}
      </span>
    </Link>
  );
}

function Panel({ step: asked }: { step: Step }) {
  const t = useTranslations("setup");
  const { examId, isReadOnly } = useSetup();
  const step = isReadOnly && !READABLE.includes(asked) ? "details" : asked;
  const Content = CONTENT[step];
  const steps = isReadOnly ? READABLE : STEP_NAMES;
  const next = steps[steps.indexOf(step) + 1];
  const target = { to: "/exams/$examId/setup/{-$step}" } as const;
  return (
    <section className={styles.panel} aria-labelledby="setup-step">
      {/* Without it, the router keeps the step. */}
      <Link {...target} params={{ examId, step: undefined }} className={styles.back}>
        <BackIcon /> {t("allSteps")}
      </Link>
      <h2 id="setup-step">{t(`steps.${step}`)}</h2>
      {/* Each exam has its own: what one shows is not another's for a moment. */}
      <Content key={`${examId} ${step}`} />
      {next && (
        <p className={styles.next}>
          <Link {...target} params={{ examId, step: next }}>
            {t("next", { step: t(`steps.${next}`) })}
          </Link>
        </p>
      )}
    </section>
  );
}
