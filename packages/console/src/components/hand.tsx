import type { Hand } from "@invigil/client";
import { useSession } from "@invigil/react";
import { use } from "react";
import { useTranslations } from "use-intl";
import { useNow } from "./clock.js";
import { useLength } from "./duration.js";
import styles from "./hand.module.css";
import { StaffNames } from "./page.js";
import { StateText } from "./state-mark.js";

/** Says in words what a hand asks for, who has it, and how long it waits or the break lasts. */
const useHandWords = (): ((hand: Hand) => string) => {
  const t = useTranslations("watching.hand");
  const { user } = useSession();
  const length = useLength();
  const now = useNow("minute");
  const names = use(StaffNames);
  return ({ kind, status, createdAt, grantedAt, takenBy }) => {
    const since = status === "granted" && grantedAt ? grantedAt : createdAt;
    const by = takenBy === user?.userId ? t("you") : (names?.get(takenBy ?? "") ?? takenBy ?? "");
    const time = length(now - since.getTime());
    return t(`status.${status}`, { kind: t(`kinds.${kind}`), time, by });
  };
};

const toneOf = ({ status }: Hand) => (status === "raised" ? "blue" : "quiet");

/** A raised hand in words, where what the person wrote has no room. */
export function HandText({ hand }: { hand: Hand }) {
  const words = useHandWords()(hand);
  return (
    <StateText state="help" tone={toneOf(hand)}>
      {words}
    </StateText>
  );
}

/** The raised hand of a person. It opens what can be done about it, if the person who watches may do anything. */
export function HandMark({
  name,
  hand,
  onOpen,
}: {
  name: string;
  hand: Hand;
  onOpen?: (() => void) | undefined;
}) {
  const t = useTranslations("watching.hand");
  const words = useHandWords()(hand);
  const isTold = hand.status === "raised" && hand.text !== undefined;
  const mark = (
    <StateText state="help" tone={toneOf(hand)}>
      <span className={styles.clip}>{isTold ? t("says", { words, text: hand.text ?? "" }) : words}</span>
    </StateText>
  );
  if (!onOpen) return <span className={styles.hand}>{mark}</span>;
  return (
    <button
      type="button"
      className={styles.hand}
      aria-label={t("open", { name, words })}
      title={hand.text}
      onClick={onOpen}
    >
      {mark}
    </button>
  );
}
