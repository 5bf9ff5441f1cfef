import type { SessionUser } from "@invigil/react";
import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Announce } from "../components/announcer.js";
import { useNow } from "../components/clock.js";
import { ConnectionFreshness, usePageHeard } from "../components/connection.js";
import {
  AdminIcon,
  ExamsIcon,
  OverviewIcon,
  PeopleIcon,
  RecordsIcon,
  SetupIcon,
} from "../components/icons.js";
import { beginToLoadAhead } from "../components/idle.js";
import { lazyComponent } from "../components/lazy.js";
import { ShortcutKey, useShortcut } from "../components/shortcuts.js";
import { useTimeOfDay, useZone } from "../components/time.js";
import { mayBeStale } from "../live/connection-freshness.js";
import styles from "./shell.module.css";
import { UserMenu } from "./user-menu.js";

const Jump = lazyComponent(() => import("./jump.js"));

/** The frame of all screens: the places of the exam at the left, and its name, the clock and the connection on top. */
export default function Shell({ user, children }: { user: SessionUser; children: ReactNode }) {
  const t = useTranslations("common.places");
  const { examId } = useParams({ strict: false });
  const navigate = useNavigate();
  const keys = useTranslations("common.shortcuts");
  const [isJumping, setIsJumping] = useState(false);
  const isStaff = user.role !== "examinee";
  useShortcut({ keys: "g e", label: keys("goExams"), run: () => void navigate({ to: "/" }) });
  useEffect(beginToLoadAhead, []);
  return (
    <div className={styles.shell}>
      <button type="button" className={styles.skip} onClick={skip}>
        {t("skip")}
      </button>
      <Rail examId={examId} user={user} />
      <header className={styles.top}>
        {examId === undefined ? <ProductName /> : <ExamName examId={examId} />}
        <div className={styles.state}>
          <PageConnection />
          <Clock />
        </div>
        <UserMenu user={user} />
      </header>
      {isStaff && examId !== undefined && (
        <>
          <ShortcutKey
            keys="g o"
            label={keys("goOverview")}
            run={() => void navigate({ to: "/exams/$examId", params: { examId } })}
          />
          <ShortcutKey
            keys="g c"
            label={keys("goCandidates")}
            run={() => void navigate({ to: "/exams/$examId/candidates", params: { examId } })}
          />
        </>
      )}
      {isStaff && <ShortcutKey keys="Ctrl-K" label={keys("jump")} run={() => setIsJumping(true)} />}
      {isJumping && (
        <Suspense>
          <Jump examId={examId} mayAdminister={user.role === "admin"} onClose={() => setIsJumping(false)} />
        </Suspense>
      )}
      <Content>{children}</Content>
    </div>
  );
}

/** The screen. Lists that do not say for themselves that they may be out of date are greyed in it. */
function Content({ children }: { children: ReactNode }) {
  const t = useTranslations("common.connection");
  const state = usePageHeard();
  const isStale = state !== undefined && mayBeStale(state);
  return (
    <main id="content" className={styles.content} tabIndex={-1} data-stale={isStale || undefined}>
      {children}
      {isStale && <Announce text={t("staleShort")} />}
    </main>
  );
}

const skip = () => document.getElementById("content")?.focus();

/** The places of an exam. */
const PLACES = [
  { name: "overview", to: "/exams/$examId", Icon: OverviewIcon },
  { name: "candidates", to: "/exams/$examId/candidates", Icon: PeopleIcon },
  { name: "records", to: "/exams/$examId/records", Icon: RecordsIcon },
  { name: "setup", to: "/exams/$examId/setup/{-$step}", Icon: SetupIcon },
] as const;

function Rail({ examId, user }: { examId: string | undefined; user: SessionUser }) {
  const t = useTranslations("common.places");
  const place = styles.place;
  const active = { className: `${place} ${styles.active}` };
  return (
    <nav className={styles.rail} aria-label={t("label")}>
      <Link
        to="/"
        className={place}
        activeProps={active}
        activeOptions={{ exact: true, includeSearch: false }}
      >
        <ExamsIcon />
        <span>{t("exams")}</span>
      </Link>
      {examId !== undefined &&
        user.role !== "examinee" &&
        PLACES.map(({ name, to, Icon }) => (
          <Link
            key={name}
            to={to}
            params={{ examId }}
            className={place}
            activeProps={active}
            activeOptions={{ exact: name === "overview", includeSearch: false }}
          >
            <Icon />
            <span>{t(name)}</span>
          </Link>
        ))}
      {user.role === "admin" && (
        <Link
          to="/admin/{-$part}"
          className={`${place} ${styles.last}`}
          activeProps={{ className: `${place} ${styles.last} ${styles.active}` }}
          activeOptions={{ includeSearch: false }}
        >
          <AdminIcon />
          <span>{t("administration")}</span>
        </Link>
      )}
    </nav>
  );
}

function ProductName() {
  const t = useTranslations("common.app");
  return (
    <div className={styles.exam}>
      <span className={styles.name}>{t("name")}</span>
      <span className={styles.times}>{t("tagline")}</span>
    </div>
  );
}

function ExamName({ examId }: { examId: string }) {
  const invigil = useInvigil();
  const format = useFormatter();
  const timeZone = useZone();
  const timeOfDay = useTimeOfDay();
  const { data: exam } = useQuery(invigil.exam.get.queryOptions({ examId }));
  const day = { timeZone, month: "short", day: "numeric" } as const;
  // The browser's own format of a range writes a Chinese day as 1/2.
  const dayAndTime = (value: Date) =>
    format.dateTime(value, { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const isOneDay = exam && format.dateTime(exam.startTime, day) === format.dateTime(exam.endTime, day);
  return (
    <div className={styles.exam}>
      <Link to="/exams/$examId" params={{ examId }} className={styles.name}>
        {exam?.name ?? "…"}
      </Link>
      {exam && (
        <span className={styles.times} data-numbers>
          {`${dayAndTime(exam.startTime)} – ${isOneDay ? timeOfDay(exam.endTime) : dayAndTime(exam.endTime)}`}
        </span>
      )}
    </div>
  );
}

function PageConnection() {
  const state = usePageHeard();
  return state && <ConnectionFreshness of={state} />;
}

function Clock() {
  const t = useTranslations("common.clock");
  const timeOfDay = useTimeOfDay();
  const zone = useZone();
  const now = useNow();
  return (
    // Not a live region: a clock that is read aloud each second would be of no use.
    <span className={styles.clock} title={t("label", { zone })}>
      <span aria-hidden="true">{timeOfDay(now, true)}</span>
      <span className={styles.zone}>{zone}</span>
    </span>
  );
}
