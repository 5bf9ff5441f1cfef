import { createContext, type ReactNode, use, useCallback, useEffect, useRef, useState } from "react";

type Say = (text: string) => void;

const AnnouncerContext = createContext<Say>(() => undefined);

/** How long the announcer is silent after a sentence, in milliseconds. It then says the last of those that came in that time. */
const PAUSE_MS = 2000;

/** A region that screen readers read, at most one sentence every two seconds and none twice in a row. */
export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  const waiting = useRef<string>(undefined);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  const say = useCallback<Say>((next) => {
    if (pause.current !== undefined) {
      waiting.current = next;
      return;
    }
    setText(next);
    const rest = () => {
      pause.current = undefined;
      const later = waiting.current;
      waiting.current = undefined;
      if (later !== undefined) say(later);
    };
    pause.current = setTimeout(rest, PAUSE_MS);
  }, []);
  useEffect(() => () => clearTimeout(pause.current), []);
  return (
    <AnnouncerContext value={say}>
      {children}
      <div
        role="status"
        aria-live="polite"
        style={{ position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" }}
      >
        {text}
      </div>
    </AnnouncerContext>
  );
}

/** Says something to screen readers: `announce("38 people disconnected")`. */
export const useAnnounce = (): Say => use(AnnouncerContext);

/** Says its text to screen readers when it appears or changes. */
export function Announce({ text }: { text: string }) {
  const announce = useAnnounce();
  useEffect(() => announce(text), [announce, text]);
  return null;
}
