import { isReady, type Member } from "@invigil/client";
import {
  useInvigil,
  useInvigilClient,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
} from "@invigil/react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { ActDialog } from "../../actions/act-dialog.js";
import { type Act, actPersonOf } from "../../actions/acts.js";
import { PersonMenu } from "../../actions/person-menu.js";
import { HAND_SEEN, TakeHand } from "../../actions/take-hand.js";
import { Announce, useAnnounce } from "../../components/announcer.js";
import { useNow } from "../../components/clock.js";
import { Composer } from "../../components/composer.js";
import { LiveFreshness } from "../../components/connection.js";
import { useLength } from "../../components/duration.js";
import { Empty } from "../../components/empty.js";
import { Waiting } from "../../components/error-note.js";
import { FeedPane } from "../../components/feed-pane.js";
import { Choices } from "../../components/filter-bar.js";
import { HandMark } from "../../components/hand.js";
import { useLabels } from "../../components/labels.js";
import { useNotify } from "../../components/notify.js";
import { Page } from "../../components/page.js";
import { ReadinessText, useWaveThrough } from "../../components/readiness.js";
import { useExamDetails } from "../../components/roster.js";
import { useRouteSearch } from "../../components/search.js";
import { StateMark } from "../../components/state-mark.js";
import { useTalkMark } from "../../components/talk/talks.js";
import { Time } from "../../components/time.js";
import { useNameOf } from "../../components/timeline/use-name-of.js";
import { useTimeline } from "../../components/timeline/use-timeline.js";
import { useAction } from "../../components/use-action.js";
import { useInstallationInfo } from "../../components/use-installation-info.js";
import { usePermissions } from "../../components/use-permissions.js";
import { Picture } from "../../components/video/picture.js";
import { isUnidentified } from "../../live/attention.js";
import { type Controlled, controlOf, endOf, isPaused } from "../../live/control.js";
import type { ExamTimes } from "../../live/rooms.js";
import { CAMERAS, type SeatView, seatsOf } from "../../live/seats.js";
import { withTimeOver } from "../../live/time-over.js";
import { type Camera, type Entry, isHappening, loginsOf, WRITTEN } from "../../live/timeline.js";
import { Access } from "./access.js";
import styles from "./candidate.module.css";
import { KINDS } from "./search.js";

/** So many lines are looked for without being asked: others of the room may have many more. */
const ENOUGH = 40;
const PAGES = 8;

