import { useInvigilClient, useLiveRoom, useRoom } from "@invigil/react";
import { useTranslations } from "use-intl";
import { Confirm } from "../components/confirm.js";
import { useLabels } from "../components/labels.js";
import { Names } from "../components/names.js";
import { useNotify } from "../components/notify.js";
import { ScreenTexts } from "../components/texts.js";
import { usePermissions } from "../components/use-permissions.js";
import type { ActRoom } from "./acts.js";
import { ONCE } from "./sending.js";

interface EndExamProps {
  readonly examId: string;
  readonly name: string;
  /** The rooms and people that are under way, as far as it is known. */
  readonly underWay?: { readonly rooms: number; readonly here: number } | undefined;
  readonly onClose: () => void;
  readonly onEnded?: () => void;
}

/** It brings its texts along, because the list of exams offers it, too. */
export function EndExamDialog(props: EndExamProps) {
  return (
    <ScreenTexts of="watching">
      <EndExam {...props} />
    </ScreenTexts>
  );
}

function EndExam({ examId, name, underWay, onClose, onEnded }: EndExamProps) {
  const t = useTranslations("watching.endExam");
  const client = useInvigilClient();
  const notify = useNotify();
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name })}
      action={t("action")}
      isDangerous
      typed={name}
      premise={underWay?.rooms}
      onConfirm={async () => {
        let count = 0;
        // One call ends at most 500 rooms.
        for (let remaining = 1; remaining > 0; ) {
          const call = await client.exam.end.mutate({ examId });
          count += call.ended;
          remaining = call.remaining;
        }
        notify.done(t("done", { name, count }));
        onEnded?.();
      }}
    >
      <p>{underWay ? t("text", underWay) : t("all")}</p>
      <p>{t("after")}</p>
    </Confirm>
  );
}

export function EndRoomDialog({ room, onClose }: { room: ActRoom; onClose: () => void }) {
  const t = useTranslations("watching.endRoom");
  const client = useInvigilClient();
  const may = usePermissions();
  const notify = useNotify();
  const { state } = useRoom(room.id);
  const labels = useLabels(state?.members);
  const candidates = (state?.members ?? []).filter(({ role }) => role === "examinee");
  const pages = new Set(state?.presence.map(({ userId }) => userId));
  const here = candidates.flatMap(({ userId, name }) =>
    pages.has(userId) ? [labels.get(userId) ?? name] : [],
  );
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { room: room.name, count: candidates.length })}
      action={t("action")}
      isDangerous
      // Pages come and go by themselves.
      premise={state && [state.room.status, candidates.map(({ userId }) => userId)]}
      onConfirm={async () => {
        await client.room.end.mutate({ roomId: room.id });
        const message = t("done", { room: room.name });
        if (may.administer) notify.undoable(message, () => client.room.reopen.mutate({ roomId: room.id }));
        else notify.done(message);
      }}
    >
      <p>
        {here.length === 0 ? (
          t("noneHere")
        ) : (
          <>
            {t("text", { count: here.length })}
            <Names of={here} />
          </>
        )}
      </p>
      <p>{t("reopen")}</p>
    </Confirm>
  );
}

export function MuteDialog({ room, onClose }: { room: ActRoom; onClose: () => void }) {
  const t = useTranslations("watching.mute");
  const client = useInvigilClient();
  const live = useLiveRoom(room.id);
  const notify = useNotify();
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { room: room.name })}
      action={t("action")}
      onConfirm={async () => {
        await Promise.all([live?.stopBroadcastAudio(ONCE), live?.stopBroadcast(ONCE)]);
        await client.room.setAudioStatus.mutate({ roomId: room.id, audioStatus: "silent" });
        notify.done(t("done", { room: room.name }));
      }}
    >
      <p>{t("text")}</p>
    </Confirm>
  );
}
