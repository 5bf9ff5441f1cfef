import { isInvigilError } from "@invigil/client";
import { useInvigil, useLiveRoom, useRoom } from "@invigil/react";
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type CSSProperties, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { byNeed, isAbsent, needsLook, type SeatView, seatsOf } from "../../live/seats.js";
import { type Entry, leftEntry, loginsOf, WRITTEN } from "../../live/timeline.js";
import { type Act, type ActPerson, actPersonOf } from "../../parts/acting/acts.js";
import { Announce, useAnnounce } from "../../parts/announcer.js";
import { useNow } from "../../parts/clock.js";
import { Composer } from "../../parts/composer.js";
import { LiveFreshness } from "../../parts/connection.js";
import { Empty } from "../../parts/empty.js";
import { ErrorNote, NotThereError, Waiting } from "../../parts/error-note.js";
import { FeedPane } from "../../parts/feed-pane.js";
import { Choices } from "../../parts/filter-bar.js";
import { useHeldRows } from "../../parts/hold.js";
import { IconButton } from "../../parts/icon-button.js";
import { BackIcon } from "../../parts/icons.js";
import { late } from "../../parts/late.js";
import { useMay } from "../../parts/may.js";
import { Names } from "../../parts/names.js";
import { useNotify } from "../../parts/notify.js";
import { Page } from "../../parts/page.js";
import { PageActions } from "../../parts/page-actions.js";
import { useRedFrom } from "../../parts/red-from.js";
import { useRouteSearch } from "../../parts/search.js";
import { useShortcut } from "../../parts/shortcuts.js";
import { Mark, StateMark } from "../../parts/state-mark.js";
import { Time } from "../../parts/time.js";
import { useKnownPasts } from "../../parts/timeline/use-known-pasts.js";
import { useNameOf } from "../../parts/timeline/use-name-of.js";
import { useTimeline } from "../../parts/timeline/use-timeline.js";
import styles from "./room.module.css";
import { TILES } from "./search.js";
import { Tile } from "./tile.js";

const ActDialog = late(() => import("../../parts/acting/dialogs.js"));

/** Detections of the last minutes count for the order of the tiles. */
const WINDOW_MINUTES = 10;
/** The role may not see the streams. Each tile says so. */
const isHidden = (error: unknown): boolean => isInvigilError(error) && error.data.reason === "FORBIDDEN";
const keyOf = ({ userId }: SeatView) => userId;

/** The columns and rows in which so many tiles are as large as they can be. CSS properties of one's own have no types in React. */
const gridOf = (tiles: number) => {
  const columns = Math.ceil(Math.sqrt(tiles));
  return { "--columns": columns, "--rows": Math.ceil(tiles / columns) } as CSSProperties;
};

