import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Note, OwnPicture } from "../../components/ui.js";
import { createPictureJudge, PICTURE } from "../../detectors/picture.js";
import { browserOf, type DeviceFault, type DeviceKind, listDevices } from "../../media/devices.js";
import { HEARD, measureSound } from "../../media/level.js";
import type { ScreenProps } from "../shared.js";
import styles from "./before.module.css";

/** What to do about devices that did not start. */
export function DeviceFaultNote({ fault, onRetry }: { fault: DeviceFault; onRetry: () => void }) {
  const t = useTranslations("devices");
  const texts = useTranslations();
  const how = t(`how.${browserOf(navigator.userAgent)}`);
  return (
    <Note
      tone="bad"
      action={
        <button type="button" onClick={onRetry}>
          {texts("retry")}
        </button>
      }
    >
      {t(`faults.${fault}`, { how })}
    </Note>
  );
}

function Choice({
  kind,
  label,
  stream,
  onChoose,
}: {
  kind: DeviceKind;
  label: string;
  stream: MediaStream;
  onChoose: (id: string) => void;
}) {
  const [found, setFound] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    let isGone = false;
    const look = () =>
      void listDevices(kind).then((devices) => {
        if (!isGone) setFound(devices);
      });
    look();
    navigator.mediaDevices.addEventListener("devicechange", look);
    return () => {
      isGone = true;
      navigator.mediaDevices.removeEventListener("devicechange", look);
    };
  }, [kind]);
  const [track] = kind === "video" ? stream.getVideoTracks() : stream.getAudioTracks();
  return (
    <label className={styles.choice}>
      {label}
      <select
        value={track?.getSettings().deviceId}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        {found.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || device.deviceId.slice(0, 8)}
          </option>
        ))}
      </select>
    </label>
  );
}

const METER_MS = 100;

/** How loud it is, and whether the microphone has heard anything yet. */
function Level({ stream, onHeard }: { stream: MediaStream; onHeard: () => void }) {
  const t = useTranslations("devices");
  const [level, setLevel] = useState(0);
  const [hasHeard, setHasHeard] = useState(false);
  const latest = useRef(onHeard);
  latest.current = onHeard;
  useEffect(() => {
    const meter = measureSound(stream);
    let loud = 0;
    const timer = setInterval(() => {
      const now = meter.read();
      setLevel(now);
      loud = now >= HEARD ? loud + 1 : loud;
      if (loud !== 3) return;
      setHasHeard(true);
      latest.current();
    }, METER_MS);
    return () => {
      clearInterval(timer);
      meter.stop();
    };
  }, [stream]);
  return (
    <div>
      <meter
        className={styles.level}
        aria-label={t("level")}
        min={0}
        max={1}
        value={Math.round(level * 20) / 20}
      />
      <p role="status">{t(hasHeard ? "heard" : "speak")}</p>
    </div>
  );
}

const LOOK_MS = 500;
/** How many pictures are judged before the camera passes. */
const LOOKS = 4;

/** The camera passes with some pictures that are not dark. */
const useCameraCheck = (
  video: React.RefObject<HTMLVideoElement | null>,
  stream: MediaStream | undefined,
  onResult: (isDark: boolean) => void,
): void => {
  const latest = useRef(onResult);
  latest.current = onResult;
  useEffect(() => {
    if (!stream) return;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, PICTURE);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const judge = createPictureJudge();
    let looks = 0;
    const timer = setInterval(() => {
      const { current } = video;
      if (!(context && current && current.readyState >= 2)) return;
      context.drawImage(current, 0, 0, PICTURE.width, PICTURE.height);
      const { isDark } = judge(context.getImageData(0, 0, PICTURE.width, PICTURE.height).data);
      looks += 1;
      if (looks >= LOOKS) latest.current(isDark);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [video, stream]);
};

/** The camera and the microphone: asked for after it was explained, shown, chosen and checked. */
export function Devices({ page, devices, report }: ScreenProps) {
  const t = useTranslations("devices");
  const { state, start } = devices;
  const video = useRef<HTMLVideoElement>(null);
  const [isDark, setIsDark] = useState(false);
  const check = page === "main" ? "camera" : "secondCamera";
  const stream = state.is === "on" ? state.stream : undefined;
  useCameraCheck(video, stream, (dark) => {
    setIsDark(dark);
    report(check, dark ? { result: "failed", detail: "dark" } : { result: "passed" });
  });
  const fault = state.is === "failed" || state.is === "lost" ? state.fault : undefined;
  useEffect(() => {
    if (fault === undefined) return;
    const detail = fault === "insecure" ? "unsupported" : fault;
    report(check, { result: "failed", detail });
    if (check === "camera") report("microphone", { result: "failed", detail });
  }, [fault, check, report]);
  if (fault !== undefined) return <DeviceFaultNote fault={fault} onRetry={() => start()} />;
  if (!stream)
    return (
      <>
        <p>{t("why")}</p>
        {state.is === "asking" ? (
          <Note>{t("asking")}</Note>
        ) : (
          <div>
            <button type="button" data-main onClick={() => start()}>
              {t("allow")}
            </button>
          </div>
        )}
      </>
    );
  return (
    <div className={styles.devices}>
      <OwnPicture stream={stream} label={t("own")} video={video} />
      <div className={styles.column}>
        <Choice kind="video" label={t("camera")} stream={stream} onChoose={(id) => start({ video: id })} />
        {page === "main" && (
          <>
            <Choice
              kind="audio"
              label={t("microphone")}
              stream={stream}
              onChoose={(id) => start({ audio: id })}
            />
            <Level stream={stream} onHeard={() => report("microphone", { result: "passed" })} />
          </>
        )}
        {isDark && <Note tone="warn">{t("dark")}</Note>}
      </div>
    </div>
  );
}
