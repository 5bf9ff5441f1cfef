import type { ManualAudio } from "@invigil/client";
import { Button, Checkbox, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { MAX_TEXT, messageOf } from "../components/composer.js";
import { ErrorNote, ToldError } from "../components/error-note.js";
import { useAction } from "../components/use-action.js";
import { ActionInRooms } from "./action-in-rooms.js";
import type { RunBatch, Target } from "./bulk-run.js";
import { ClipChoice } from "./clip-choice.js";
import { byGroup, titleOf } from "./people.js";
import { type Receivers, useSending } from "./sending.js";

/** A person in a room, or a whole room. */
interface Receiver extends Target {
  readonly userId?: string;
}

interface ReceiversProps<R extends Receiver> {
  readonly of: "people" | "rooms";
  readonly receivers: readonly R[];
  /** The room in which a receiver is now. */
  readonly roomOf: (receiver: R) => string | undefined;
  /** Whether people are everybody in their room. */
  readonly isWholeRoom?: boolean | undefined;
  readonly examId: string;
  readonly onClose: () => void;
  /** Says whom it is not for. */
  readonly skipped?: ReactNode;
}

/** The properties that both dialogs pass on about those who are addressed. */
const bulkOf = <R extends Receiver>({ of, receivers, roomOf, onClose }: ReceiversProps<R>) => ({
  of,
  targets: receivers,
  roomOf,
  onClose,
});

/** The people of a call. */
const peopleOf = <R extends Receiver>(
  batch: readonly R[],
  { of, receivers, isWholeRoom }: ReceiversProps<R>,
): Receivers =>
  of === "rooms" || (isWholeRoom && batch.length === receivers.length)
    ? undefined
    : batch.flatMap(({ userId }) => userId ?? []);

export function MessageDialog<R extends Receiver>(props: ReceiversProps<R>) {
  const { of, receivers, skipped } = props;
  const t = useTranslations("watching.message");
  const composer = useTranslations("common.composer");
  const { message } = useSending();
  const [text, setText] = useState("");
  const [asksReceipt, setAsksReceipt] = useState(false);
  const run: RunBatch<R> = async (batch, roomId) => {
    // Another call for the same people is the same message, however often it is repeated.
    await message(
      roomId,
      messageOf(text.trim(), asksReceipt),
      peopleOf(batch, props),
      `${receivers.indexOf(batch[0])}/${batch.length}`,
    );
    return undefined;
  };
  return (
    <ActionInRooms
      {...bulkOf(props)}
      title={t(`${of}.title`, titleOf(receivers))}
      action={t("action")}
      isReady={text.trim() !== ""}
      run={run}
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
      <Checkbox
        label={composer("receipt")}
        checked={asksReceipt}
        onChange={({ currentTarget }) => setAsksReceipt(currentTarget.checked)}
      />
      <p>{t(`${of}.consequence`)}</p>
      {skipped}
    </ActionInRooms>
  );
}

export function ClipDialog<R extends Receiver>(props: ReceiversProps<R>) {
  const { of, receivers, examId, skipped } = props;
  const t = useTranslations("watching.clip");
  const { clip } = useSending();
  const [chosen, setChosen] = useState<ManualAudio>();
  const run: RunBatch<R> = async (batch, roomId) => {
    if (!chosen) return undefined;
    const silent = await clip(roomId, chosen, peopleOf(batch, props));
    if (silent.size === 0) return undefined;
    const error = new ToldError(
      of === "rooms" ? t("rooms.silent", { count: silent.size }) : t("people.silent"),
    );
    const unheard = batch.filter(({ userId }) => userId === undefined || silent.has(userId));
    return new Map(unheard.map(({ id }) => [id, error]));
  };
  return (
    <ActionInRooms
      {...bulkOf(props)}
      title={t(`${of}.title`, titleOf(receivers))}
      action={t("action")}
      isReady={chosen !== undefined}
      run={run}
      told={() => t("played")}
      after={<StopClip {...props} />}
    >
      <ClipChoice examId={examId} value={chosen} onChange={setChosen} />
      <p>{t("consequence")}</p>
      {skipped}
      <StopClip {...props} />
    </ActionInRooms>
  );
}

/** Stops the clip that plays for them, also one that others started. */
function StopClip<R extends Receiver>(props: ReceiversProps<R>) {
  const t = useTranslations("watching.clip");
  const { stopClip } = useSending();
  const [isStopped, setIsStopped] = useState(false);
  const { run, isRunning, error } = useAction(async () => {
    const { receivers, roomOf } = props;
    // People who have left their room no longer hear the clip.
    for (const [room, some] of byGroup(receivers, (receiver) => roomOf(receiver) ?? ""))
      if (room !== "") await stopClip(room, peopleOf(some, props));
    setIsStopped(true);
  });
  return (
    <div>
      <Button variant="default" size="compact-sm" loading={isRunning} onClick={() => run()}>
        {t("stop")}
      </Button>{" "}
      <span role="status">{isStopped && t("stopped")}</span>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}
