import { isInvigilError, type RoomSnapshot } from "@invigil/client";
import { useInvigil, useRoom } from "@invigil/react";
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { ActDialog } from "../../actions/act-dialog.js";
import { type Act, actPersonOf, CONTROL_ACTS, type PersonAct } from "../../actions/acts.js";
import { useControl } from "../../actions/use-control.js";
import { Announce } from "../../components/announcer.js";
import { LiveFreshness } from "../../components/connection.js";
import { ErrorNote, Waiting } from "../../components/error-note.js";
import { useLabels } from "../../components/labels.js";
import type { MenuEntry } from "../../components/menu-entry.js";
import { useNotify } from "../../components/notify.js";
import { Page } from "../../components/page.js";
import { PageActions } from "../../components/page-actions.js";
import { useRedFrom } from "../../components/red-from.js";
import { useExamDetails } from "../../components/roster.js";
import { useRouteSearch } from "../../components/search.js";
import { useShortcut } from "../../components/shortcuts.js";
import { StateMark } from "../../components/state-mark.js";
import { TalkNote } from "../../components/talk/talks.js";
import { Time } from "../../components/time.js";
import { usePastPresence } from "../../components/timeline/use-past-presence.js";
import { useTimeline } from "../../components/timeline/use-timeline.js";
import { useInstallationInfo } from "../../components/use-installation-info.js";
import { usePermissions } from "../../components/use-permissions.js";
import { leftEntry } from "../../live/timeline.js";
import { Bar, Counts } from "./bar.js";
import { Conversation } from "./conversation.js";
import styles from "./room.module.css";
import { type Seats, useSeats } from "./use-seats.js";
import { useAttention, Wall } from "./wall.js";

/** The role may not see the streams. Each tile says so. */
const isHidden = (error: unknown): boolean => isInvigilError(error) && error.data.reason === "FORBIDDEN";

export function Room({ examId, roomId }: { examId: string; roomId: string }) {
  const t = useTranslations("room");
  const invigil = useInvigil();
  const may = usePermissions();
  const [{ tiles, page, pane, to }, change] = useRouteSearch("/exams/$examId/rooms/$roomId");
  const [red] = useRedFrom();
  const [act, setAct] = useState<Act>();
  const { state, error } = useRoom(roomId);
  const hasEnded = state?.room.status === "ended";
  const mayAct = may.act && !hasEnded;

  const { known, isLoading: isPastLoading } = usePastPresence(examId, roomId);
  const past = useMemo(
    () => [...known].flatMap(([userId, { left }]) => left.map((page) => leftEntry(userId, page))),
    [known],
  );
  const timeline = useTimeline(examId, roomId, { past });
  const { data: participants, error: streamsError } = useQuery(
    invigil.participant.list.queryOptions(
      { roomId, role: "examinee" },
      { staleTime: Number.POSITIVE_INFINITY },
    ),
  );
  const urlsOf = useMemo(
    () => new Map(participants?.map(({ userId, streams }) => [userId, streams])),
    [participants],
  );
  const names = useLabels(state?.members);

  // Tiles stand still while the person points at them or has the focus in them.
  const [hasAttention, listeners] = useAttention();
  const { data: exam } = useExamDetails(examId);
  const seats = useSeats({
    state,
    labels: names,
    times: exam,
    usesPage: useInstallationInfo()?.usesCandidatePage,
    entries: timeline.entries,
    known,
    isWhole: !timeline.isLoading && !isPastLoading,
    redFrom: red,
    isHeld: hasAttention && act === undefined,
    tiles,
    page,
    to,
  });

  const composer = useRef<HTMLDivElement>(null);
  const write = useCallback(() => composer.current?.querySelector("textarea")?.focus(), []);
  const choose = useCallback(
    (userIds: readonly string[]) => change({ to: userIds }, { replace: true }),
    [change],
  );
  const writeTo = useCallback(
    (userId: string) => {
      change({ to: [userId], pane: "feed" }, { replace: true });
      // On a phone, the field comes with the list.
      setTimeout(write);
    },
    [change, write],
  );
  useShortcut({ keys: "w", label: t("shortcuts.write"), run: write });

  if (!state)
    return (
      <Page title={t("title")}>
        <Waiting error={error} />
      </Page>
    );
  const { room } = state;
  return (
    <Page
      title={room.name}
      staff={names}
      aside={
        hasEnded ? (
          <StateMark state="ended" />
        ) : (
          <Counts
            counts={seats.counts}
            isTeacherHere={state.presence.some(({ role }) => role === "teacher")}
          />
        )
      }
      actions={
        <Actions
          examId={examId}
          room={room}
          seats={seats}
          mayAct={mayAct}
          mayHandOn={exam?.mayManage ?? false}
          onAct={setAct}
        />
      }
    >
      {hasEnded && (
        <>
          <p className={styles.note}>
            {t.rich("ended.text", { time: () => <Time value={room.updatedAt} /> })}
            {may.administer && <Reopen roomId={roomId} name={room.name} />}
          </p>
          <Announce text={t("ended.spoken")} />
        </>
      )}
      {!may.act && <p className={styles.note}>{t("readOnly")}</p>}
      {streamsError && !isHidden(streamsError) && <ErrorNote error={streamsError} />}
      <TalkNote />
      <Bar examId={examId} roomId={roomId} seats={seats} />
      <LiveFreshness of={{ roomId }}>
        <div className={styles.panesOf} data-pane={pane}>
          <Wall
            seats={seats}
            place={room.name}
            examId={examId}
            roomId={roomId}
            streamsOf={(userId) => (streamsError ? "hidden" : urlsOf.get(userId))}
            redFrom={red}
            to={to}
            onChoose={mayAct ? choose : undefined}
            onWrite={writeTo}
            onAct={setAct}
            listeners={listeners}
          />
          <div className={styles.side}>
            <Conversation
              examId={examId}
              roomId={roomId}
              place={room.name}
              timeline={timeline}
              names={names}
              seats={seats}
              redFrom={red}
              mayAct={mayAct}
              composer={composer}
              isChosen={to.length > 0}
              onClear={() => choose([])}
              onWrite={writeTo}
              onHand={(seat) => setAct({ kind: "hand", person: actPersonOf(seat, roomId) })}
              onAct={(kind, seat) => setAct({ kind, people: [actPersonOf(seat, roomId)] })}
            />
          </div>
        </div>
      </LiveFreshness>
      <ActDialog
        act={act}
        examId={examId}
        findNow={({ userId }) => {
          const seat = seats.seats.find((one) => one.userId === userId);
          return seat && actPersonOf(seat, roomId);
        }}
        onClose={() => setAct(undefined)}
      />
    </Page>
  );
}

