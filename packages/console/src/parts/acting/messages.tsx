import type { ManualAudio } from "@invigil/client";
import { Button, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { BulkAction } from "../bulk-action.js";
import type { Subject } from "../bulk-run.js";
import { MAX_TEXT } from "../composer.js";
import { ErrorNote, ToldError } from "../error-note.js";
import { useAction } from "../use-action.js";
import { ClipChoice } from "./clip-choice.js";
import { MOST_OF_A_ROOM, roomOf, titleOf } from "./people.js";
import { type Receivers, useSending } from "./sending.js";

/** Somebody in a room, or a whole room. */
interface Receiver extends Subject {
  readonly roomId: string;
  readonly userId?: string;
}

interface ReceiversProps {
  readonly of: "people" | "rooms";
  readonly receivers: readonly Receiver[];
  /** Whether people are everybody in their room. */
  readonly isWholeRoom?: boolean | undefined;
  readonly examId: string;
  readonly onClose: () => void;
  /** Says whom it is not for. */
  readonly skipped?: ReactNode;
}

/** What both dialogs tell `BulkAction` about those who are addressed. */
const bulkOf = ({ of, receivers, onClose }: ReceiversProps) => ({
  of,
  subjects: receivers,
  onClose,
  batchSize: MOST_OF_A_ROOM,
  groupOf: roomOf,
});

/** The people of a call. */
const peopleOf = (batch: readonly Receiver[], { of, receivers, isWholeRoom }: ReceiversProps): Receivers =>
  of === "rooms" || (isWholeRoom && batch.length === receivers.length)
    ? undefined
    : batch.flatMap(({ userId }) => userId ?? []);

export function MessageDialog(props: ReceiversProps) {
  const { of, receivers, skipped } = props;
  const t = useTranslations("watching.message");
  const { message } = useSending();
  const [text, setText] = useState("");
  return (
    <BulkAction
      {...bulkOf(props)}
      title={t(`${of}.title`, titleOf(receivers))}
      action={t("action")}
      isReady={text.trim() !== ""}
      run={async (batch) => {
        const [{ roomId }] = batch;
        await message(roomId, text.trim(), peopleOf(batch, props), `${roomId}/${batch.length}`);
        return undefined;
      }}
      told={() => t("sent")}
    >
      <Textarea
        label={t("text")}
        rows={3}
        maxLength={MAX_TEXT}
        value={text}
        data-autofocus
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <p>{t(`${of}.consequence`)}</p>
      {skipped}
    </BulkAction>
  );
}

export function ClipDialog(props: ReceiversProps) {
  const { of, receivers, examId, skipped } = props;
  const t = useTranslations("watching.clip");
  const { clip } = useSending();
  const [chosen, setChosen] = useState<ManualAudio>();
  return (
    <BulkAction
      {...bulkOf(props)}
      title={t(`${of}.title`, titleOf(receivers))}
      action={t("action")}
      isReady={chosen !== undefined}
      run={async (batch) => {
        if (!chosen) return undefined;
        const silent = await clip(batch[0].roomId, chosen, peopleOf(batch, props));
        if (silent.size === 0) return undefined;
        const error = new ToldError(
          of === "rooms" ? t("rooms.silent", { count: silent.size }) : t("people.silent"),
        );
        const unheard = batch.filter(({ userId }) => userId === undefined || silent.has(userId));
        return new Map(unheard.map(({ id }) => [id, error]));
      }}
      told={() => t("played")}
      after={<StopClip {...props} />}
    >
      <ClipChoice examId={examId} value={chosen} onChange={setChosen} />
      <p>{t("consequence")}</p>
      {skipped}
      <StopClip {...props} />
    </BulkAction>
  );
}

/** Stops the clip that plays for them, whoever started it. */
function StopClip(props: ReceiversProps) {
  const t = useTranslations("watching.clip");
  const { stopClip } = useSending();
  const [isStopped, setIsStopped] = useState(false);
  const { run, isRunning, error } = useAction(async () => {
    const { receivers } = props;
    for (const room of new Set(receivers.map(roomOf)))
      await stopClip(
        room,
        peopleOf(
          receivers.filter(({ roomId }) => roomId === room),
          props,
        ),
      );
    setIsStopped(true);
  });
  return (
    <div>
      <Button variant="default" size="compact-sm" loading={isRunning} onClick={() => void run()}>
        {t("stop")}
      </Button>{" "}
      <span role="status">{isStopped && t("stopped")}</span>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}
