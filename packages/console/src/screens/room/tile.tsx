import type { Participant } from "@invigil/client";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { type Act, actPersonOf } from "../../actions/acts.js";
import { PersonMenu } from "../../actions/person-menu.js";
import { HandMark } from "../../components/hand.js";
import { ReasonMarks } from "../../components/reason-marks.js";
import { Mark } from "../../components/state-mark.js";
import { useTalkMark } from "../../components/talk/talks.js";
import { Time } from "../../components/time.js";
import { useTypeName } from "../../components/type-name.js";
import { Picture, type PlayUrls } from "../../components/video/picture.js";
import { withoutHand } from "../../live/attention.js";
import styles from "./room.module.css";
import type { SeatWithReasons } from "./use-seats.js";

type Streams = Participant["streams"];

/** The addresses of a camera: of the small copy of its stream, where several play at once. */
const playUrls = (
  streams: Streams | "hidden" | undefined,
  camera: "main" | "pc",
  isLow: boolean,
): PlayUrls | "hidden" | undefined => {
  if (streams === "hidden") return streams;
  const urls = streams?.[camera];
  return urls && (isLow ? { hlsUrl: urls.lowHlsUrl, whepUrl: urls.lowWhepUrl } : urls);
};

/** One candidate: both cameras, who it is, and what is the matter. */
export function Tile({
  seat,
  examId,
  roomId,
  streams,
  isLow,
  redFrom,
  windowMinutes,
  isChosen,
  onChoose,
  onWrite,
  onAct,
}: {
  seat: SeatWithReasons;
  examId: string;
  roomId: string;
  /** `hidden`: the role may not see them. */
  streams: Streams | "hidden" | undefined;
  isLow: boolean;
  redFrom: number;
  windowMinutes: number;
  isChosen: boolean;
  /** Undefined: the role may not act. */
  onChoose: ((isChosen: boolean) => void) | undefined;
  onWrite: (userId: string) => void;
  onAct: (act: Act) => void;
}) {
  const t = useTranslations("room.tile");
  const typeName = useTypeName();
  const talkMark = useTalkMark(seat.userId);
  const {
    userId,
    name,
    label,
    state,
    cameras,
    hasPc,
    detections,
    lastDetection,
    asks,
    hand,
    attempt,
    endsAt,
  } = seat;
  const minutes = seat.extraMinutes + (attempt?.extendedMinutes ?? 0);
  const hasOwnEnd = minutes !== 0 || (attempt?.pausedMs ?? 0) > 0 || seat.pausedSince !== undefined;
  const detected =
    lastDetection &&
    t("detections", {
      count: detections,
      minutes: windowMinutes,
      type: typeName(lastDetection.detectType),
    });
  const used = hasPc ? (["main", "pc"] as const) : (["main"] as const);
  // Of who is here, the pictures say it themselves. The text of a question says that they ask, and a hand says it itself.
  const told = withoutHand(seat, seat.reasons).filter(
    ({ kind }) => kind !== "idle" && !(kind === "help" && asks),
  );
  return (
    <li className={styles.tile} data-state={state} data-chosen={isChosen || undefined}>
      <div className={styles.view} data-above={hasPc || cameras.main.status !== "publishing" || undefined}>
        <div className={styles.pictures} data-count={used.length}>
          {used.map((camera) => (
            <Picture
              key={camera}
              roomId={roomId}
              userId={userId}
              name={label}
              camera={camera}
              view={cameras[camera]}
              urls={playUrls(streams, camera, isLow)}
              isOver={state === "ended"}
            />
          ))}
        </div>
        {(told.length > 0 || hand || asks || talkMark) && (
          <div className={styles.told}>
            {talkMark}
            <ReasonMarks reasons={told} />
            {detected !== undefined && detections > 0 && (
              <span className={styles.detections} data-red={detections >= redFrom || undefined}>
                <Mark state="detections" tone={detections >= redFrom ? "red" : "amber"} />
                <span className={styles.clip} title={detected} data-numbers>
                  {detected}
                </span>
              </span>
            )}
            {hand && (
              <HandMark
                name={label}
                hand={hand}
                onOpen={onChoose && (() => onAct({ kind: "hand", person: actPersonOf(seat, roomId) }))}
              />
            )}
            {asks && (
              <span className={styles.asks}>
                <Mark state="help" />
                <span className={styles.clip} title={asks.text}>
                  {t("asks", { text: asks.text })}
                </span>
              </span>
            )}
          </div>
        )}
      </div>
      <div className={styles.who}>
        {onChoose && (
          <input
            type="checkbox"
            aria-label={t("choose", { name: label })}
            checked={isChosen}
            onChange={({ currentTarget }) => onChoose(currentTarget.checked)}
          />
        )}
        <span className={styles.line}>
          <Link
            className={styles.name}
            to="/exams/$examId/candidates/$userId"
            params={{ examId, userId }}
            search={{ room: roomId }}
            title={label}
            aria-label={label}
          >
            {name}
          </Link>
          <span className={styles.id} title={userId} data-tells={label !== name || undefined}>
            {userId}
          </span>
          {hasOwnEnd && state !== "ended" && (
            <span className={styles.extra} data-numbers>
              {minutes > 0 && t("extra", { minutes })} {minutes < 0 && t("less", { minutes: -minutes })}{" "}
              {endsAt !== undefined &&
                t.rich("until", { time: () => <Time value={new Date(endsAt)} seconds={false} /> })}
            </span>
          )}
        </span>
        <PersonMenu
          examId={examId}
          person={actPersonOf(seat, roomId)}
          mayAct={onChoose !== undefined}
          onAct={onAct}
          onWrite={() => onWrite(userId)}
        />
      </div>
    </li>
  );
}
