import type { Talk as OpenTalk } from "@invigil/client";
import { listen } from "@invigil/client/media";
import { useInvigilClient } from "@invigil/react";
import { type SyntheticEvent, useCallback, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Note } from "../../components/ui.js";
import type { Sound } from "../../sound.js";

/** How long after a report that failed it is sent again. */
const REPORT_AGAIN_MS = 5000;

/** A member of the staff talks to the person: they are told, and hear it. Staff learn whether the page plays it. */
export function Talk({
  roomId,
  talk,
  sound,
  onTurnOn,
}: {
  roomId: string;
  talk: OpenTalk;
  sound: Sound;
  /** Called in the click by which the person turns the sound on. */
  onTurnOn: () => void;
}) {
  const t = useTranslations("during");
  const client = useInvigilClient();
  const audio = useRef<HTMLAudioElement>(null);
  const [plays, setPlays] = useState(false);
  /** Browsers let a page sound only after a click in it. */
  const [isBlocked, setIsBlocked] = useState(false);
  const play = useCallback(() => {
    audio.current?.play().then(
      () => setIsBlocked(false),
      ({ name }: DOMException) => setIsBlocked(name === "NotAllowedError"),
    );
  }, []);
  useEffect(() => {
    const target = new MediaStream();
    sound.ring();
    const { stop } = listen(client, target, {
      roomId,
      onChange({ state }) {
        if (state !== "live") return setPlays(false);
        if (!audio.current) return;
        // Now the stream has its track. Chromium plays no track that is added to a stream without one.
        audio.current.srcObject = target;
        play();
      },
    });
    return stop;
  }, [client, roomId, sound, play]);
  const look = ({ currentTarget }: SyntheticEvent<HTMLAudioElement>) => {
    const { currentTime, paused, srcObject } = currentTarget;
    // A track is muted until something arrives.
    const arrives =
      srcObject instanceof MediaStream && srcObject.getAudioTracks().some(({ muted }) => !muted);
    setPlays(arrives && !paused && currentTime > 0);
  };

  const { isHeard } = talk;
  const since = talk.since.getTime();
  const [failures, setFailures] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a report that failed is sent again.
  useEffect(() => {
    // A page that was reloaded does not play what the page before it played.
    if (plays === isHeard) return;
    let again: ReturnType<typeof setTimeout> | undefined;
    client.stream.reportHeard.mutate({ roomId, since: new Date(since), isHeard: plays }).catch(() => {
      again = setTimeout(() => setFailures((count) => count + 1), REPORT_AGAIN_MS);
    });
    return () => clearTimeout(again);
  }, [client, roomId, since, isHeard, plays, failures]);
  return (
    <>
      <Note
        tone="warn"
        action={
          isBlocked && (
            <button
              type="button"
              data-main
              onClick={() => {
                onTurnOn();
                play();
              }}
            >
              {t("turnOnSound")}
            </button>
          )
        }
      >
        {t(isBlocked ? "talkSilent" : "talk")}
      </Note>
      {/* biome-ignore lint/a11y/useMediaCaption: it is a voice that is heard as it speaks. */}
      <audio ref={audio} onTimeUpdate={look} onPause={look} />
    </>
  );
}
