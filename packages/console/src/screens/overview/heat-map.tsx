import { memo } from "react";
import { useTranslations } from "use-intl";
import { RoomLink } from "../../components/place-links.js";
import { Mark, type State, TONES } from "../../components/state-mark.js";
import { type Look, marksOfRooms, type RoomMark, type RoomSummary } from "../../live/rooms.js";
import styles from "./overview.module.css";

/** In the order of their need. */
export const MARKS = {
  technical: "technical",
  devices: "devices",
  noTeacher: "help",
  help: "help",
  break: "break",
  disconnected: "disconnected",
  paused: "paused",
  dark: "dark",
  timeShort: "timeShort",
  detections: "detections",
  unidentified: "unidentified",
  expected: "expected",
  checking: "checking",
  idle: "idle",
  well: "publishing",
  empty: "unseated",
  ended: "ended",
} as const satisfies { readonly [Name in RoomMark]: State };

// Safe: these are its keys.
const ORDER = Object.keys(MARKS) as readonly RoomMark[];
export const toneOf = (mark: RoomMark) => (mark === "noTeacher" ? "red" : TONES[MARKS[mark]]);

/** So many rooms have room for their names, as those of an invigilator. */
const FEW = 12;

/** One square a room, in the order of the rooms' names: by colour and by mark. Of a few rooms, each has its name in it. */
export function HeatMap({
  examId,
  rooms,
  looks,
}: {
  examId: string;
  rooms: readonly RoomSummary[];
  looks: readonly Look[];
}) {
  const t = useTranslations("overview.heat");
  const of = marksOfRooms({ rooms }, looks);
  const marks = rooms.map(({ room }) => of.get(room.id) ?? "empty");
  return (
    <section className={styles.heat} aria-label={t("title")}>
      <h2>{t("title")}</h2>
      <ul className={styles.squares} data-few={rooms.length <= FEW || undefined}>
        {rooms.map(({ room }, index) => (
          <Square
            key={room.id}
            examId={examId}
            roomId={room.id}
            mark={marks[index] ?? "empty"}
            name={rooms.length <= FEW ? room.name : undefined}
            label={t("square", { room: room.name, state: t(marks[index] ?? "empty") })}
          />
        ))}
      </ul>
      <ul className={styles.legend}>
        {ORDER.map((mark) => {
          const count = marks.filter((one) => one === mark).length;
          return (
            count > 0 && (
              <li key={mark}>
                <Mark state={MARKS[mark]} tone={toneOf(mark)} /> {t(mark)} <span data-numbers>{count}</span>
              </li>
            )
          );
        })}
      </ul>
    </section>
  );
}

const Square = memo(function Square({
  examId,
  roomId,
  mark,
  name,
  label,
}: {
  examId: string;
  roomId: string;
  mark: RoomMark;
  /** Undefined: there is no room for it. */
  name: string | undefined;
  label: string;
}) {
  return (
    <li>
      <RoomLink
        examId={examId}
        roomId={roomId}
        className={styles.square}
        data-tone={toneOf(mark)}
        aria-label={label}
        title={label}
      >
        <Mark state={MARKS[mark]} tone={toneOf(mark)} />
        {name !== undefined && <span>{name}</span>}
      </RoomLink>
    </li>
  );
});
