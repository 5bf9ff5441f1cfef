import type { ExamSeries } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { findCauses, remember } from "../../live/causes.js";
import type { Happening } from "../../live/fold.js";
import { hallsOf, type Look, phaseOf, roomsToLookAt, summarize } from "../../live/rooms.js";
import type { Act } from "../../parts/acting/acts.js";
import { Alerts } from "../../parts/alerts.js";
import { useNow } from "../../parts/clock.js";
import { useLength } from "../../parts/duration.js";
import { Empty } from "../../parts/empty.js";
import { EndedRooms, endedEarly } from "../../parts/ended-rooms.js";
import { MessageIcon, SoundIcon } from "../../parts/icons.js";
import { late } from "../../parts/late.js";
import { useMay } from "../../parts/may.js";
import { Page } from "../../parts/page.js";
import { PageActions } from "../../parts/page-actions.js";
import { everybody, type Roster, RosterView, useExamDetails, useRoster } from "../../parts/roster.js";
import { type Column, Table } from "../../parts/table.js";
import { useTimeOfDay, useZone } from "../../parts/time.js";
import { HeatMap } from "./heat-map.js";
import styles from "./overview.module.css";
import { Reasons, useLookName } from "./reasons.js";
import { Sparkline } from "./sparkline.js";
import { type Tile, Tiles } from "./tiles.js";

const ActDialog = late(() => import("../../parts/acting/dialogs.js"));

/** How an exam is doing: what needs a look, and what can be done for its rooms. */
export function Screen() {
  const t = useTranslations("overview");
  const acts = useTranslations("watching.acts");
  const { examId } = useParams({ from: "/exams/$examId" });
  const may = useMay();
  const { data: exam } = useExamDetails(examId);
  const roster = useRoster(examId);
  const found = useFindings(roster);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [act, setAct] = useState<Act>();
  const now = useNow("minute");
  const { state } = roster;

  const underWay = useMemo(
    () => state?.rooms.filter(({ status }) => status === "in_progress") ?? [],
    [state],
  );
  const chosenRooms = useMemo(() => {
    const ids = new Set(found.looks.flatMap(({ key, roomIds }) => (chosen.has(key) ? roomIds : [])));
    return ids.size === 0 ? underWay : underWay.filter(({ id }) => ids.has(id));
  }, [chosen, found.looks, underWay]);
  const counts = found.summary.rooms.map((room) => room.counts);
  const total = (name: keyof (typeof counts)[number]) => counts.reduce((sum, each) => sum + each[name], 0);
  const here = total("publishing") + total("idle") + total("dark") + total("devices");

  return (
    <Page
      title={t("title")}
      of={exam?.name}
      aside={exam && <Phase startTime={exam.startTime} endTime={exam.endTime} />}
      actions={
        <>
          <Alerts examId={examId} troubles={found.summary.troubles} />
          {may.act && exam && underWay.length > 0 && (
            <PageActions
              label={acts("label", { name: t("title") })}
              first={[
                {
                  label: acts("messageRooms"),
                  icon: <MessageIcon size={14} />,
                  onSelect: () => setAct({ kind: "message", rooms: chosenRooms }),
                },
                {
                  label: acts("clip"),
                  icon: <SoundIcon size={14} />,
                  onSelect: () => setAct({ kind: "clip", rooms: chosenRooms }),
                },
              ]}
              more={
                exam.mayManage
                  ? [
                      {
                        kind: "action",
                        label: acts("endExam"),
                        isDangerous: true,
                        onSelect: () =>
                          setAct({
                            kind: "endExam",
                            name: exam.name,
                            underWay: { rooms: underWay.length, here },
                          }),
                      },
                    ]
                  : []
              }
            />
          )}
        </>
      }
    >
      {exam && state && <EndedRooms exam={exam} rooms={state.rooms} />}
      <RosterView examId={examId} roster={roster}>
        {state && state.rooms.length === 0 ? (
          <NoRoom examId={examId} mayPlan={exam?.mayManage ?? false} />
        ) : (
          <div className={styles.overview}>
            <Counts
              examId={examId}
              roster={roster}
              here={here}
              flagged={found.summary.flagged}
              total={total}
              hasBegun={!exam || now >= exam.startTime.getTime()}
            />
            <section className={styles.looks} aria-label={t("looks.title")}>
              <h2>
                {t("looks.title")}{" "}
                <span className={styles.hint}>
                  {t("looks.count", {
                    count: new Set(found.looks.flatMap(({ roomIds }) => roomIds)).size,
                    total: state?.rooms.length ?? 0,
                  })}
                </span>
              </h2>
              <Looks
                examId={examId}
                looks={found.looks}
                roomName={roster.roomName}
                chosen={may.act ? chosen : undefined}
                onChoose={setChosen}
                phase={exam && phaseOf(exam, now).phase}
                isQuiet={!exam || !state || endedEarly(exam, state.rooms).length === 0}
              />
            </section>
            <div className={styles.side}>
              <Series
                examId={examId}
                since={exam?.startTime}
                present={here}
                publishing={found.summary.publishing}
              />
              <HeatMap examId={examId} rooms={found.summary.rooms} looks={found.looks} />
            </div>
          </div>
        )}
      </RosterView>
      {act && (
        <Suspense>
          <ActDialog act={act} examId={examId} onClose={() => setAct(undefined)} />
        </Suspense>
      )}
    </Page>
  );
}