export function Candidate({
  examId,
  roomId,
  userId,
  isSearching,
  onGone,
}: {
  examId: string;
  roomId: string;
  userId: string;
  /** Whether it is being looked for where the candidate is now. */
  isSearching: boolean;
  /** The candidate is not in the room any more. */
  onGone: () => void;
}) {
  const t = useTranslations("candidate");
  const sentText = useTranslations("watching.message")("sent");
  const kinds = useTranslations("watching.kinds");
  const feedTexts = useTranslations("watching.feed");
  const pictureTexts = useTranslations("watching.picture");
  const invigil = useInvigil();
  const may = usePermissions();
  const announce = useAnnounce();
  const talkMark = useTalkMark(userId);
  const [{ kind }, change] = useRouteSearch("/exams/$examId/candidates/$userId");
  const [act, setAct] = useState<Act>();
  const [listenedTo, setListenedTo] = useState<Camera>();
  const live = useLiveRoom(roomId);
  const { state, error } = useRoom(roomId);
  const hasEnded = state?.room.status === "ended";
  const { data: exam } = useExamDetails(examId);
  const usesPage = useInstallationInfo()?.usesCandidatePage;
  const { data: places } = useQuery(invigil.exam.people.queryOptions({ examId, search: userId }));
  const now = useNow("minute");
  const { data: participant } = useQuery(
    invigil.participant.get.queryOptions({ roomId, userId }, { staleTime: Number.POSITIVE_INFINITY }),
  );

  const member = state?.members.find((one) => one.userId === userId);
  const timeline = useTimeline(examId, roomId, { userId });
  const own = timeline.entries;
  const { hasOlder, isLoadingOlder, loadOlder, pages } = timeline;
  const told = useMemo(
    () =>
      withTimeOver(own, member ? [{ ...member, ...controlOf(member, exam, now) }] : [], { now, hasOlder }),
    [own, member, exam, now, hasOlder],
  );
  const shown = useMemo(() => told.filter((entry) => kind === "all" || entry.kind === kind), [told, kind]);
  useEffect(() => {
    if (shown.length < ENOUGH && hasOlder && !isLoadingOlder && pages < PAGES) loadOlder();
  }, [shown.length, hasOlder, isLoadingOlder, pages, loadOlder]);

  // Others may move or remove the candidate at any time.
  useRoomEvent(roomId, "participant_removed", (event) => {
    if (event.userId === userId) onGone();
  });
  const isGone = state !== undefined && member === undefined;
  const names = useLabels(state?.members);
  const nameOf = useNameOf(names);

  if (!state || (isGone && isSearching))
    return (
      <Page title={t("title")}>
        <Waiting error={error} />
      </Page>
    );
  const { room } = state;
  const [seat] = seatsOf({
    members: member ? [member] : [],
    labels: names,
    presence: state.presence,
    hands: state.hands,
    hasEnded,
    usesPage,
    times: exam,
    now,
    entries: own,
    from: 0,
  });
  if (!seat || !member)
    return (
      <Page title={t("title")}>
        <Empty
          title={t("removed.title", { id: userId })}
          action={
            <Button
              variant="default"
              renderRoot={(props) => (
                <Link to="/exams/$examId/rooms/$roomId" params={{ examId, roomId }} {...props} />
              )}
            >
              {t("removed.toRoom")}
            </Button>
          }
        >
          {t("removed.text")}
        </Empty>
      </Page>
    );
  const { label: name, cameras, hasPc, attempt } = seat;
  // The largest of all rooms that the caller sees.
  const extraMinutes = (places?.people ?? [])
    .filter((one) => one.userId === userId)
    .reduce((most, one) => Math.max(most, one.extraMinutes), seat.extraMinutes);
  const mayAct = may.act && !hasEnded;
  const used = hasPc ? CAMERAS : (["main"] as const);
  const happenings = told.filter(isHappening);
  const count = (of: string) => happenings.filter((entry) => entry.kind === of).length;
  return (
    <Page
      title={name}
      staff={names}
      of={exam?.name}
      aside={
        <span className={styles.head}>
          <span>{userId}</span>
          <span>
            {t("header.room")}{" "}
            <Link to="/exams/$examId/rooms/$roomId" params={{ examId, roomId }}>
              {room.name}
            </Link>
          </span>
          <StateMark state={seat.state} since={seat.since === undefined ? undefined : new Date(seat.since)} />
          {seat.hand && (
            <HandMark
              name={name}
              hand={seat.hand}
              onOpen={mayAct ? () => setAct({ kind: "hand", person: actPersonOf(seat, roomId) }) : undefined}
            />
          )}
          {talkMark}
          {attempt && isPaused(seat) && <StateMark state="paused" since={attempt.since} />}
          {isUnidentified(seat) && (
            <StateMark state="unidentified" isRed={seat.identity?.status === "refused"} />
          )}
          {seat.identity?.status === "confirmed" && (
            <span>
              {t.rich("header.confirmed", {
                time: () => <Time value={seat.identity?.since} seconds={false} />,
              })}
            </span>
          )}
          {exam && !hasEnded && <TimeLeft times={exam} person={{ extraMinutes, attempt }} />}
        </span>
      }
      actions={
        <PersonMenu
          examId={examId}
          person={actPersonOf(seat, roomId)}
          mayAct={mayAct}
          onAct={setAct}
          hasText
        />
      }
    >
      {hasEnded && (
        <>
          <p className={styles.note}>{t("ended", { name })}</p>
          <Announce text={t("ended", { name })} />
        </>
      )}
      {!may.act && <p className={styles.note}>{t("readOnly")}</p>}
      <LiveFreshness of={{ roomId }}>
        <div className={styles.columns}>
          <div className={styles.left}>
            <div className={styles.pictures}>
              {used.map((camera) => (
                <div
                  key={camera}
                  className={styles.picture}
                  data-blank={cameras[camera].status !== "publishing" || undefined}
                >
                  <Picture
                    roomId={roomId}
                    userId={userId}
                    name={name}
                    camera={camera}
                    view={cameras[camera]}
                    urls={participant?.streams[camera]}
                    hasSound={listenedTo === camera}
                    isOver={seat.state === "ended"}
                    control={
                      <Button
                        variant="subtle"
                        size="compact-xs"
                        aria-pressed={listenedTo === camera}
                        onClick={() => setListenedTo(listenedTo === camera ? undefined : camera)}
                      >
                        {t(listenedTo === camera ? "sound.off" : "sound.on", {
                          camera: pictureTexts(camera),
                        })}
                      </Button>
                    }
                  />
                </div>
              ))}
            </div>
            <Devices seat={seat} roomId={roomId} entries={own} />
            <Access examId={examId} userId={userId} />
            {(member.readiness || member.detectorsOff) && (
              <BeforeExam
                member={member}
                label={name}
                roomId={roomId}
                cameras={exam?.cameras ?? "one"}
                mayAct={mayAct}
              />
            )}
          </div>
          <FeedPane
            title={feedTexts("title")}
            timeline={timeline}
            filter={
              <Choices
                label={kinds("label")}
                choices={[
                  { value: "all", label: kinds("all"), count: happenings.length },
                  ...KINDS.map((one) => ({ value: one, label: kinds(one), count: count(one) })),
                ]}
                value={kind}
                onChange={(next) => change({ kind: next })}
              />
            }
            entries={shown}
            place={room.name}
            nameOf={nameOf}
            own={userId}
            arrangement={kind}
            actionOf={({ what }) =>
              mayAct && !seat.hand && what.is === "record" && what.detectType === HAND_SEEN ? (
                <TakeHand roomId={roomId} userId={userId} name={name} />
              ) : null
            }
            empty={feedTexts(kind === "all" ? "empty" : "noneOfKind")}
          >
            {mayAct && (
              <Composer
                label={t("message", { name })}
                onSend={async (message) => {
                  if (!live) throw new Error("The room is not open.");
                  await live.send(WRITTEN, message, { to: loginsOf(userId, hasPc) });
                  announce(sentText);
                }}
              />
            )}
          </FeedPane>
        </div>
      </LiveFreshness>
      <ActDialog
        act={act}
        examId={examId}
        findNow={() => actPersonOf(seat, roomId)}
        onClose={() => setAct(undefined)}
      />
    </Page>
  );
}

