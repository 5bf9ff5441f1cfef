import type { Participant } from "@invigil/client";
import { type CSSProperties, useState } from "react";
import { useTranslations } from "use-intl";
import type { Act } from "../../actions/acts.js";
import { Empty } from "../../components/empty.js";
import { usePermissions } from "../../components/use-permissions.js";
import styles from "./room.module.css";
import { Tile } from "./tile.js";
import { type Seats, WINDOW_MINUTES } from "./use-seats.js";

/** The columns and rows in which so many tiles are as large as they can be. CSS properties of one's own have no types in React. */
const gridOf = (tiles: number) => {
  const columns = Math.ceil(Math.sqrt(tiles));
  return { "--columns": columns, "--rows": Math.ceil(tiles / columns) } as CSSProperties;
};

/** Whether a person points at the tiles or has the focus in them, and what tells so. */
export const useAttention = () => {
  const [isPointedAt, setIsPointedAt] = useState(false);
  const [hasFocus, setHasFocus] = useState(false);
  const listeners: React.ComponentProps<"ul"> = {
    onPointerEnter: ({ pointerType }) => setIsPointedAt(pointerType === "mouse"),
    onPointerLeave: () => setIsPointedAt(false),
    onFocus: () => setHasFocus(true),
    onBlur: ({ currentTarget, relatedTarget }) => {
      if (!currentTarget.contains(relatedTarget)) setHasFocus(false);
    },
  };
  return [isPointedAt || hasFocus, listeners] as const;
};

/** One page of the candidates of a room. */
export function Wall({
  seats: { seats, wall },
  place,
  streamsOf,
  to,
  onChoose,
  listeners,
  ...tile
}: {
  seats: Pick<Seats, "seats" | "wall">;
  /** The name of the room. */
  place: string;
  examId: string;
  roomId: string;
  streamsOf: (userId: string) => Participant["streams"] | "hidden" | undefined;
  redFrom: number;
  to: readonly string[];
  /** Undefined: the role may not act. */
  onChoose: ((userIds: readonly string[]) => void) | undefined;
  onWrite: (userId: string) => void;
  onAct: (act: Act) => void;
  listeners: React.ComponentProps<"ul">;
}) {
  const t = useTranslations("room");
  const may = usePermissions();
  if (wall.total === 0)
    return (
      <div>
        {seats.length === 0 ? (
          <Empty title={t("empty.title")}>{t(may.act ? "empty.manager" : "empty.others")}</Empty>
        ) : (
          <Empty title={t("empty.absentTitle")}>{t("empty.absent")}</Empty>
        )}
      </div>
    );
  return (
    <ul
      className={styles.wall}
      style={gridOf(Math.min(wall.size, wall.total))}
      aria-label={t("wall.label", { room: place })}
      // Until the past is read, the tiles may still change their order, also while a person points at them.
      aria-busy={!wall.isWhole}
      {...listeners}
    >
      {wall.shown.map((seat) => (
        <Tile
          key={seat.userId}
          seat={seat}
          streams={streamsOf(seat.userId)}
          isLow={wall.size > 4}
          windowMinutes={WINDOW_MINUTES}
          isChosen={to.includes(seat.userId)}
          onChoose={
            onChoose &&
            ((isChosen) =>
              onChoose(isChosen ? [...to, seat.userId] : to.filter((userId) => userId !== seat.userId)))
          }
          {...tile}
        />
      ))}
    </ul>
  );
}
