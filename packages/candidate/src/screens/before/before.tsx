import { type Checks, isInvigilError, isReady, type Readiness, readinessChecks } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { type ReactNode, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Mark, Note } from "../../components/ui.js";
import { clockOf, DAY_AND_TIME } from "../../sitting/clock.js";
import { type Problem, problemOf } from "../../sitting/problems.js";
import { entryOf } from "../../sitting/stage.js";
import { HandBox } from "../during/hand.js";
import { Log } from "../during/log.js";
import type { Cut } from "../during/use-cuts.js";
import { Paused } from "../paused.js";
import type { ScreenProps } from "../shared.js";
import styles from "./before.module.css";
import { ConnectionStep } from "./connection.js";
import { Consent } from "./consent.js";
import { Devices } from "./devices.js";
import { SecondCamera } from "./second-camera.js";

/** One step, with the result of its checks. */
function Step({
  title,
  checks,
  readiness,
  own,
  children,
}: {
  title: string;
  checks: readonly (keyof Checks)[];
  readiness: Readiness;
  /** The checks that this page has made. The others were made before. */
  own: ScreenProps["own"];
  children: ReactNode;
}) {
  const t = useTranslations("marks");
  const format = useFormatter();
  const results = checks.map((check) => readiness.checks[check]?.result);
  const is = results.includes("failed")
    ? "failed"
    : results.every((result) => result === "passed")
      ? "passed"
      : "open";
  return (
    <section className={styles.step}>
      <div className={styles.title}>
        <h2>{title}</h2>
        {checks.length > 0 && (
          <Mark is={is}>
            {is === "passed" && readiness.since && !checks.some((check) => check === "consent" || own[check])
              ? t("earlier", { date: format.dateTime(readiness.since, { dateStyle: "medium" }) })
              : t(is)}
          </Mark>
        )}
      </div>
      {children}
    </section>
  );
}

/** Who, which exam, and when. */
function Who({ sitting, live, now, endsAt }: ScreenProps) {
  const t = useTranslations("who");
  const format = useFormatter();
  const { exam, self } = sitting;
  const left = exam.startTime.getTime() - now.getTime();
  const facts: readonly (readonly [string, string])[] = [
    [t("you"), live.me?.name ?? self.name],
    [t("room"), live.room.room.name],
    [t("from"), format.dateTime(exam.startTime, DAY_AND_TIME)],
    [t("to"), format.dateTime(endsAt, DAY_AND_TIME)],
  ];
  return (
    <section className={styles.step}>
      <h1>{exam.name}</h1>
      <p data-numbers>
        {left > 0
          ? t("startsIn", { time: lasting(left, format) })
          : t("running", { time: clockOf(endsAt.getTime() - now.getTime()) })}
      </p>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.quiet}>{t("notYou")}</p>
    </section>
  );
}

const DAY_MS = 24 * 60 * 60_000;
/** A time span: days, if there are more than one. */
const lasting = (ms: number, format: ReturnType<typeof useFormatter>): string =>
  ms < DAY_MS
    ? clockOf(ms)
    : format.number(Math.floor(ms / DAY_MS), { style: "unit", unit: "day", unitDisplay: "long" });

/** Before people enter, their page lists no lost connections. */
const NO_CUTS: readonly Cut[] = [];

