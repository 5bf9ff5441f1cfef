import type { DetectorName } from "@invigil/client";
import { type Detector, useDetector } from "@invigil/react";
import { type RefObject, useEffect } from "react";
import type { Camera } from "../app/entry.js";
import { createPictureJudge, PICTURE } from "./picture.js";

/** How long another window may have the focus, in milliseconds: a message of the system is no finding. */
const FOCUS_LOST_MS = 3000;
const LOOK_MS = 1000;

interface Watched {
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
  /** The detectors that run now. None rests. */
  readonly running: ReadonlySet<DetectorName>;
}

const set = ({ begin, end }: Detector, isOn: boolean): void => (isOn ? begin() : end());

const usePageHidden = (isOn: boolean, detector: Detector): void =>
  useEffect(() => {
    if (!isOn) return;
    const look = () => set(detector, document.visibilityState === "hidden");
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      detector.end();
    };
  }, [isOn, detector]);

const useFocusLost = (isOn: boolean, detector: Detector): void =>
  useEffect(() => {
    if (!isOn) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const back = () => {
      clearTimeout(timer);
      detector.end();
    };
    const away = () => {
      clearTimeout(timer);
      // A hidden page is another finding.
      timer = setTimeout(() => {
        if (document.visibilityState === "visible" && !document.hasFocus()) detector.begin();
      }, FOCUS_LOST_MS);
    };
    if (!document.hasFocus()) away();
    window.addEventListener("blur", away);
    window.addEventListener("focus", back);
    return () => {
      window.removeEventListener("blur", away);
      window.removeEventListener("focus", back);
      back();
    };
  }, [isOn, detector]);

/** Looks at the picture that the page shows, once a second, on a canvas of a few pixels. */
const usePicture = (
  video: RefObject<HTMLVideoElement | null>,
  { isDark, isFrozen }: { readonly isDark: Detector | undefined; readonly isFrozen: Detector | undefined },
): void =>
  useEffect(() => {
    if (!(isDark || isFrozen)) return;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, PICTURE);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let [judge, visibility] = [createPictureJudge(), document.visibilityState];
    const timer = setInterval(() => {
      const { current } = video;
      if (!(context && current && current.readyState >= 2)) return;
      if (document.visibilityState !== visibility) {
        visibility = document.visibilityState;
        judge = createPictureJudge({ isDrawn: visibility === "visible" });
      }
      context.drawImage(current, 0, 0, PICTURE.width, PICTURE.height);
      const found = judge(context.getImageData(0, 0, PICTURE.width, PICTURE.height).data);
      if (isDark) set(isDark, found.isDark);
      if (isFrozen) set(isFrozen, found.isFrozen);
    }, LOOK_MS);
    return () => {
      clearInterval(timer);
      isDark?.end();
      isFrozen?.end();
    };
  }, [video, isDark, isFrozen]);

const useDeviceMuted = (stream: MediaStream | undefined, isOn: boolean, detector: Detector): void =>
  useEffect(() => {
    if (!(isOn && stream)) return;
    const tracks = stream.getTracks();
    const look = () =>
      set(
        detector,
        tracks.some(({ muted }) => muted),
      );
    look();
    for (const track of tracks) for (const event of ["mute", "unmute"]) track.addEventListener(event, look);
    return () => {
      for (const track of tracks)
        for (const event of ["mute", "unmute"]) track.removeEventListener(event, look);
      detector.end();
    };
  }, [stream, isOn, detector]);

/** Runs the detectors of the page. */
export const useDetectors = (
  video: RefObject<HTMLVideoElement | null>,
  { stream, isLost }: { readonly stream: MediaStream | undefined; readonly isLost: boolean },
  { roomId, userId, camera, running }: Watched,
): void => {
  const options = { userId, camera };
  const pageHidden = useDetector(roomId, "pageHidden", options);
  const focusLost = useDetector(roomId, "focusLost", options);
  const pictureDark = useDetector(roomId, "pictureDark", options);
  const pictureFrozen = useDetector(roomId, "pictureFrozen", options);
  const deviceLost = useDetector(roomId, "deviceLost", options);
  const deviceMuted = useDetector(roomId, "deviceMuted", options);
  const runs = (name: DetectorName) => running.has(name);
  usePageHidden(runs("pageHidden"), pageHidden);
  useFocusLost(runs("focusLost"), focusLost);
  usePicture(video, {
    isDark: stream && runs("pictureDark") ? pictureDark : undefined,
    isFrozen: stream && runs("pictureFrozen") ? pictureFrozen : undefined,
  });
  useDeviceMuted(stream, runs("deviceMuted"), deviceMuted);
  const isDeviceLost = isLost && runs("deviceLost");
  useEffect(() => set(deviceLost, isDeviceLost), [deviceLost, isDeviceLost]);
};
