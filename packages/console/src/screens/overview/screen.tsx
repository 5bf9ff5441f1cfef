import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { ActDialog } from "../../actions/act-dialog.js";
import type { Act } from "../../actions/acts.js";
import { EndedRooms } from "../../actions/ended-rooms.js";
import { useControl } from "../../actions/use-control.js";
import { Alerts } from "../../components/alerts.js";
import { useNow } from "../../components/clock.js";
import { useLength } from "../../components/duration.js";
import { Empty } from "../../components/empty.js";
import { MessageIcon, SoundIcon } from "../../components/icons.js";
import { Page } from "../../components/page.js";
import { PageActions } from "../../components/page-actions.js";
import { RosterView, useExamDetails, useRoster } from "../../components/roster.js";
import { ShortcutKey } from "../../components/shortcuts.js";
import { useZone } from "../../components/time.js";
import { usePermissions } from "../../components/use-permissions.js";
import { type ExamTimes, phaseOf } from "../../live/rooms.js";
import { Hands } from "./hands.js";
import { HeatMap } from "./heat-map.js";
import { Looks } from "./looks.js";
import styles from "./overview.module.css";
import { Series } from "./series.js";
import { Tiles } from "./tiles.js";
import { useOverview } from "./use-overview.js";

/** How an exam is doing: what needs a look, and what can be done for its rooms. */
export function Screen() {
  const t = useTranslations("overview");
  const acts = useTranslations("watching.acts");
  const { examId } = useParams({ from: "/exams/$examId" });
  const may = usePermissions();
  const { data: exam } = useExamDetails(examId);
  const roster = useRoster(examId);
  const { state } = roster;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [act, setAct] = useState<Act>();
  const { hasBegun } = useControl(examId);
  const overview = useOverview(roster, exam, chosen);
  const { summary, looks, underWay, chosenRooms } = overview;
  const ending = { rooms: underWay.length, here: summary.here + summary.counts.checking };
  const message = () => setAct({ kind: "message", rooms: chosenRooms });

  return (
    <Page
      title={t("title")}
      of={exam?.name}
      staff={roster.staff}
      aside={exam && <Phase of={exam} />}
      actions={
        <>
          <Alerts examId={examId} troubles={summary.troubles} />
          {may.act && exam && underWay.length > 0 && (
            <ShortcutKey keys="m" label={acts("messageRooms")} run={message} />
          )}
          {may.act && exam && underWay.length > 0 && (
            <PageActions
              label={acts("label", { name: t("title") })}
              first={[
                {
                  label: acts("messageRooms"),
                  icon: <MessageIcon size={14} />,
                  onSelect: message,
                },
                {
                  label: acts("clip"),
                  icon: <SoundIcon size={14} />,
                  onSelect: () => setAct({ kind: "clip", rooms: chosenRooms }),
                },
              ]}
              more={[
                ...(hasBegun
                  ? [
                      {
                        kind: "action" as const,
                        label: acts("time"),
                        onSelect: () => setAct({ kind: "time", rooms: chosenRooms }),
                      },
                    ]
                  : []),
                ...(exam.mayManage
                  ? [
                      {
                        kind: "action" as const,
                        label: acts("endExam"),
                        isDangerous: true,
                        onSelect: () => setAct({ kind: "endExam", name: exam.name, underWay: ending }),
                      },
                    ]
                  : []),
              ]}
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
            {state && (
              <Tiles examId={examId} summary={summary} hasBegun={overview.hasBegun} roster={state.counts} />
            )}
            <section className={styles.looks} aria-label={t("looks.title")}>
              {summary.hands.length > 0 && (
                <Hands
                  examId={examId}
                  hands={summary.hands}
                  roomName={roster.roomName}
                  labelOf={roster.labelOf}
                  onAct={may.act ? setAct : undefined}
                />
              )}
              <h2>
                {t("looks.title")}{" "}
                <span className={styles.hint}>
                  {t("looks.count", {
                    count: overview.roomsToLookAt,
                    total: state?.rooms.length ?? 0,
                  })}
                </span>
              </h2>
              <Looks
                examId={examId}
                overview={overview}
                roomName={roster.roomName}
                chosen={may.act ? chosen : undefined}
                onChoose={setChosen}
              />
            </section>
            <div className={styles.side}>
              <Series
                examId={examId}
                since={exam?.startTime}
                present={summary.here + summary.counts.checking}
                publishing={summary.publishing}
              />
              <HeatMap examId={examId} rooms={summary.rooms} looks={looks} />
            </div>
          </div>
        )}
      </RosterView>
      <ActDialog
        act={act?.kind === "endExam" ? { ...act, underWay: ending } : act}
        examId={examId}
        findNow={({ id }) => roster.people?.person(id)}
        onClose={() => setAct(undefined)}
      />
    </Page>
  );
}

function Phase({ of }: { of: ExamTimes }) {
  const t = useTranslations("overview.phase");
  const length = useLength();
  const zone = useZone();
  const { phase, ms } = phaseOf(of, useNow("minute"));
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
