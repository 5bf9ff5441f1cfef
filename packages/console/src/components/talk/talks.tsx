import { isInvigilError, isOver, type LiveSnapshot, type RoomSnapshot, type Talk } from "@invigil/client";
import { useRoom, useSession } from "@invigil/react";
import { useTalk } from "@invigil/react/media";
import { Button } from "@mantine/core";
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "../announcer.js";
import { ToldError } from "../error-note.js";
import { useLabels } from "../labels.js";
import { useNotify } from "../notify.js";
import { StateText } from "../state-mark.js";
import { useNameOf } from "../timeline/use-name-of.js";
import { useInstallationInfo } from "../use-installation-info.js";
import styles from "./talks.module.css";

interface Listener {
  readonly userId: string;
  readonly name: string;
}

/** The talks of staff with single candidates of a room. */
interface Talks {
  /** Whether browsers can talk here. */
  readonly canTalk: boolean;
  /** With whom this page talks. */
  readonly own: (Listener & { readonly is: "connecting" | "silent" | "heard" }) | undefined;
  readonly talks: readonly Talk[];
  readonly nameOf: (userId: string) => string;
  /** Talks until it is stopped, the page is left, the candidate is gone or the microphone is lost. Then the microphone is off. */
  readonly begin: (to: Listener, microphone: MediaStream) => void;
  readonly stop: () => void;
}

const TalksContext = createContext<Talks | undefined>(undefined);
/** Undefined: the page is not of one room. */
export const useTalks = (): Talks | undefined => use(TalksContext);

const NO_TALKS: readonly Talk[] = [];
const talksOf = ({ state }: LiveSnapshot<RoomSnapshot>) => state?.talks ?? NO_TALKS;
const membersOf = ({ state }: LiveSnapshot<RoomSnapshot>) => state?.members;
const hasEndedOf = ({ state }: LiveSnapshot<RoomSnapshot>) => state?.room.status === "ended";

export const close = (microphone: MediaStream): void => {
  for (const track of microphone.getTracks()) track.stop();
};

/** Lets the page of a room, or of a candidate in it, talk to one candidate. */
export function TalksProvider({ roomId, children }: { roomId: string; children: ReactNode }) {
  const t = useTranslations("watching.talk");
  const notify = useNotify();
  const { user } = useSession();
  const info = useInstallationInfo();
  const talks = useRoom(roomId, talksOf);
  const members = useRoom(roomId, membersOf);
  const hasEnded = useRoom(roomId, hasEndedOf);
  const nameOf = useNameOf(useLabels(members));
  const [target, setTarget] = useState<Listener & { readonly microphone: MediaStream }>();
  const { userId = "", name = "", microphone } = target ?? {};
  const { state, error } = useTalk({ roomId, userId, source: microphone });
  const stop = useCallback(() => setTarget(undefined), []);

  const isThere =
    !hasEnded &&
    (members === undefined ||
      members.some((one) => one.userId === userId && !(one.attempt && isOver(one.attempt))));
  const other = talks.find((talk) => talk.userId === userId && talk.by !== user?.userId);
  const otherName = other && nameOf(other.by);
  const isRefused = target !== undefined && state === "ended";
  const isConflict = isInvigilError(error, "PARTICIPANT_CONFLICT");
  const isElsewhere = talks.some((talk) => talk.userId === userId && talk.by === user?.userId);
  const conflict =
    otherName === undefined ? t(isElsewhere ? "youElsewhere" : "conflict") : t("busy", { by: otherName });
  const isOverNow = microphone !== undefined && (!isThere || isRefused);
  const whyOver = isRefused && !isConflict ? error : new ToldError(isRefused ? conflict : t("gone"));
  const endWith = useRef((_why?: unknown) => {});
  endWith.current = (why = whyOver) => {
    stop();
    notify.failed(t("ended", { name }), why);
  };
  useEffect(() => {
    if (isOverNow) endWith.current();
  }, [isOverNow]);
  useEffect(() => {
    if (!microphone) return;
    const lose = () => endWith.current(new ToldError(t("lost")));
    const [track] = microphone.getAudioTracks();
    track?.addEventListener("ended", lose);
    // A page that is closed ends nothing by itself, and others could not talk for some time.
    window.addEventListener("pagehide", stop);
    return () => {
      track?.removeEventListener("ended", lose);
      window.removeEventListener("pagehide", stop);
      close(microphone);
    };
  }, [microphone, stop, t]);

  const canTalk = info?.canWatch === true;
  const isLive = state === "live";
  const isHeard =
    isLive && talks.some((talk) => talk.userId === userId && talk.by === user?.userId && talk.isHeard);
  const is = isHeard ? "heard" : isLive ? "silent" : "connecting";
  // A talk that began and ended without a sound was none.
  const progress = useRef({ wasLive: false, wasHeard: false });
  useEffect(() => {
    progress.current.wasLive ||= isLive;
    progress.current.wasHeard ||= isHeard;
  }, [isLive, isHeard]);
  const tellUnheard = useRef(() => {});
  tellUnheard.current = () => notify.failed(t("unheard", { name }), new ToldError(t("unheardText")));
  useEffect(() => {
    if (!microphone) return;
    const tell = tellUnheard.current;
    progress.current = { wasLive: false, wasHeard: false };
    return () => {
      if (progress.current.wasLive && !progress.current.wasHeard) tell();
    };
  }, [microphone]);
  const value = useMemo<Talks>(
    () => ({
      canTalk,
      own: userId === "" ? undefined : { userId, name, is },
      talks,
      nameOf,
      begin: (to, source) => setTarget({ ...to, microphone: source }),
      stop,
    }),
    [canTalk, userId, name, is, talks, nameOf, stop],
  );
  return (
    <TalksContext value={value}>
      {children}
      {isHeard && userId !== "" && <Announce text={t("youTo", { name })} />}
    </TalksContext>
  );
}

/** Says who talks to a candidate now, and stops it if this page does. Undefined: no one talks to them. */
export const useTalkMark = (userId: string): ReactNode => {
  const t = useTranslations("watching.talk");
  const { user } = useSession();
  const context = useTalks();
  if (context?.own?.userId === userId) return <OwnTalk>{t("you")}</OwnTalk>;
  const talk = context?.talks.find((one) => one.userId === userId);
  if (!context || !talk) return undefined;
  return (
    <StateText state="talking">
      {talk.by === user?.userId
        ? t("youElsewhere")
        : t(talk.isHeard ? "other" : "otherSilent", { by: context.nameOf(talk.by) })}
    </StateText>
  );
};

function OwnTalk({ children }: { children: ReactNode }) {
  const t = useTranslations("watching.talk");
  const context = useTalks();
  return (
    <span className={styles.own}>
      <StateText state="talking">
        {!context?.own || context.own.is === "heard" ? children : t(context.own.is)}
      </StateText>
      <Button variant="default" size="compact-xs" onClick={context?.stop}>
        {t("stop")}
      </Button>
    </span>
  );
}

/** Says on top of a page to whom it talks: their tile may be on another page of the wall. */
export function TalkNote() {
  const t = useTranslations("watching.talk");
  const own = useTalks()?.own;
  return (
    own && (
      <div className={styles.note}>
        <OwnTalk>{t("youTo", { name: own.name })}</OwnTalk>
      </div>
    )
  );
}
