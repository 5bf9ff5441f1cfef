import { type HandAction, handActionsOf } from "@invigil/client";
import { useInvigilClient, useSession } from "@invigil/react";
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../components/dialog.js";
import dialog from "../components/dialog.module.css";
import { NotDone } from "../components/error-note.js";
import { HandText } from "../components/hand.js";
import styles from "../components/hand.module.css";
import { useNotify } from "../components/notify.js";
import { Time } from "../components/time.js";
import { useAction } from "../components/use-action.js";
import type { ActPerson, FindNow } from "./acts.js";

/** What a person asks for by their raised hand, and what can be done about it. */
export function HandDialog({
  person,
  findNow,
  onClose,
}: {
  person: ActPerson;
  findNow: FindNow;
  onClose: () => void;
}) {
  const t = useTranslations("watching.hand");
  const client = useInvigilClient();
  const notify = useNotify();
  const { user } = useSession();
  const { label: name } = person;
  const { hand } = findNow(person) ?? {};
  const [note, setNote] = useState(hand?.note ?? "");
  const { run, isRunning, error } = useAction(async (action: HandAction) => {
    if (!hand) return;
    const { roomId, id: handId } = hand;
    await client.hand.answer.mutate({ roomId, handId, action, note: note.trim() || undefined });
    notify.done(t(`done.${action}`, { name }));
    onClose();
  });
  const title = t("title", { name });
  if (!hand)
    return (
      <Dialog title={title} onClose={onClose}>
        <p className={styles.text}>{t("gone")}</p>
      </Dialog>
    );
  const actions = handActionsOf(hand, user?.userId ?? "");
  const [first] = actions;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={dialog.form}
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (first) run(first);
        }}
      >
        <HandText hand={hand} />
        {hand.text !== undefined && <p className={styles.text}>{hand.text}</p>}
        <p className={styles.text}>{t.rich("at", { time: () => <Time value={hand.createdAt} /> })}</p>
        {hand.status === "granted" && <p className={styles.text}>{t("rest")}</p>}
        <TextInput
          label={t("note")}
          description={t("noteHint")}
          maxLength={500}
          value={note}
          onChange={({ currentTarget }) => setNote(currentTarget.value)}
        />
        <NotDone error={error} />
        <div className={dialog.buttons}>
          {actions.toReversed().map((action) => (
            <Button
              key={action}
              variant={action === first ? "filled" : "default"}
              type={action === first ? "submit" : "button"}
              loading={isRunning}
              {...(action !== first && { onClick: () => run(action) })}
            >
              {t(
                action === "resolve" && hand.status === "granted" ? "actions.endBreak" : `actions.${action}`,
              )}
            </Button>
          ))}
        </div>
      </form>
    </Dialog>
  );
}
