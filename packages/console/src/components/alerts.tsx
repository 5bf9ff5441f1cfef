import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { Trouble } from "../live/group-incidents.js";
import { unreadIn, withCount } from "../live/unread.js";
import styles from "./alerts.module.css";
import { BellIcon } from "./icons.js";

const IS_ON = "invigil.alerts";
/** When an exam was looked at last in this browser, in any of its tabs. */
const lookedKey = (examId: string) => `invigil.looked.${examId}`;

const isLookedAt = () => document.visibilityState === "visible" && document.hasFocus();

/** Two short tones, made here: the page loads no sound. */
const ring = (audio: AudioContext): void => {
  for (const [at, hertz] of [
    [0, 660],
    [0.14, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.12, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.12);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.13);
  }
};

/**
 * A switch for sound and title, which is off at first. While this browser's tab is hidden, the title counts what happens, and a sound
 * rings. Looking at it, in any tab of this browser, ends both.
 *
 * @param troubles - what happened within the filter of the person
 */
export function Alerts({ examId, troubles }: { examId: string; troubles: readonly Trouble[] }) {
  const t = useTranslations("common.alerts");
  const [isOn, setIsOn] = useState(() => localStorage.getItem(IS_ON) === "1");
  // Browsers let a page sound only after a click.
  const audio = useRef<AudioContext>(undefined);
  const rung = useRef(0);
  const latest = useRef(troubles);
  latest.current = troubles;
  useEffect(() => {
    const key = lookedKey(examId);
    const look = () => {
      if (isLookedAt()) localStorage.setItem(key, String(Date.now()));
      const lookedAt = Number(localStorage.getItem(key) ?? Date.now());
      const found = isOn ? unreadIn(latest.current, lookedAt) : [];
      const title = withCount(document.title, found.length);
      if (title !== document.title) document.title = title;
      const newest = Math.max(0, ...found.map(({ at }) => at));
      if (newest > rung.current && audio.current) ring(audio.current);
      rung.current = Math.max(rung.current, newest);
    };
    look();
    const timer = setInterval(look, 1000);
    document.addEventListener("visibilitychange", look);
    window.addEventListener("focus", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("focus", look);
      document.title = withCount(document.title, 0);
    };
  }, [examId, isOn]);
  useEffect(() => () => void audio.current?.close(), []);
  const toggle = () => {
    audio.current ??= new AudioContext();
    if (!isOn) ring(audio.current);
    localStorage.setItem(IS_ON, isOn ? "0" : "1");
    setIsOn(!isOn);
  };
  return (
    <Button
      variant="subtle"
      role="switch"
      aria-checked={isOn}
      aria-label={t("label")}
      title={t("hint")}
      leftSection={<BellIcon size={14} />}
      onClick={toggle}
    >
      <span className={styles.word}>{t(isOn ? "on" : "off")}</span>
    </Button>
  );
}