/** The actions for a room, or for those in it. */
function Actions({
  examId,
  room,
  seats: { seats, chosen },
  mayAct,
  mayHandOn,
  onAct,
}: {
  examId: string;
  room: RoomSnapshot["room"];
  seats: Pick<Seats, "seats" | "chosen">;
  mayAct: boolean;
  mayHandOn: boolean;
  onAct: (act: Act) => void;
}) {
  const navigate = useNavigate();
  const t = useTranslations("room.actions");
  const acts = useTranslations("watching.acts");
  const { offers } = useControl(examId);
  const some = (chosen.length > 0 ? chosen : seats).map((seat) => actPersonOf(seat, room.id));
  /** An action for those who are chosen, or for everybody. */
  const act = (kind: PersonAct) => onAct({ kind, people: some, isWholeRoom: chosen.length === 0 });
  const control = CONTROL_ACTS.filter((kind) => some.length > 0 && offers(kind, some)).map(
    (kind): MenuEntry => ({
      kind: "action",
      label: acts(kind),
      isDangerous: kind === "terminate",
      onSelect: () => act(kind),
    }),
  );
  const note = { label: acts("note"), onSelect: () => onAct({ kind: "note", room }) };
  if (!mayAct) return <PageActions label={acts("label", { name: room.name })} first={[note]} more={[]} />;
  return (
    <PageActions
      label={acts("label", { name: room.name })}
      first={[
        {
          label: acts("clip"),
          isDisabled: seats.length === 0,
          onSelect: () => act("clip"),
        },
      ]}
      more={[
        ...control,
        ...(control.length > 0 ? [{ kind: "line" } as const] : []),
        { kind: "action", ...note },
        { kind: "action", label: t("mute"), onSelect: () => onAct({ kind: "mute", room }) },
        { kind: "action", label: t("voice"), onSelect: () => onAct({ kind: "voice", room }) },
        ...(mayHandOn
          ? [
              {
                kind: "action" as const,
                label: t("handOn"),
                onSelect: () =>
                  void navigate({ to: "/exams/$examId/setup/{-$step}", params: { examId, step: "staff" } }),
              },
            ]
          : []),
        { kind: "line" },
        {
          kind: "action",
          label: t("end"),
          isDangerous: true,
          onSelect: () => onAct({ kind: "endRoom", room }),
        },
      ]}
    />
  );
}

function Reopen({ roomId, name }: { roomId: string; name: string }) {
  const t = useTranslations("room");
  const errors = useTranslations("common.error");
  const invigil = useInvigil();
  const notify = useNotify();
  const { mutateAsync, isPending } = useMutation(invigil.room.reopen.mutationOptions());
  return (
    <Button
      variant="default"
      size="compact-xs"
      loading={isPending}
      onClick={() => {
        mutateAsync({ roomId }).then(
          () => notify.done(t("ended.reopened", { room: name })),
          (error: unknown) => notify.failed(errors("notDone"), error),
        );
      }}
    >
      {t("actions.reopen")}
    </Button>
  );
}