/** What can be told from everybody: summaries of the rooms, what they share a cause for, and which need a look. */
const useFindings = (roster: Roster) => {
  const { examId } = useParams({ from: "/exams/$examId" });
  const { data: exam } = useExamDetails(examId);
  const minute = useNow("minute");
  const known = useRef<readonly Happening[]>([]);
  const { people, state, version, stateOf } = roster;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that people have changed.
  return useMemo(() => {
    const now = Date.now();
    const summary = summarize(state?.rooms ?? [], everybody({ people, state }), stateOf, now);
    known.current = remember(known.current, summary.troubles, now);
    const still = new Set(summary.troubles.map(({ userId, kind }) => `${kind}\n${userId}`));
    const halls = hallsOf(state?.rooms ?? []);
    const causes = findCauses(
      known.current,
      ({ userId, kind }) => still.has(`${kind}\n${userId}`),
      (roomId) => halls.get(roomId) ?? "",
    );
    return { summary, looks: roomsToLookAt(summary, causes, exam, now) };
  }, [people, state, version, stateOf, exam, minute]);
};

function Phase({ startTime, endTime }: { startTime: Date; endTime: Date }) {
  const t = useTranslations("overview.phase");
  const length = useLength();
  const zone = useZone();
  const { phase, ms } = phaseOf({ startTime, endTime }, useNow("minute"));
  return (
    <span title={t("zone", { zone })} data-numbers>
      {phase === "over" ? t("over") : t(phase, { time: length(ms) })}
    </span>
  );
}

function NoRoom({ examId, mayPlan }: { examId: string; mayPlan: boolean }) {
  const t = useTranslations("overview.looks");
  return (
    <Empty
      title={t("noRoomTitle")}
      action={
        mayPlan && (
          <Link to="/exams/$examId/setup/{-$step}" params={{ examId }}>
            {t("toSetup")}
          </Link>
        )
      }
    >
      {t(mayPlan ? "noRoom" : "noRoomInspector")}
    </Empty>
  );
}

function Counts({
  examId,
  roster: { state },
  here,
  flagged,
  total,
  hasBegun,
}: {
  examId: string;
  roster: Roster;
  here: number;
  /** About how many there was a detection lately. */
  flagged: number;
  total: (name: "devices" | "disconnected" | "dark" | "expected") => number;
  hasBegun: boolean;
}) {
  const t = useTranslations("overview.tiles");
  if (!state) return null;
  const { unseated, ended, detected } = state.counts;
  const absent = total("expected") + total("disconnected");
  const tiles: Tile[] = [
    {
      state: "here",
      mark: "publishing",
      count: here,
      label: t("here"),
      hint: t("of", { count: here + absent }),
    },
    {
      state: "expected",
      mark: "expected",
      count: total("expected"),
      label: t(hasBegun ? "expected" : "expectedBefore"),
    },
    { state: "disconnected", mark: "disconnected", count: total("disconnected"), label: t("disconnected") },
    { state: "dark", mark: "dark", count: total("dark"), label: t("dark") },
    {
      state: "detected",
      mark: "detections",
      count: detected,
      label: t("detected"),
      hint: flagged > 0 ? t("lately", { count: flagged }) : undefined,
    },
  ];
  if (total("devices") > 0)
    tiles.push({ state: "devices", mark: "devices", count: total("devices"), label: t("devices") });
  if (unseated > 0)
    tiles.push({ state: "unseated", mark: "unseated", count: unseated, label: t("unseated") });
  if (ended > 0) tiles.push({ state: "ended", mark: "ended", count: ended, label: t("ended") });
  return <Tiles examId={examId} tiles={tiles} />;
}

/** How often the series are asked for: once for each of their minutes. */
const MINUTE_MS = 60_000;
const useSeries = (examId: string) =>
  useQuery(useInvigil().exam.series.queryOptions({ examId }, { refetchInterval: MINUTE_MS }));

/** How much of the time before the start is shown, in milliseconds. */
const BEFORE_MS = 60 * MINUTE_MS;

