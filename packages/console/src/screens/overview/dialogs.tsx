import type { Exam, Room } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { BulkAction } from "../../parts/bulk-action.js";
import { ClipChoice } from "../../parts/clip-choice.js";
import { Confirm } from "../../parts/confirm.js";
import { ToldError } from "../../parts/error-note.js";
import { useNotify } from "../../parts/notify.js";
import { MAX_TEXT, useSending } from "../../parts/sending.js";

/** What somebody asked for. */
export type Asked =
  | { readonly kind: "message" | "clip"; readonly rooms: readonly Room[] }
  | { readonly kind: "end"; readonly exam: Exam; readonly rooms: number; readonly here: number };

/** What can be done for rooms. */
export default function Dialogs({
  asked,
  examId,
  onClose,
}: {
  asked: Asked;
  examId: string;
  onClose: () => void;
}) {
  if (asked.kind === "end") return <End {...asked} onClose={onClose} />;
  if (asked.kind === "message") return <Message rooms={asked.rooms} onClose={onClose} />;
  return <Clip examId={examId} rooms={asked.rooms} onClose={onClose} />;
}

function Message({ rooms, onClose }: { rooms: readonly Room[]; onClose: () => void }) {
  const t = useTranslations("overview.message");
  const { message } = useSending();
  const [text, setText] = useState("");
  const count = rooms.length;
  return (
    <BulkAction
      title={t("title", { count })}
      of="rooms"
      subjects={rooms}
      action={t("send", { count })}
      isReady={text.trim() !== "" && text.length <= MAX_TEXT}
      onClose={onClose}
      run={async ([room]) => {
        if (room) await message(room.id, text.trim(), undefined, room.id);
        return undefined;
      }}
    >
      <Textarea
        label={t("text")}
        rows={3}
        maxLength={MAX_TEXT}
        value={text}
        data-autofocus
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <p>{t("consequence", { count })}</p>
    </BulkAction>
  );
}

function Clip({ examId, rooms, onClose }: { examId: string; rooms: readonly Room[]; onClose: () => void }) {
  const t = useTranslations("overview.clip");
  const { clip } = useSending();
  const [url, setUrl] = useState<string>();
  const count = rooms.length;
  return (
    <BulkAction
      title={t("title", { count })}
      of="rooms"
      subjects={rooms}
      action={t("play", { count })}
      isReady={url !== undefined}
      onClose={onClose}
      run={async ([room]) => {
        if (!room || url === undefined) return undefined;
        const silent = await clip(room.id, url, undefined);
        return silent.length > 0
          ? new Map([[room.id, new ToldError(t("heard", { count: silent.length }))]])
          : undefined;
      }}
    >
      <ClipChoice examId={examId} value={url} onChange={setUrl} />
      <p>{t("consequence")}</p>
    </BulkAction>
  );
}

function End({
  exam,
  rooms,
  here,
  onClose,
}: {
  exam: Exam;
  rooms: number;
  here: number;
  onClose: () => void;
}) {
  const t = useTranslations("overview.end");
  const client = useInvigilClient();
  const notify = useNotify();
  const { id: examId, name } = exam;
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name })}
      action={t("action", { count: here })}
      isDangerous
      typed={name}
      onConfirm={async () => {
        let count = 0;
        // One call ends at most 500 rooms.
        for (let remaining = 1; remaining > 0; ) {
          const call = await client.exam.end.mutate({ examId });
          count += call.ended;
          remaining = call.remaining;
        }
        notify.done(t("done", { name, count }));
      }}
    >
      <p>{t("text", { rooms, here })}</p>
      <p>{t("after")}</p>
    </Confirm>
  );
}