export function Room({ examId, roomId }: { examId: string; roomId: string }) {
  const t = useTranslations("room");
  const acts = useTranslations("watching.acts");
  const feedTexts = useTranslations("watching.feed");
  const sentText = useTranslations("watching.message")("sent");
  const goneText = useTranslations("watching")("gone");
  const format = useFormatter();
  const invigil = useInvigil();
  const may = useMay();
  const announce = useAnnounce();
  const now = useNow("minute");
  const [{ tiles, page, pane, to }, change] = useRouteSearch("/exams/$examId/rooms/$roomId");
  const [red] = useRedFrom();
  const [act, setAct] = useState<Act>();
  const live = useLiveRoom(roomId);
  const { state, error } = useRoom(roomId);
  const hasEnded = state?.room.status === "ended";
  const mayAct = may.act && !hasEnded;

  const { known, isLoading: isPastLoading } = useKnownPasts(examId, roomId);
  const past = useMemo(
    () => [...known].flatMap(([userId, { left }]) => left.map((page) => leftEntry(userId, page))),
    [known],
  );
  const timeline = useTimeline(roomId, past);
  const { entries } = timeline;
  // Before, the order is not yet that of the need, and tiles that stand still would keep it.
  const isWhole = !timeline.isLoading && !isPastLoading;
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

  const seats = useMemo(
    () =>
      state
        ? byNeed(
            seatsOf({
              members: state.members,
              presence: state.presence,
              hasEnded,
              entries,
              known,
              from: now - WINDOW_MINUTES * 60_000,
            }),
            red,
          )
        : [],
    [state, hasEnded, entries, known, now, red],
  );
  // Who has not come has no picture.
  const [absent, there] = useMemo(
    () => [seats.filter((seat) => isAbsent(seat, red)), seats.filter((seat) => !isAbsent(seat, red))],
    [seats, red],
  );
  const names = useMemo(
    () => new Map(state?.members.map(({ userId, name }) => [userId, name])),
    [state?.members],
  );
  const nameOf = useNameOf(names);

  // Tiles stand still while somebody points at them or has the focus in them.
  const [isPointedAt, setIsPointedAt] = useState(false);
  const [hasFocus, setHasFocus] = useState(false);
  const count = Number(tiles);
  const { rows, changed, show } = useHeldRows(
    there,
    keyOf,
    (isPointedAt || hasFocus) && act === undefined,
    `${tiles} ${page} ${isWhole}`,
  );
  const pages = Math.max(1, Math.ceil(rows.length / count));
  const current = Math.min(Math.max(1, page), pages);
  const shown = rows.slice((current - 1) * count, current * count);
  const turn = (by: number) => change({ page: Math.min(pages, Math.max(1, current + by)) });

  const composer = useRef<HTMLDivElement>(null);
  const chosen = useMemo(() => seats.filter(({ userId }) => to.includes(userId)), [seats, to]);
  const choose = useCallback(
    (userIds: readonly string[], writes = false) => {
      change({ to: userIds, ...(writes && { pane: "feed" as const }) }, { replace: true });
      // On a phone, the field comes with the list.
      if (writes) setTimeout(() => composer.current?.querySelector("textarea")?.focus());
    },
    [change],
  );
  const writeTo = useCallback((userId: string) => choose([userId], true), [choose]);
  useShortcut({ keys: "]", label: t("shortcuts.next"), run: () => turn(1) });
  useShortcut({ keys: "[", label: t("shortcuts.before"), run: () => turn(-1) });
  useShortcut({
    keys: "w",
    label: t("shortcuts.write"),
    run: () => composer.current?.querySelector("textarea")?.focus(),
  });

  if (!state)
    return (
      <Page title={t("title")}>
        <Waiting error={error} />
      </Page>
    );
  const { room } = state;
  const ofState = (wanted: SeatView["state"]) => seats.filter((seat) => seat.state === wanted).length;
  const here = seats.filter(({ isHere }) => isHere).length;
  const look = seats.filter((seat) => needsLook(seat, red)).length;
  const isTeacherHere = state.presence.some(({ role }) => role === "teacher");
  const findNow = ({ userId }: ActPerson) => {
    const seat = seats.find((one) => one.userId === userId);
    return seat && actPersonOf(seat, roomId);
  };
  const actsFor = (some: readonly SeatView[]) => some.map((seat) => actPersonOf(seat, roomId));

  const send = async (text: string) => {
    if (!live) throw new Error("The room is not open.");
    // What was written to some must not go to everybody because they have left.
    if (areGone) throw new NotThereError(goneText);
    const receivers = chosen.flatMap(({ userId, hasPc }) => loginsOf(userId, hasPc));
    await live.send(WRITTEN, { text }, chosen.length > 0 ? { to: receivers } : {});
  };
  const actionOf = (entry: Entry): ReactNode => {
    const { userId, what } = entry;
    if (userId === undefined || !names.has(userId)) return null;
    const button = (label: string, onClick: () => void) => (
      <Button variant="subtle" size="compact-xs" onClick={onClick}>
        {label}
      </Button>
    );
    if (!mayAct || what.is === "record")
      return (
        <Button
          variant="subtle"
          size="compact-xs"
          renderRoot={(props) => (
            <Link
              to="/exams/$examId/candidates/$userId"
              params={{ examId, userId }}
              search={{ room: roomId }}
              {...props}
            />
          )}
        >
          {acts("look")}
        </Button>
      );
    if (what.is === "message") return what.isFromCandidate && button(acts("reply"), () => writeTo(userId));
    const seat = seats.find((one) => one.userId === userId);
    if (!seat) return null;
    if (what.is === "devices" || what.is === "left")
      return button(acts("link"), () => setAct({ kind: "link", people: actsFor([seat]) }));
    return button(acts("message"), () => writeTo(userId));
  };
  const reds = new Set(seats.flatMap(({ userId, detections }) => (detections >= red ? [userId] : [])));
  const [first] = chosen;
  const areGone = to.length > 0 && first === undefined;
  return (
    <Page
      title={room.name}
      aside={
        hasEnded ? (
          <StateMark state="ended" />
        ) : (
          <span className={styles.counts} data-numbers>
            {look > 0 && <strong>{t("counts.look", { count: look })}</strong>}
            <span>{t("counts.here", { count: here })}</span>
            {(["disconnected", "dark"] as const).map((kind) => {
              const amount = ofState(kind);
              return amount > 0 && <span key={kind}>{t(`counts.${kind}`, { count: amount })}</span>;
            })}
            {!isTeacherHere && <span className={styles.warning}>{t("counts.teacherMissing")}</span>}
          </span>
        )
      }
      actions={
        mayAct && (
          <PageActions
            label={acts("label", { name: room.name })}
            first={[
              {
                label: acts("clip"),
                isDisabled: seats.length === 0,
                onSelect: () =>
                  setAct(
                    chosen.length > 0
                      ? { kind: "clip", people: actsFor(chosen) }
                      : { kind: "clip", people: actsFor(seats), isWholeRoom: true },
                  ),
              },
            ]}
            more={[
              { kind: "action", label: t("actions.mute"), onSelect: () => setAct({ kind: "mute", room }) },
              { kind: "action", label: t("actions.voice"), onSelect: () => setAct({ kind: "voice", room }) },
              { kind: "line" },
              {
                kind: "action",
                label: t("actions.end"),
                isDangerous: true,
                onSelect: () =>
                  setAct({
                    kind: "endRoom",
                    room,
                    candidates: seats.length,
                    here: seats.flatMap(({ isHere, name }) => (isHere ? [name] : [])),
                  }),
              },
            ]}
          />
        )
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
      <div className={styles.bar} data-pane={pane}>
        <span className={styles.panes}>
          <Choices
            label={t("panes.label")}
            choices={[
              { value: "pictures", label: t("panes.pictures") },
              { value: "feed", label: t("panes.feed") },
            ]}
            value={pane}
            onChange={(next) => change({ pane: next })}
          />
        </span>
        <Choices
          label={t("tiles.label")}
          choices={TILES.map((value) => ({ value, label: t("tiles.many", { count: Number(value) }) }))}
          value={tiles}
          onChange={(next) => change({ tiles: next, page: 1 })}
        />
        {absent.length > 0 && (
          <p className={styles.absent}>
            <Mark state="expected" />{" "}
            {t.rich("absent", {
              count: absent.length,
              all: (words) => (
                <Link
                  to="/exams/$examId/candidates"
                  params={{ examId }}
                  search={{ state: "expected", room: [roomId] }}
                >
                  {words}
                </Link>
              ),
              names: () => <Names of={absent.map(({ name }) => name)} />,
            })}
          </p>
        )}
        {changed > 0 && (
          <button type="button" className={styles.changed} onClick={show}>
            {t("wall.changed", { count: changed })}
          </button>
        )}
        {pages > 1 && (
          <nav className={styles.pager} aria-label={t("pages.label")}>
            <span data-numbers>
              {t("pages.shown", {
                from: (current - 1) * count + 1,
                to: Math.min(current * count, rows.length),
                total: rows.length,
              })}
            </span>
            <IconButton label={t("pages.before")} disabled={current === 1} onClick={() => turn(-1)}>
              <BackIcon />
            </IconButton>
            <IconButton
              label={t("pages.after")}
              disabled={current === pages}
              onClick={() => turn(1)}
              data-forward
            >
              <BackIcon />
            </IconButton>
          </nav>
        )}
      </div>
      <LiveFreshness of={{ roomId }}>
        <div className={styles.panesOf} data-pane={pane}>
          {rows.length === 0 ? (
            <div>
              {seats.length === 0 ? (
                <Empty title={t("empty.title")}>{t(may.act ? "empty.manager" : "empty.others")}</Empty>
              ) : (
                <Empty title={t("empty.absentTitle")}>{t("empty.absent")}</Empty>
              )}
            </div>
          ) : (
            <ul
              className={styles.wall}
              style={gridOf(Math.min(count, rows.length))}
              aria-label={t("wall.label", { room: room.name })}
              onPointerEnter={({ pointerType }) => setIsPointedAt(pointerType === "mouse")}
              onPointerLeave={() => setIsPointedAt(false)}
              onFocus={() => setHasFocus(true)}
              onBlur={({ currentTarget, relatedTarget }) => {
                if (!currentTarget.contains(relatedTarget)) setHasFocus(false);
              }}
            >
              {shown.map((seat) => (
                <Tile
                  key={seat.userId}
                  seat={seat}
                  examId={examId}
                  roomId={roomId}
                  streams={streamsError ? "hidden" : urlsOf.get(seat.userId)}
                  isLow={count > 4}
                  redFrom={red}
                  windowMinutes={WINDOW_MINUTES}
                  isChosen={to.includes(seat.userId)}
                  onChoose={
                    mayAct
                      ? (isChosen) =>
                          choose(
                            isChosen ? [...to, seat.userId] : to.filter((userId) => userId !== seat.userId),
                          )
                      : undefined
                  }
                  onWrite={writeTo}
                  onAct={setAct}
                />
              ))}
            </ul>
          )}
          <div className={styles.side}>
            <FeedPane
              title={feedTexts("title")}
              timeline={timeline}
              entries={entries}
              place={room.name}
              nameOf={nameOf}
              actionOf={actionOf}
              isRed={({ userId, what }) => what.is === "record" && userId !== undefined && reds.has(userId)}
              empty={feedTexts("empty")}
            >
              {mayAct && seats.length > 0 && (
                <div ref={composer}>
                  <Composer
                    label={
                      areGone
                        ? goneText
                        : first === undefined
                          ? t("composer.all", { count: seats.length })
                          : chosen.length <= 3
                            ? t("composer.chosen", { names: format.list(chosen.map(({ name }) => name)) })
                            : t("composer.chosenMore", { name: first.name, count: chosen.length - 1 })
                    }
                    onSend={async (text) => {
                      await send(text);
                      announce(sentText);
                    }}
                  />
                  {to.length > 0 && (
                    <Button variant="subtle" size="compact-xs" onClick={() => choose([])}>
                      {t("composer.clear")}
                    </Button>
                  )}
                </div>
              )}
            </FeedPane>
          </div>
        </div>
      </LiveFreshness>
      {act && (
        <Suspense>
          <ActDialog act={act} examId={examId} findNow={findNow} onClose={() => setAct(undefined)} />
        </Suspense>
      )}
    </Page>
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
