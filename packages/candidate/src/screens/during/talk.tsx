import { listen } from "@invigil/client/media";
import { useInvigilClient } from "@invigil/react";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { Note } from "../../components/ui.js";
import type { Sound } from "../../sound.js";

/** A member of the staff talks to the person: they are told, and hear it. */
export function Talk({ roomId, sound }: { roomId: string; sound: Sound }) {
  const t = useTranslations("during");
  const client = useInvigilClient();
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const target = new MediaStream();
    if (audio.current) audio.current.srcObject = target;
    sound.ring();
    const { stop } = listen(client, target, { roomId });
    return stop;
  }, [client, roomId, sound]);
  return (
    <>
      <Note tone="warn">{t("talk")}</Note>
      {/* biome-ignore lint/a11y/useMediaCaption: it is a voice that is heard as it speaks. */}
      <audio ref={audio} autoPlay />
    </>
  );
}
