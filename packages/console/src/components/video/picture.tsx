import { isInvigilError } from "@invigil/client";
import { useWatch } from "@invigil/react/media";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { CameraView } from "../../live/seats.js";
import type { Camera } from "../../live/timeline.js";
import { Mark } from "../state-mark.js";
import { Time } from "../time.js";
import { useInstallationInfo } from "../use-installation-info.js";
import { keepPlaying, type PlayState, type Way } from "./keep-playing.js";
import { useOnScreen } from "./on-screen.js";
import styles from "./picture.module.css";
import { TestPicture } from "./test-picture.js";
import { playWhep } from "./whep.js";

/** The addresses at which browsers play a stream. */
export interface PlayUrls {
  readonly hlsUrl?: string | undefined;
  readonly whepUrl?: string | undefined;
}

/** The ways to play a stream, the one with the least delay first. Each attempt uses the newest addresses. */
const waysOf = (urls: { readonly current: PlayUrls }, video: HTMLVideoElement): readonly Way[] => {
  const { whepUrl, hlsUrl } = urls.current;
  const whep: Way = (options) => playWhep(urls.current.whepUrl ?? whepUrl ?? "", video, options);
  const hls: Way = async (options) => {
    const { playHls } = await import("./hls.js");
    await playHls(urls.current.hlsUrl ?? hlsUrl ?? "", video, options);
  };
  return [...(whepUrl === undefined ? [] : [whep]), ...(hlsUrl === undefined ? [] : [hls])];
};

interface PictureProps {
  readonly roomId: string;
  readonly userId: string;
  /** Whose camera it is. */
  readonly name: string;
  readonly camera: Camera;
  readonly view: CameraView;
  /** Undefined: they are not there yet. `hidden`: the role may not see them. */
  readonly urls: PlayUrls | "hidden" | undefined;
  /** Whether its sound is heard. Default: no. */
  readonly hasSound?: boolean;
  /** Whether the exam is over for the person, so that a camera may be off. Default: no. */
  readonly isOver?: boolean;
  /** Shown below a stream, and not below a drawn picture. */
  readonly control?: ReactNode;
}

/** The picture of a camera, while it is on the screen; or why there is none. */
export function Picture({
  roomId,
  userId,
  name,
  camera,
  view,
  urls,
  hasSound = false,
  isOver = false,
  control,
}: PictureProps) {
  const t = useTranslations("watching.picture");
  const info = useInstallationInfo();
  const frame = useRef<HTMLDivElement>(null);
  const isOnScreen = useOnScreen(frame);
  const label = t("label", { name, camera: t(camera) });
  const isPublishing = view.status === "publishing";
  const canWatch = info?.canWatch === true;
  const isDemo = info?.isDemo === true;
  // The demo draws those who have no camera.
  const watched = useWatch({
    roomId,
    userId,
    camera,
    ifPublished: isDemo,
    isOn: canWatch && isPublishing && isOnScreen,
  });
  const isDrawn = isDemo && watched.state === "ended" && watched.error === undefined;
  const canPlay =
    urls !== undefined && urls !== "hidden" && (urls.hlsUrl !== undefined || urls.whepUrl !== undefined);
  const hasStream = isPublishing && (canWatch ? !isDrawn : canPlay);
  const picture = (
    <div ref={frame} className={styles.frame} data-camera={camera}>
      {hasStream && canWatch ? (
        <Watched {...watched} label={label} hasSound={hasSound} />
      ) : hasStream && canPlay ? (
        <Stream urls={urls} isOn={isOnScreen} label={label} hasSound={hasSound} />
      ) : isPublishing && isDemo ? (
        <TestPicture
          seed={userId}
          camera={camera}
          isOn={isOnScreen}
          label={label}
          className={styles.picture}
        />
      ) : (
        <p className={styles.why}>
          <span className={styles.camera}>{t(camera)}</span>
          {!isPublishing && <Mark state={view.status === "idle" ? "idle" : isOver ? "ended" : "dark"} />}
          <span>
            {view.status === "stopped"
              ? view.since === undefined
                ? t("stopped")
                : t.rich("stoppedSince", { time: () => <Time value={new Date(view.since ?? 0)} /> })
              : view.status === "idle"
                ? t("idle")
                : urls === undefined || !info
                  ? t("loading")
                  : t(urls === "hidden" ? "hidden" : "noUrl")}
          </span>
        </p>
      )}
    </div>
  );
  return (
    <>
      {picture}
      {hasStream && control}
    </>
  );
}

/** A camera that the media server carries. */
function Watched({
  ref,
  state,
  error,
  label,
  hasSound,
}: ReturnType<typeof useWatch> & { label: string; hasSound: boolean }) {
  const t = useTranslations("watching.picture");
  const [isPlaying, setIsPlaying] = useState(false);
  return (
    <>
      <video
        ref={ref}
        className={styles.picture}
        autoPlay
        muted={!hasSound}
        playsInline
        aria-label={label}
        onPlaying={() => setIsPlaying(true)}
        onEmptied={() => setIsPlaying(false)}
      />
      {(state !== "live" || !isPlaying) && (
        <p className={styles.over}>
          {t(!error ? "connecting" : isInvigilError(error, "FORBIDDEN") ? "hidden" : "failed")}
        </p>
      )}
    </>
  );
}

function Stream({
  urls,
  isOn,
  label,
  hasSound,
}: {
  urls: PlayUrls;
  isOn: boolean;
  label: string;
  hasSound: boolean;
}) {
  const t = useTranslations("watching.picture");
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<PlayState>("connecting");
  // The signature of the addresses changes each minute. What plays goes on with the one that it began with.
  const latest = useRef(urls);
  latest.current = urls;
  useEffect(() => {
    const element = video.current;
    if (!element || !isOn) return;
    const playing = new AbortController();
    void keepPlaying(waysOf(latest, element), { signal: playing.signal, onState: setState });
    return () => playing.abort();
  }, [isOn]);
  return (
    <>
      <video
        ref={video}
        className={styles.picture}
        muted={!hasSound}
        playsInline
        aria-label={label}
        // A picture that stands still is not one of now.
        onWaiting={() => setState((now) => (now === "playing" ? "connecting" : now))}
        onPlaying={() => setState("playing")}
      />
      {state !== "playing" && (
        <p className={styles.over}>{t(state === "failed" ? "failed" : "connecting")}</p>
      )}
    </>
  );
}