/** How much time a person has left, or how their exam has ended. */
function TimeLeft({ times, person }: { times: ExamTimes; person: Controlled }) {
  const t = useTranslations("candidate.header");
  const now = useNow("minute");
  const length = useLength();
  const { extraMinutes, attempt } = person;
  const { status, since, extendedMinutes = 0, pausedMs = 0 } = attempt ?? {};
  if (status === "finished" || status === "terminated")
    return <span>{t.rich(status, { time: () => <Time value={since} seconds={false} /> })}</span>;
  const end = endOf(person, times, now);
  const details = [
    extraMinutes > 0 && t("extra", { minutes: extraMinutes }),
    extendedMinutes > 0 && t("given", { minutes: extendedMinutes }),
    extendedMinutes < 0 && t("taken", { minutes: -extendedMinutes }),
    pausedMs > 0 && t("givenBack", { time: length(pausedMs) }),
  ];
  return (
    <span data-numbers>
      {end <= now
        ? t("over")
        : now < times.startTime.getTime()
          ? t.rich("notYet", { time: () => <Time value={times.startTime} seconds={false} /> })
          : t("left", { time: length(end - now) })}
      {details.filter((text) => text !== false).map((text) => ` · ${text}`)}
    </span>
  );
}

/** What was checked before the exam, and whether the detectors of their page are off. */
function BeforeExam({
  member: { userId, readiness, detectorsOff = false },
  label,
  roomId,
  cameras,
  mayAct,
}: {
  member: Member;
  label: string;
  roomId: string;
  cameras: "one" | "both";
  mayAct: boolean;
}) {
  const t = useTranslations("watching.readiness");
  const errors = useTranslations("common.error");
  const client = useInvigilClient();
  const notify = useNotify();
  const waveThrough = useWaveThrough();
  const detectors = useAction(() =>
    client.participant.setDetectors
      .mutate({ roomId, userId, off: !detectorsOff })
      .catch((error: unknown) => notify.failed(errors("notDone"), error)),
  );
  const isWaved = readiness?.wavedThrough === true;
  return (
    <section className={styles.details} aria-labelledby="readiness">
      <h2 id="readiness">{t("title")}</h2>
      <ul>
        <li className={styles.wraps}>
          <ReadinessText readiness={readiness} cameras={cameras} />
        </li>
        {readiness?.since && <li>{t.rich("since", { time: () => <Time value={readiness.since} /> })}</li>}
        {detectorsOff && <li>{t("detectorsOff")}</li>}
      </ul>
      {mayAct && (
        <div className={styles.acts}>
          {(isWaved || !isReady(readiness, { cameras })) && (
            <Button
              variant="subtle"
              size="compact-xs"
              loading={waveThrough.isRunning}
              onClick={() => waveThrough.run([{ userId, label, roomId }], !isWaved)}
            >
              {t(isWaved ? "takeBack" : "waveThrough")}
            </Button>
          )}
          <Button
            variant="subtle"
            size="compact-xs"
            loading={detectors.isRunning}
            onClick={() => detectors.run()}
          >
            {t(detectorsOff ? "detectOn" : "detectOff")}
          </Button>
        </div>
      )}
    </section>
  );
}

/** The pages of a candidate: which are connected, on how many devices, and which were. */
function Devices({ seat, roomId, entries }: { seat: SeatView; roomId: string; entries: readonly Entry[] }) {
  const t = useTranslations("candidate.details");
  const pictureTexts = useTranslations("watching.picture");
  const pages = usePresence(roomId).filter(({ userId }) => userId === seat.userId);
  const gone = CAMERAS.flatMap((camera) => {
    if (pages.some((page) => page.camera === camera)) return [];
    const last = entries.find(({ what }) => what.is === "left" && what.camera === camera);
    return last ? [{ camera, since: new Date(last.at) }] : [];
  });
  return (
    <section className={styles.details} aria-labelledby="devices">
      <h2 id="devices">{t("title")}</h2>
      <ul>
        {pages.map(({ camera, since, devices }) => (
          <li key={camera} data-many={devices > 1 || undefined}>
            {t.rich("page", {
              camera: pictureTexts(camera),
              devices,
              time: () => <Time value={since} />,
            })}
          </li>
        ))}
        {gone.map(({ camera, since }) => (
          <li key={camera}>
            {t.rich("leftPage", { camera: pictureTexts(camera), time: () => <Time value={since} /> })}
          </li>
        ))}
        {pages.length + gone.length === 0 && <li>{t(seat.state === "expected" ? "none" : "gone")}</li>}
        <li>{t("records", { count: seat.detections })}</li>
      </ul>
    </section>
  );
}
