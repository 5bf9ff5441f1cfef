import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { IconButton } from "./icon-button.js";
import { useNotify } from "./notify.js";

/** The clip that plays on this page: there is one at a time. */
let playing: HTMLAudioElement | undefined;

/** Plays a clip here, and stops it. */
export function PlayButton({ name, url }: { name: string; url: string }) {
  const t = useTranslations("common.play");
  const notify = useNotify();
  const [isPlaying, setIsPlaying] = useState(false);
  const audio = useRef<HTMLAudioElement>(null);
  const toggle = () => {
    const { current } = audio;
    const before = playing;
    playing = undefined;
    before?.pause();
    if (!current || isPlaying) return;
    playing = current;
    current.currentTime = 0;
    current.play().catch((error: unknown) => {
      // Another click, or the end of the page, interrupts it.
      if (playing === current && current.isConnected) notify.failed(t("failed", { name }), error);
    });
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: clips have no captions. */}
      <audio
        ref={audio}
        src={url}
        preload="none"
        onPlay={() => setIsPlaying(true)}
        onPause={() => setIsPlaying(false)}
        onEnded={() => setIsPlaying(false)}
      />
      <IconButton label={t(isPlaying ? "stop" : "start", { name })} onClick={toggle}>
        <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16" fill="currentColor">
          <path d={isPlaying ? "M4 4h8v8H4z" : "M5 3l8 5-8 5z"} />
        </svg>
      </IconButton>
    </>
  );
}
