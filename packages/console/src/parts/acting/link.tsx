import type { RouterOutputs } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../dialog.js";
import dialogStyles from "../dialog.module.css";
import { ErrorNote } from "../error-note.js";
import styles from "./acting.module.css";
import type { ActPerson, ActRoom } from "./acts.js";

type Card = RouterOutputs["exam"]["cards"]["cards"][number];

/** Gives somebody a new link, or shows the one that they have. */
export function LinkDialog({
  person: { userId, name },
  room,
  onClose,
}: {
  person: ActPerson;
  room: ActRoom;
  onClose: () => void;
}) {
  const t = useTranslations("watching.link");
  const common = useTranslations("common.confirm");
  const errors = useTranslations("common.error");
  const client = useInvigilClient();
  const [card, setCard] = useState<Card>();
  const [failure, setFailure] = useState<unknown>();
  const [isPending, setIsPending] = useState(false);
  const isRunning = useRef(false);
  const makeCard = async () => {
    const { cards } = await client.exam.cards.mutate({
      examId: room.examId,
      roomId: room.id,
      userIds: [userId],
    });
    return cards[0];
  };
  const make = async (isNew: boolean) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setIsPending(true);
    setFailure(undefined);
    try {
      // What cannot make links fails before anybody loses one.
      let made = await makeCard();
      if (isNew) {
        await client.room.revokeLinks.mutate({ roomId: room.id, userIds: [userId] });
        made = await makeCard();
      }
      setCard(made);
    } catch (error) {
      setFailure(error);
    } finally {
      isRunning.current = false;
      setIsPending(false);
    }
  };
  return (
    <Dialog title={card ? t("title2", { name }) : t("title", { name })} onClose={onClose}>
      <div className={dialogStyles.form}>
        <p className={dialogStyles.text}>{card ? t("secret", { name }) : t("text", { name })}</p>
        {failure !== undefined && <ErrorNote error={failure} title={errors("notDone")} />}
        {card && (
          <div className={styles.card}>
            {card.qr && (
              <svg
                className={styles.qr}
                role="img"
                aria-label={t("qr", { name })}
                viewBox={`0 0 ${card.qr.size} ${card.qr.size}`}
              >
                <path d={card.qr.path} stroke="#000" />
              </svg>
            )}
            <div className={styles.links}>
              {card.code !== undefined && <Copyable label={t("code")} text={card.code} />}
              <Copyable label={t("phone")} text={card.url} />
              {card.pcUrl !== undefined && <Copyable label={t("pc")} text={card.pcUrl} />}
            </div>
          </div>
        )}
        <div className={dialogStyles.buttons}>
          {card ? (
            <Button onClick={onClose}>{common("close")}</Button>
          ) : (
            <>
              <Button variant="default" disabled={isPending} onClick={() => void make(false)}>
                {t("show")}
              </Button>
              <Button loading={isPending} onClick={() => void make(true)}>
                {t("action")}
              </Button>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function Copyable({ label, text }: { label: string; text: string }) {
  const t = useTranslations("watching.link");
  const [isCopied, setIsCopied] = useState(false);
  return (
    <div className={styles.link}>
      <span className={styles.label}>{label}</span>
      <span className={styles.value}>{text}</span>
      <Button
        variant="default"
        size="compact-xs"
        aria-label={`${t("copy")}: ${label}`}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => setIsCopied(true));
        }}
      >
        {t(isCopied ? "copied" : "copy")}
      </Button>
    </div>
  );
}
