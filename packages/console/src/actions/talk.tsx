import "@mantine/core/styles/Checkbox.css";

import { reasonCodes } from "@invigil/client";
import { useSession } from "@invigil/react";
import { Checkbox, NativeSelect } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import dialogStyles from "../components/dialog.module.css";
import { ToldError } from "../components/error-note.js";
import { FormDialog } from "../components/form-dialog.js";
import { openMicrophone } from "../components/talk/microphone.js";
import { close, useTalks } from "../components/talk/talks.js";
import { useAction } from "../components/use-action.js";
import type { ActPerson } from "./acts.js";
import { useDecide } from "./decide.js";
import { randomId } from "./sending.js";
import { useControl } from "./use-control.js";

/** Begins to talk to one candidate, and pauses their exam if that is chosen. */
export function TalkDialog({
  person,
  roomId,
  examId,
  onClose,
}: {
  person: ActPerson;
  roomId: string;
  examId: string;
  onClose: () => void;
}) {
  const t = useTranslations("watching.talk");
  const reasons = useTranslations("watching.control.reason");
  const context = useTalks();
  const { user } = useSession();
  const decide = useDecide();
  const { offers } = useControl(examId);
  const [pauses, setPauses] = useState(false);
  const [code, setCode] = useState("");
  const [key] = useState(randomId);
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);
  const { userId, label: name, attempt } = person;
  const talk = context?.talks.find((one) => one.userId === userId);
  const reason = reasonCodes.find((one) => one === code);
  const action = useAction(async () => {
    const microphone = await openMicrophone();
    if (typeof microphone === "string") throw new ToldError(t(`microphone.${microphone}`));
    try {
      if (pauses && reason) {
        const order = { kind: "pause", giveBack: true } as const;
        const { people } = await decide(order, { roomId, userIds: [userId], key, reason: { code: reason } });
        if (people.some(({ outcome }) => outcome === "refused")) throw new ToldError(t("notPaused"));
      }
      if (!isOpen.current) throw new Error("The dialog was closed before the microphone was open.");
    } catch (error) {
      close(microphone);
      throw error;
    }
    context?.begin({ userId, name }, microphone);
    onClose();
  });
  return (
    <FormDialog
      title={t("title", { name })}
      verb={t("begin")}
      action={action}
      isReady={talk === undefined && (!pauses || reason !== undefined)}
      onSubmit={action.run}
      onClose={onClose}
    >
      <div className={dialogStyles.text}>
        {talk ? (
          <p role="status">
            {talk.by === user?.userId ? t("busyYou") : t("busy", { by: context?.nameOf(talk.by) ?? talk.by })}
          </p>
        ) : (
          <p>{t("text")}</p>
        )}
      </div>
      {!talk && offers("time", [person]) && attempt?.status !== "paused" && (
        <Checkbox
          label={t("pause")}
          description={t("pauseHint")}
          checked={pauses}
          onChange={({ currentTarget }) => setPauses(currentTarget.checked)}
        />
      )}
      {pauses && (
        <NativeSelect
          label={reasons("label")}
          value={code}
          data={[
            { value: "", label: reasons("choose") },
            ...reasonCodes.map((value) => ({ value, label: reasons(`codes.${value}`) })),
          ]}
          onChange={({ currentTarget }) => setCode(currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