/**
 * How many were here and published in each minute, up to now, and how many detections each whole minute brought.
 *
 * @param present - how many are here now
 * @param publishing - how many publish now
 */
function Series({
  examId,
  since,
  present,
  publishing,
}: {
  examId: string;
  since: Date | undefined;
  present: number;
  publishing: number;
}) {
  const t = useTranslations("overview.series");
  const { data } = useSeries(examId);
  const timeOfDay = useTimeOfDay();
  const now = useNow("minute");
  const from = since ? since.getTime() - BEFORE_MS : 0;
  const cut = data && later(data, from);
  if (!cut || cut.present.length < 2)
    return (
      <section className={styles.sparklines} aria-label={t("title")}>
        <p className={styles.hint}>{t("empty")}</p>
      </section>
    );
  // The server counts once a minute, which may be another number than the one of now.
  const lastMinute = timeOfDay(cut.start.getTime() + (cut.detections.length - 1) * MINUTE_MS);
  return (
    <section className={styles.sparklines} aria-label={t("title")}>
      <Sparkline name={t("present")} values={[...cut.present, present]} at={timeOfDay(now)} />
      <Sparkline name={t("publishing")} values={[...cut.publishing, publishing]} at={timeOfDay(now)} />
      <Sparkline name={t("detections", { time: lastMinute })} values={cut.detections} at={lastMinute} />
    </section>
  );
}

/** The part of a series from a time on. */
const later = ({ start, present, publishing, detections }: ExamSeries, from: number): ExamSeries => {
  const skip = Math.max(0, Math.ceil((from - start.getTime()) / MINUTE_MS));
  return {
    start: new Date(start.getTime() + skip * MINUTE_MS),
    present: present.slice(skip),
    publishing: publishing.slice(skip),
    detections: detections.slice(skip),
  };
};

function Looks({
  examId,
  looks,
  roomName,
  chosen,
  onChoose,
  phase,
  isQuiet,
}: {
  examId: string;
  looks: readonly Look[];
  roomName: (roomId: string) => string;
  /** Undefined: the person may do nothing with rooms. */
  chosen: ReadonlySet<string> | undefined;
  onChoose: (chosen: ReadonlySet<string>) => void;
  phase: "upcoming" | "running" | "over" | undefined;
  /** Whether it is well if no room is listed. */
  isQuiet: boolean;
}) {
  const t = useTranslations("overview");
  const navigate = useNavigate();
  const nameOf = useLookName(roomName);
  const open = useCallback(
    ({ roomIds, reasons }: Look) => {
      const [roomId] = roomIds;
      const burst = reasons.find(({ kind }) => kind === "burst");
      if (roomIds.length === 1 && roomId !== undefined)
        void navigate({ to: "/exams/$examId/rooms/$roomId", params: { examId, roomId } });
      else
        void navigate({
          to: "/exams/$examId/candidates",
          params: { examId },
          search: { room: roomIds, ...(burst?.kind === "burst" && { state: burst.of }) },
        });
    },
    [navigate, examId],
  );
  const columns = useMemo<readonly Column<Look>[]>(
    () => [
      {
        id: "room",
        header: t("looks.room"),
        width: "minmax(110px, 1fr)",
        cell: (look) => <strong className={styles.room}>{nameOf(look)}</strong>,
      },
      {
        id: "why",
        header: t("looks.why"),
        width: "minmax(220px, 4fr)",
        cell: ({ reasons }) => <Reasons reasons={reasons} />,
      },
      {
        id: "todo",
        header: t("looks.todo"),
        // As wide as the longest of these sentences.
        width: "232px",
        from: 760,
        cell: ({ reasons: [first] }) =>
          first && <span className={styles.hint}>{t(`todo.${first.kind}`)}</span>,
      },
    ],
    [t, nameOf],
  );
  const narrow = useCallback(
    (look: Look) => (
      <>
        <strong className={styles.room}>{nameOf(look)}</strong>
        <br />
        <Reasons reasons={look.reasons} most={1} />
      </>
    ),
    [nameOf],
  );
  const quiet = { upcoming: "noneBefore", running: "none", over: "noneAfter" } as const;
  return (
    <Table
      label={t("looks.title")}
      rows={looks}
      keyOf={keyOfLook}
      nameOf={nameOf}
      columns={columns}
      narrow={narrow}
      {...(chosen && { selection: chosen, onSelect: onChoose })}
      onOpen={open}
      empty={isQuiet && <Empty title={t("looks.noneTitle")}>{t(`looks.${quiet[phase ?? "running"]}`)}</Empty>}
    />
  );
}

const keyOfLook = ({ key }: Look) => key;
