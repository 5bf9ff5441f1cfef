import { useLiveRoom } from "@invigil/react";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ComponentProps, type ReactNode, type RefObject, useMemo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import type { PersonAct } from "../../actions/acts.js";
import { HAND_SEEN, TakeHand } from "../../actions/take-hand.js";
import { useAnnounce } from "../../components/announcer.js";
import { useNow } from "../../components/clock.js";
import { Composer } from "../../components/composer.js";
import { NotThereError } from "../../components/error-note.js";
import { FeedPane } from "../../components/feed-pane.js";
import { useNameOf } from "../../components/timeline/use-name-of.js";
import type { Timeline } from "../../components/timeline/use-timeline.js";
import type { SeatView } from "../../live/seats.js";
import { withTimeOver } from "../../live/time-over.js";
import { type Entry, loginsOf, WRITTEN } from "../../live/timeline.js";
import type { Seats } from "./use-seats.js";

/** The feed of a room, and the field that writes to all or to those who are chosen. */
export function Conversation({
  examId,
  roomId,
  place,
  timeline,
  names,
  seats: { seats, chosen, areGone },
  redFrom,
  mayAct,
  composer,
  isChosen,
  onClear,
  onWrite,
  onAct,
  onHand,
}: {
  examId: string;
  roomId: string;
  /** The name of the room. */
  place: string;
  timeline: Timeline;
  names: ReadonlyMap<string, string>;
  seats: Pick<Seats, "seats" | "chosen" | "areGone">;
  redFrom: number;
  mayAct: boolean;
  composer: RefObject<HTMLDivElement | null>;
  /** Whether messages are for some. */
  isChosen: boolean;
  onClear: () => void;
  onWrite: (userId: string) => void;
  onAct: (kind: PersonAct, seat: SeatView) => void;
  onHand: (seat: SeatView) => void;
}) {
  const t = useTranslations("room.composer");
  const acts = useTranslations("watching.acts");
  const feedTexts = useTranslations("watching.feed");
  const sentText = useTranslations("watching.message")("sent");
  const goneText = useTranslations("watching")("gone");
  const format = useFormatter();
  const announce = useAnnounce();
  const live = useLiveRoom(roomId);
  const nameOf = useNameOf(names);
  const now = useNow("minute");
  const { entries: happened, hasOlder } = timeline;
  const entries = useMemo(
    () => withTimeOver(happened, seats, { now, hasOlder }),
    [happened, seats, now, hasOlder],
  );
  const [first] = chosen;

  const send: ComponentProps<typeof Composer>["onSend"] = async (message) => {
    if (!live) throw new Error("The room is not open.");
    // A message to some people must not go to everybody because they have left.
    if (areGone) throw new NotThereError(goneText);
    const receivers = chosen.flatMap(({ userId, hasPc }) => loginsOf(userId, hasPc));
    await live.send(WRITTEN, message, chosen.length > 0 ? { to: receivers } : {});
    announce(sentText);
  };
  const actionOf = ({ userId, what }: Entry): ReactNode => {
    if (userId === undefined || !names.has(userId)) return null;
    const seat = seats.find((one) => one.userId === userId);
    if (mayAct && seat && what.is === "record" && what.detectType === HAND_SEEN && !seat.hand)
      return <TakeHand roomId={roomId} userId={userId} name={seat.label} />;
    const look = { variant: "subtle", size: "compact-xs" } as const;
    if (!mayAct || what.is === "record")
      return (
        <Button
          {...look}
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
    const button = (label: string, onClick: () => void) => (
      <Button {...look} onClick={onClick}>
        {label}
      </Button>
    );
    if (what.is === "message") return what.isFromCandidate && button(acts("reply"), () => onWrite(userId));
    if (!seat) return null;
    if (what.is === "raised") return seat.hand && button(acts("answer"), () => onHand(seat));
    if (what.is === "devices" || what.is === "left") return button(acts("link"), () => onAct("link", seat));
    return button(acts("message"), () => onWrite(userId));
  };
  const reds = new Set(seats.flatMap(({ userId, detections }) => (detections >= redFrom ? [userId] : [])));
  const label = () => {
    if (areGone) return goneText;
    if (!first) return t("all", { count: seats.length });
    return chosen.length <= 3
      ? t("chosen", { names: format.list(chosen.map(({ label }) => label)) })
      : t("chosenMore", { name: first.label, count: chosen.length - 1 });
  };
  return (
    <FeedPane
      title={feedTexts("title")}
      timeline={timeline}
      entries={entries}
      place={place}
      nameOf={nameOf}
      actionOf={actionOf}
      isRed={({ userId, what }) => what.is === "record" && userId !== undefined && reds.has(userId)}
      empty={feedTexts("empty")}
    >
      {mayAct && seats.length > 0 && (
        <div ref={composer}>
          <Composer label={label()} onSend={send} />
          {isChosen && (
            <Button variant="subtle" size="compact-xs" onClick={onClear}>
              {t("clear")}
            </Button>
          )}
        </div>
      )}
    </FeedPane>
  );
}
