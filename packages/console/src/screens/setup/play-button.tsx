import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "../../parts/icon-button.js";
import styles from "./setup.module.css";

/** Plays a clip, and stops it. */
export function PlayButton({ name, url }: { name: string; url: string }) {
  const t = useTranslations("setup.audio");
  const [state, setState] = useState<"silent" | "playing" | "failed">("silent");
  const audio = useRef<HTMLAudioElement>(null);
  const isPlaying = state === "playing";
  const toggle = () => {
    const { current } = audio;
    if (!current) return;
    if (isPlaying) {
      current.pause();
      current.currentTime = 0;
    } else current.play().catch(() => setState("failed"));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: nobody has written what a clip says. */}
      <audio
        ref={audio}
        src={url}
        preload="none"
        onPlay={() => setState("playing")}
        onPause={() => setState("silent")}
        onEnded={() => setState("silent")}
      />
      <IconButton label={t(isPlaying ? "stop" : "play", { name })} onClick={toggle}>
        <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16" fill="currentColor">
          <path d={isPlaying ? "M4 4h8v8H4z" : "M5 3l8 5-8 5z"} />
        </svg>
      </IconButton>
      {state === "failed" && <span className={styles.warning}>{t("playFailed")}</span>}
    </>
  );
}
