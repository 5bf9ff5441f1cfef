import type { ExamEntry } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../components/dialog.js";
import dialogStyles from "../components/dialog.module.css";
import { NotDone } from "../components/error-note.js";
import { FormDialog } from "../components/form-dialog.js";
import { useNotify } from "../components/notify.js";
import { useAction } from "../components/use-action.js";
import styles from "./acting.module.css";
import type { ActPerson } from "./acts.js";
import { randomId } from "./sending.js";

const STATUSES = ["confirmed", "refused", "later"] as const satisfies readonly ExamEntry["identity"][];
const SEVERITIES = ["info", "look", "serious"] as const satisfies readonly ExamEntry["severity"][];
const MAX_TEXT = 1000;

/** What is entered, with a key: the same call writes once, and a changed one is another. */
const useForm = <Values extends object>(initial: Values) => {
  const [form, setForm] = useState(() => ({ ...initial, key: randomId() }));
  return [
    form,
    (more: Partial<Values>) => setForm((before) => ({ ...before, ...more, key: randomId() })),
  ] as const;
};

/** The key of each outcome, while the focus is on their buttons. */
const KEYS: Readonly<Record<(typeof STATUSES)[number], string>> = {
  confirmed: "c",
  refused: "r",
  later: "l",
};

/** Says whether a candidate is who they should be. */
export function IdentityDialog({
  person,
  roomOf,
  onClose,
}: {
  person: ActPerson;
  roomOf: (person: ActPerson) => string | undefined;
  onClose: () => void;
}) {
  const t = useTranslations("watching.identity");
  const cancel = useTranslations("common.confirm")("cancel");
  const client = useInvigilClient();
  const notify = useNotify();
  const { label: name, userId } = person;
  const [{ note, key }, change] = useForm({ note: "" });
  const { run, isRunning, error } = useAction(async (status: (typeof STATUSES)[number]) => {
    const roomId = roomOf(person) ?? person.roomId;
    if (roomId === undefined) return;
    await client.participant.checkIdentity.mutate({
      roomId,
      userId,
      status,
      note: note.trim() || undefined,
      key: `${key}/${status}`,
    });
    notify.done(t(`done.${status}`, { name }));
    onClose();
  });
  return (
    <Dialog title={t("title", { name })} mayCloseOutside={note === ""} onClose={onClose}>
      <div className={dialogStyles.form}>
        <Textarea
          label={t("note")}
          minRows={2}
          autosize
          maxRows={6}
          maxLength={MAX_TEXT}
          value={note}
          onChange={({ currentTarget: { value } }) => change({ note: value })}
        />
        <fieldset
          className={styles.ways}
          onKeyDown={(event) => {
            const status = STATUSES.find((one) => KEYS[one] === event.key);
            if (!status || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            run(status);
          }}
        >
          <legend>{t("status")}</legend>
          {STATUSES.map((status, n) => (
            <Button
              key={status}
              variant="default"
              justify="space-between"
              rightSection={<kbd aria-hidden>{KEYS[status]}</kbd>}
              aria-keyshortcuts={KEYS[status]}
              disabled={isRunning}
              {...(status === "refused" && { c: "var(--red)" })}
              {...(n === 0 && { "data-autofocus": true })}
              onClick={() => run(status)}
            >
              {t(`statuses.${status}`)}
            </Button>
          ))}
        </fieldset>
        <NotDone error={error} />
        <div className={dialogStyles.buttons}>
          <Button variant="default" onClick={onClose}>
            {cancel}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** Keeps a note about a candidate, or about a room, for colleagues and for a review. */
export function NoteDialog({
  examId,
  roomId,
  userId,
  name,
  onClose,
}: {
  examId: string;
  roomId: string | undefined;
  /** Undefined: it is about the room. */
  userId?: string;
  name: string;
  onClose: () => void;
}) {
  const t = useTranslations("watching.note");
  const client = useInvigilClient();
  const notify = useNotify();
  const [{ severity, text, key }, change] = useForm<{ severity: (typeof SEVERITIES)[number]; text: string }>({
    severity: "info",
    text: "",
  });
  const action = useAction(async () => {
    await client.exam.note.mutate({ examId, roomId, userId, severity, text: text.trim(), key });
    notify.done(t("done", { name }));
    onClose();
  });
  return (
    <FormDialog
      title={t("title", { name })}
      verb={t("save")}
      action={action}
      isReady={text.trim() !== ""}
      mayCloseOutside={text === ""}
      onSubmit={action.run}
      onClose={onClose}
    >
      <Textarea
        label={t("text")}
        description={t("hint")}
        data-autofocus
        minRows={3}
        autosize
        maxRows={8}
        maxLength={MAX_TEXT}
        value={text}
        onChange={({ currentTarget: { value } }) => change({ text: value })}
      />
      <NativeSelect
        label={t("severity")}
        value={severity}
        data={SEVERITIES.map((value) => ({ value, label: t(`severities.${value}`) }))}
        onChange={({ currentTarget: { value } }) =>
          change({ severity: SEVERITIES.find((one) => one === value) ?? "info" })
        }
      />
    </FormDialog>
  );
}
