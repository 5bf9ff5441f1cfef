import { type DetectorName, isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Note, OwnPicture, Question } from "../../components/ui.js";
import { useDetectors } from "../../detectors/use-detectors.js";
import { type Publishing, usePublishing } from "../../media/use-publishing.js";
import { clockOf, TIME } from "../../sitting/clock.js";
import { isNearEnd } from "../../sitting/stage.js";
import { DeviceFaultNote } from "../before/devices.js";
import { Paused } from "../paused.js";
import type { ScreenProps } from "../shared.js";
import styles from "./during.module.css";
import { HandBox } from "./hand.js";
import { Log } from "./log.js";
import { Talk } from "./talk.js";
import { useCuts } from "./use-cuts.js";
import { useClips } from "./use-messages.js";

/** Whether the person is seen, or else what to do. */
function Seen({
  page,
  live,
  devices,
  publishing,
  isSeen,
}: Pick<ScreenProps, "page" | "live" | "devices"> & { publishing: Publishing; isSeen: boolean }) {
  const t = useTranslations("during");
  const { state, start } = devices;
  const turnOn = (
    <button type="button" data-main onClick={() => start()}>
      {t("turnOn")}
    </button>
  );
  if (state.is === "failed") return <DeviceFaultNote fault={state.fault} onRetry={() => start()} />;
  if (state.is === "lost")
    return (
      <Note tone="bad" action={turnOn}>
        {t("noCamera")}
      </Note>
    );
  if (state.is === "off")
    return (
      <Note tone="bad" action={turnOn}>
        {t("cameraOff")}
      </Note>
    );
  if (!live.isLive) return <Note tone="warn">{t("offline")}</Note>;
  if (publishing.state === "ended")
    return (
      <Note tone="bad">
        {t(isInvigilError(publishing.error, "PARTICIPANT_CONFLICT") ? "elsewhere" : "refused")}
      </Note>
    );
  if (!isSeen) return <Note tone="warn">{t("connecting")}</Note>;
  return (
    <>
      <Note tone="good">{t(page === "main" ? "seen" : "seenSecond")}</Note>
      {publishing.level > 0 && <Note>{t("slow")}</Note>}
    </>
  );
}

/** The time that is left, and what the attempt is like. */
function Time({
  page,
  sitting,
  live,
  now,
  endsAt,
}: Pick<ScreenProps, "page" | "sitting" | "live" | "now" | "endsAt">) {
  const t = useTranslations("during");
  const format = useFormatter();
  const { exam } = sitting;
  const startsIn = exam.startTime.getTime() - now.getTime();
  if (live.me?.attempt?.status === "paused")
    return <Paused sitting={sitting} attempt={live.me.attempt} text="text" />;
  if (startsIn > 0) return <Note>{t("waits", { time: clockOf(startsIn) })}</Note>;
  return (
    <section className={styles.time}>
      <p>{t("left")}</p>
      <p className={styles.left} role="timer">
        {clockOf(endsAt.getTime() - now.getTime())}
      </p>
      <p className={styles.quiet}>{t("endsAt", { time: format.dateTime(endsAt, TIME) })}</p>
      {/* It is there before its text, which then does not change: screen readers read it out once. */}
      {page === "main" && <p role="status">{isNearEnd(endsAt, now) && t("nearEnd")}</p>}
    </section>
  );
}

/** Ends the attempt, after a question. */
function Finish({ roomId }: { roomId: string }) {
  const t = useTranslations("finish");
  const client = useInvigilClient();
  const [isAsked, setIsAsked] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [hasFailed, setHasFailed] = useState(false);
  const finish = async () => {
    setIsBusy(true);
    try {
      await client.attempt.finish.mutate({ roomId });
      setHasFailed(false);
    } catch {
      setHasFailed(true);
    }
    setIsBusy(false);
  };
  return (
    <div>
      <button type="button" onClick={() => setIsAsked(true)}>
        {t("action")}
      </button>
      {isAsked && (
        <Question
          title={t("title")}
          yes={t("yes")}
          no={t("no")}
          isBusy={isBusy}
          onYes={() => void finish()}
          onNo={() => setIsAsked(false)}
        >
          <p>{t("text")}</p>
          {hasFailed && <Note tone="bad">{t("failed")}</Note>}
        </Question>
      )}
    </div>
  );
}

