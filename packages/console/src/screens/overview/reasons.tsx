import { useTranslations } from "use-intl";
import { StateText } from "../../components/state-mark.js";
import { Time } from "../../components/time.js";
import type { Look, RoomReason } from "../../live/rooms.js";
import { MARKS, toneOf } from "./heat-map.js";
import styles from "./overview.module.css";

/** Why a room needs a look, each reason with its mark and since when. Where only `most` have room, the others are counted. */
export function Reasons({
  reasons,
  most = reasons.length,
}: {
  reasons: readonly RoomReason[];
  most?: number;
}) {
  const t = useTranslations("overview.reasons");
  const more = reasons.length - most;
  return (
    <span className={styles.reasons}>
      {reasons.slice(0, most).map((reason) => (
        <ReasonText key={`${reason.kind} ${"of" in reason ? reason.of : ""}`} reason={reason} />
      ))}
      {more > 0 && <span className={styles.more}>{t("more", { count: more })}</span>}
    </span>
  );
}

function ReasonText({ reason }: { reason: RoomReason }) {
  const t = useTranslations("overview.reasons");
  const { kind } = reason;
  if (kind === "burst") {
    const { of, count, back, from, to } = reason;
    const times = {
      count,
      from: () => <Time value={new Date(from)} seconds={false} />,
      to: () => <Time value={new Date(to)} seconds={false} />,
    };
    const isOneMinute = Math.floor(from / 60_000) === Math.floor(to / 60_000);
    const text = of === "dark" ? "burstDark" : "burstDisconnected";
    return (
      <StateText state={of}>
        {t.rich(isOneMinute ? `${text}At` : text, times)}
        {back > 0 && ` · ${t("back", { count: back })}`}
        <span className={styles.ask}>{t("oneCause")}</span>
      </StateText>
    );
  }
  const since = () => (
    <Time value={reason.since === undefined ? undefined : new Date(reason.since)} seconds={false} />
  );
  return (
    <StateText state={MARKS[kind]} tone={toneOf(kind)}>
      {t.rich(kind, { count: reason.count, since })}
    </StateText>
  );
}

/** The names of the rooms of a line. */
export const useLookName = (roomName: (roomId: string) => string): ((look: Look) => string) => {
  const t = useTranslations("overview.looks");
  return ({ roomIds, hall }) => {
    const [first] = roomIds;
    if (roomIds.length === 1 && first !== undefined) return roomName(first);
    return hall
      ? t("several", { hall, count: roomIds.length })
      : t("severalRooms", { count: roomIds.length });
  };
};