/** Checks, also days before an exam, and then the way in. From then on, they can raise their hand. */
export function Before(props: ScreenProps & { onEnter: () => void; open: () => void }) {
  const { page, sitting, live, own, now, devices, messages, open, onEnter } = props;
  const t = useTranslations();
  const format = useFormatter();
  const client = useInvigilClient();
  const { exam, consent } = sitting;
  const isMain = page === "main";
  const [given, setGiven] = useState(consent.given);
  const [isAgreeing, setIsAgreeing] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const hasAgreed = given?.version === consent.version;
  const agree = async () => {
    setIsAgreeing(true);
    try {
      setGiven(
        await client.attempt.consent.mutate({
          roomId: props.entry.roomId,
          version: consent.version,
        }),
      );
      setProblem(undefined);
    } catch (error) {
      setProblem(problemOf(error));
      if (isInvigilError(error, "EXAM_CONFLICT")) open();
    }
    setIsAgreeing(false);
  };

  const known = live.me?.readiness ?? sitting.readiness;
  const readiness: Readiness = {
    wavedThrough: known?.wavedThrough ?? false,
    since: known?.since ?? now,
    checks: { ...known?.checks, ...own, consent: hasAgreed ? { result: "passed" } : undefined },
  };
  // A page that is closed before the server has them loses them.
  const isKept = readinessChecks.every(
    (name) => name === "consent" || !own[name] || known?.checks[name]?.result === own[name].result,
  );
  const isOn = devices.state.is === "on";
  const opensAt = entryOf(exam);
  const isEarly = now < opensAt;
  // Staff may waive checks, and not the consent.
  const isComplete = hasAgreed && (!isMain || isReady(readiness, exam));
  const step = { readiness, own };
  return (
    <div className={styles.steps}>
      <Who {...props} />
      {live.me?.attempt?.status === "paused" && (
        <Paused sitting={sitting} attempt={live.me.attempt} text="before" />
      )}
      {isMain && (messages.length > 0 || sitting.decision) && (
        <Log
          decision={sitting.decision}
          endsAt={sitting.endsAt}
          messages={messages}
          roomId={props.entry.roomId}
          cuts={NO_CUTS}
          clip={undefined}
        />
      )}
      {isMain ? (
        <Step title={t("consent.title")} checks={["consent"]} {...step}>
          <Consent
            sitting={sitting}
            given={hasAgreed ? given : undefined}
            isAgreeing={isAgreeing}
            onAgree={() => void agree()}
          />
          {problem && (
            <Note tone="bad">
              {t(`problems.${problem}.title`)}. {t(`problems.${problem}.text`)}
            </Note>
          )}
        </Step>
      ) : (
        !hasAgreed && (
          <Note
            tone="warn"
            action={
              <button type="button" onClick={open}>
                {t("retry")}
              </button>
            }
          >
            {t("second.main")}
          </Note>
        )
      )}
      {hasAgreed && (
        <Step
          title={isMain ? t("devices.title") : t("devices.pcTitle")}
          checks={isMain ? ["camera", "microphone"] : ["secondCamera"]}
          {...step}
        >
          <Devices {...props} />
        </Step>
      )}
      {hasAgreed && isMain && (
        <Step title={t("connection.title")} checks={["connection"]} {...step}>
          <ConnectionStep {...props} />
        </Step>
      )}
      {hasAgreed && isMain && exam.cameras === "both" && (
        <Step title={t("second.title")} checks={["secondCamera"]} {...step}>
          <SecondCamera entry={props.entry} />
        </Step>
      )}
      <Step title={t("enter.title")} checks={[]} {...step}>
        {readiness.wavedThrough && <Note tone="good">{t("marks.waved")}</Note>}
        {!isComplete ? (
          <p>{t("enter.missing")}</p>
        ) : !isKept ? (
          <p role="status">{t("enter.saving")}</p>
        ) : isEarly ? (
          <Note tone="good">
            {t("enter.early", {
              time: format.dateTime(opensAt, DAY_AND_TIME),
            })}
          </Note>
        ) : (
          <p>{t(isOn ? "enter.ready" : readiness.wavedThrough ? "enter.unseen" : "enter.camera")}</p>
        )}
        <div>
          <button
            type="button"
            data-main
            disabled={!(isComplete && (isOn || readiness.wavedThrough)) || isEarly}
            onClick={onEnter}
          >
            {t("enter.action")}
          </button>
        </div>
      </Step>
      {isMain && !isEarly && <HandBox {...props} />}
    </div>
  );
}