const NONE: ReadonlySet<DetectorName> = new Set();
/** What the page of the second camera can notice: a phone on a shelf has no questions. */
const OF_A_CAMERA: readonly DetectorName[] = ["pictureDark", "pictureFrozen", "deviceLost", "deviceMuted"];

/** The exam: the person is seen, and hears from the staff. */
export function During(props: ScreenProps & { wasReloaded: boolean }) {
  const { entry, page, sitting, live, devices, picture, sound, messages, wasReloaded } = props;
  const t = useTranslations("during");
  const questions = useTranslations("questions");
  const own = useTranslations("devices");
  const { roomId } = entry;
  const { userId } = sitting.self;
  const { exam } = sitting;
  const isMain = page === "main";
  const stream = devices.state.is === "on" ? devices.state.stream : undefined;
  const publishing = usePublishing(stream, { roomId, camera: page, picture });
  // The server says what arrives there.
  const isSeen = live.isLive && publishing.state === "live" && live.me?.publishStatus[page] === "publishing";
  const cuts = useCuts(isSeen);
  const clip = useClips(roomId, page, sound);

  const talk = live.room.talks?.find((one) => one.userId === userId);
  const isOnBreak = live.hand?.status === "granted";
  const rests = isOnBreak || live.me?.attempt?.status === "paused";
  const isOff = live.me?.detectorsOff ?? sitting.detectorsOff;
  const names = exam.detectors.filter((name) => isMain || OF_A_CAMERA.includes(name));
  // The consent may have been given since the page was opened.
  const hasAgreed =
    sitting.consent.given !== undefined || live.me?.readiness?.checks.consent?.result === "passed";
  const hasBegun = props.now >= exam.startTime && hasAgreed;
  const running = rests || isOff || !hasBegun ? NONE : new Set(names);
  const video = useRef<HTMLVideoElement>(null);
  useDetectors(
    video,
    { stream, isLost: devices.state.is === "lost" },
    { roomId, userId, camera: page, running },
  );

  // Nothing in this tab may sound until the person has clicked in it, also after a reload.
  const [isSilent, setIsSilent] = useState(wasReloaded);
  const turnOnSound = () => void sound.unlock().then((isOn) => setIsSilent(!isOn));
  return (
    <div className={styles.during}>
      <div className={styles.column}>
        <h1>{exam.name}</h1>
        <OwnPicture stream={stream} label={own("own")} video={video} />
        <Seen page={page} live={live} devices={devices} publishing={publishing} isSeen={isSeen} />
        {rests && <p className={styles.quiet}>{t("rests")}</p>}
      </div>
      <div className={styles.column}>
        {isMain && talk && (
          <Talk key={talk.since.getTime()} roomId={roomId} talk={talk} sound={sound} onTurnOn={turnOnSound} />
        )}
        <Time {...props} />
        {isMain && isSilent && !talk && (
          <Note
            tone="warn"
            action={
              <button type="button" data-main onClick={turnOnSound}>
                {t("turnOnSound")}
              </button>
            }
          >
            {t("soundOff")}
          </Note>
        )}
        {isMain && exam.questionsUrl !== undefined && (
          <section className={styles.box}>
            <h2>{questions("title")}</h2>
            <p>{questions("text")}</p>
            <div>
              <a
                className="button"
                data-main
                href={exam.questionsUrl}
                target="_blank"
                rel="noopener noreferrer"
              >
                {questions("open")}
              </a>
            </div>
          </section>
        )}
        {isMain && <HandBox {...props} />}
        {isMain && (
          <Log
            decision={sitting.decision}
            endsAt={sitting.endsAt}
            messages={messages}
            cuts={cuts}
            clip={clip}
            roomId={roomId}
          />
        )}
        {isMain && <Finish roomId={roomId} />}
      </div>
    </div>
  );
}
