import { useInvigilClient } from "@invigil/react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Note } from "../../components/ui.js";
import { clockOf } from "../../sitting/clock.js";
import type { ScreenProps } from "../shared.js";
import styles from "./during.module.css";

const KINDS = ["help", "break", "technical"] as const;

/** Raises a hand, and says how long it has waited and what became of it. */
export function HandBox({
  entry: { roomId },
  live: { hand },
  now,
  sound,
}: Pick<ScreenProps, "entry" | "live" | "now" | "sound">) {
  const t = useTranslations("hand");
  const client = useInvigilClient();
  const [isBusy, setIsBusy] = useState(false);
  const [hasFailed, setHasFailed] = useState(false);
  const run = async (call: () => Promise<unknown>) => {
    setIsBusy(true);
    try {
      await call();
      setHasFailed(false);
    } catch {
      setHasFailed(true);
    }
    setIsBusy(false);
  };
  const status = hand?.status;
  const before = useRef(status);
  useEffect(() => {
    if (status !== before.current && (status === "taken" || status === "granted")) sound.ring();
    before.current = status;
  }, [status, sound]);
  const since = hand && (hand.status === "granted" ? (hand.grantedAt ?? hand.createdAt) : hand.createdAt);
  return (
    <section className={styles.box}>
      <h2>{t("title")}</h2>
      {hand && since ? (
        <>
          <Note tone={hand.status === "raised" ? "plain" : "good"}>
            <span data-numbers>
              {t(hand.status === "resolved" ? "taken" : hand.status, {
                kind: t(`kinds.${hand.kind}`),
                time: clockOf(now.getTime() - since.getTime()),
              })}
            </span>
          </Note>
          <div>
            <button
              type="button"
              disabled={isBusy}
              onClick={() =>
                void run(() => client.hand.answer.mutate({ roomId, handId: hand.id, action: "resolve" }))
              }
            >
              {t(hand.status === "granted" ? "back" : "down")}
            </button>
          </div>
        </>
      ) : (
        <>
          <p>{t("text")}</p>
          <div className={styles.actions}>
            {KINDS.map((kind) => (
              <button
                key={kind}
                type="button"
                disabled={isBusy}
                onClick={() => void run(() => client.hand.raise.mutate({ roomId, kind }))}
              >
                {t(`kinds.${kind}`)}
              </button>
            ))}
          </div>
        </>
      )}
      {hasFailed && <Note tone="bad">{t("failed")}</Note>}
    </section>
  );
}
