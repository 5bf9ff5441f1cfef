import { isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient, useLiveRoom } from "@invigil/react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Confirm } from "../confirm.js";
import { Dialog } from "../dialog.js";
import dialogStyles from "../dialog.module.css";
import { Skeleton } from "../empty.js";
import { ErrorNote } from "../error-note.js";
import { useMay } from "../may.js";
import { Names } from "../names.js";
import { useNotify } from "../notify.js";
import { useZone } from "../time.js";
import styles from "./acting.module.css";
import type { Act, ActPerson, ActRoom } from "./acts.js";
import { LinkDialog } from "./link.js";
import { VoiceDialog } from "./voice.js";

export interface ActDialogProps {
  readonly act: Act;
  readonly room: ActRoom;
  readonly onClose: () => void;
}

/** The dialog of an action: what follows, the action, and its result. */
export default function ActDialog({ act, room, onClose }: ActDialogProps) {
  switch (act.kind) {
    case "clip":
      return <ClipDialog act={act} room={room} onClose={onClose} />;
    case "link":
      return <LinkDialog person={act.person} room={room} onClose={onClose} />;
    case "minutes":
      return <MinutesDialog person={act.person} room={room} onClose={onClose} />;
    case "move":
      return <MoveDialog person={act.person} room={room} onClose={onClose} />;
    case "remove":
      return <RemoveDialog person={act.person} room={room} onClose={onClose} />;
    case "endPerson":
      return <EndPersonDialog person={act.person} room={room} onClose={onClose} />;
    case "endRoom":
      return <EndRoomDialog people={act.people} room={room} onClose={onClose} />;
    case "mute":
      return <MuteDialog room={room} onClose={onClose} />;
    case "voice":
      return <VoiceDialog room={room} onClose={onClose} />;
  }
}

interface PersonDialogProps {
  readonly person: ActPerson;
  readonly room: ActRoom;
  readonly onClose: () => void;
}

/** How often a command is repeated for those who do not answer: who is there answers one of the first. */
const TIMES = 2;
/** Without a wait for answers: whoever is not there plays nothing. */
const ONCE = { times: 0, everyMs: 300 };

function ClipDialog({
  act: { people, isAll },
  room,
  onClose,
}: {
  act: Extract<Act, { kind: "clip" }>;
  room: ActRoom;
  onClose: () => void;
}) {
  const t = useTranslations("watching.clip");
  const errors = useTranslations("common.error");
  const invigil = useInvigil();
  const live = useLiveRoom(room.id);
  const { data: exam, error, refetch } = useQuery(invigil.exam.get.queryOptions({ examId: room.examId }));
  const clips = exam?.manualAudio ?? [];
  const [chosen, setChosen] = useState<string>();
  const clip = clips.find(({ id }) => id === chosen) ?? clips[0];
  const here = people.filter(({ isHere }) => isHere);
  const [result, setResult] = useState<
    { readonly kind: "waiting" | "stopped" } | { readonly kind: "played"; readonly silent: readonly string[] }
  >();
  const [failure, setFailure] = useState<unknown>();
  const isRunning = useRef(false);
  const run = async (what: () => Promise<void>) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setFailure(undefined);
    try {
      await what();
    } catch (thrown) {
      setResult(undefined);
      setFailure(thrown);
    } finally {
      isRunning.current = false;
    }
  };
  const to = isAll ? {} : { to: people.map(({ userId }) => userId) };
  const play = () =>
    run(async () => {
      if (!live || !clip) return;
      setResult({ kind: "waiting" });
      const { answered } = await live.broadcastAudio({
        ...to,
        times: TIMES,
        data: { url: clip.url, name: clip.name },
      });
      setResult({
        kind: "played",
        silent: here.filter(({ userId }) => !answered.includes(userId)).map(({ name }) => name),
      });
    });
  const stop = () =>
    run(async () => {
      await live?.stopBroadcastAudio({ ...to, times: 1 });
      setResult({ kind: "stopped" });
    });
  return (
    <Dialog title={t("title", { count: people.length })} onClose={onClose}>
      <div className={dialogStyles.form}>
        <div className={dialogStyles.text}>
          <p>
            <Names of={people.map(({ name }) => name)} />
          </p>
          <p>{t("text")}</p>
        </div>
        {error ? (
          <ErrorNote error={error} onRetry={() => void refetch()} />
        ) : !exam ? (
          <Skeleton rows={2} />
        ) : clips.length === 0 ? (
          <p>{t("none")}</p>
        ) : (
          <>
            <NativeSelect
              label={t("which")}
              value={clip?.id ?? ""}
              onChange={({ currentTarget }) => setChosen(currentTarget.value)}
              data={clips.map(({ id, name }) => ({ value: id, label: name }))}
            />
            {clip && (
              // biome-ignore lint/a11y/useMediaCaption: the clip is listened to before others hear it; its name says what it is.
              <audio
                key={clip.id}
                className={styles.audio}
                controls
                preload="none"
                src={clip.url}
                aria-label={clip.name}
              />
            )}
          </>
        )}
        {failure !== undefined && <ErrorNote error={failure} title={errors("notDone")} />}
        <div role="status">
          {result?.kind === "waiting" && <p>{t("playing", { answered: 0, total: here.length })}</p>}
          {result?.kind === "stopped" && <p>{t("stopped")}</p>}
          {result?.kind === "played" && (
            <>
              <p>{t("answered", { count: here.length - result.silent.length })}</p>
              {result.silent.length > 0 && (
                <p className={styles.warning}>
                  {t("silent", { count: result.silent.length })}
                  <Names of={result.silent} />
                </p>
              )}
            </>
          )}
        </div>
        <div className={dialogStyles.buttons}>
          <Button variant="default" onClick={() => void stop()} disabled={!live}>
            {t("stop")}
          </Button>
          <Button onClick={() => void play()} disabled={!live || !clip} loading={result?.kind === "waiting"}>
            {t("play")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function MinutesDialog({ person, room, onClose }: PersonDialogProps) {
  const { userId, name, extraMinutes } = person;
  const t = useTranslations("watching.minutes");
  const format = useFormatter();
  const timeZone = useZone();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const notify = useNotify();
  const { data: exam } = useQuery(invigil.exam.get.queryOptions({ examId: room.examId }));
  const [typed, setTyped] = useState(String(extraMinutes));
  const minutes = /^\d{1,3}$/.test(typed.trim()) && Number(typed) <= 600 ? Number(typed) : undefined;
  const set = (next: number) =>
    client.participant.add.mutate({
      roomId: room.id,
      participants: [{ userId, name, role: "examinee", extraMinutes: next }],
    });
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name })}
      action={t("action")}
      onConfirm={async () => {
        if (minutes === undefined) throw new Error("not a number of minutes");
        await set(minutes);
        notify.undoable(t("done", { name, minutes }), () => set(extraMinutes));
      }}
    >
      <TextInput
        label={t("field")}
        inputMode="numeric"
        value={typed}
        error={minutes === undefined && t("invalid")}
        data-autofocus
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {exam && minutes !== undefined && (
        <p>
          {t("text", {
            name,
            time: format.dateTime(exam.endTime.getTime() + minutes * 60_000, {
              timeZone,
              month: "short",
              day: "numeric",
              hour: "2-digit",
              minute: "2-digit",
              hourCycle: "h23",
            }),
          })}
        </p>
      )}
    </Confirm>
  );
}

function MoveDialog({ person: { userId, name }, room, onClose }: PersonDialogProps) {
  const t = useTranslations("watching.move");
  const client = useInvigilClient();
  const invigil = useInvigil();
  const notify = useNotify();
  const [chosen, setChosen] = useState<string>();
  const { data, error } = useQuery(
    invigil.room.list.queryOptions({ examId: room.examId, status: "in_progress", pageSize: 100 }),
  );
  const others = (data?.rooms ?? []).filter(({ id }) => id !== room.id);
  const target = others.find(({ id }) => id === chosen) ?? others[0];
  const move = (from: string, to: string) =>
    client.participant.move.mutate({ roomId: from, userId, toRoomId: to });
  if (data && !target)
    return (
      <Dialog title={t("title", { name })} onClose={onClose}>
        <p>{t("none")}</p>
      </Dialog>
    );
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name })}
      action={t("action")}
      onConfirm={async () => {
        if (!target) return;
        await move(room.id, target.id);
        notify.undoable(t("done", { name, room: target.name }), () => move(target.id, room.id));
      }}
    >
      {error ? (
        <ErrorNote error={error} />
      ) : (
        <NativeSelect
          label={t("field")}
          value={target?.id ?? ""}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
          data={others.map(({ id, name: label }) => ({ value: id, label }))}
        />
      )}
      <p>{t("text", { name })}</p>
    </Confirm>
  );
}

function RemoveDialog({ person, room, onClose }: PersonDialogProps) {
  const { userId, name, extraMinutes } = person;
  const t = useTranslations("watching.remove");
  const client = useInvigilClient();
  const may = useMay();
  const notify = useNotify();
  /** Only administrators delete records, and nothing brings them back. */
  const [withRecords, setWithRecords] = useState(false);
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name, room: room.name })}
      action={t(withRecords ? "actionWithRecords" : "action")}
      isDangerous
      {...(withRecords && { typed: name })}
      onConfirm={async () => {
        try {
          await client.participant.remove.mutate({ roomId: room.id, userId, withRecords });
        } catch (error) {
          const hasRecords = isInvigilError(error) && error.data.reason === "PARTICIPANT_CONFLICT";
          if (hasRecords && may.administer) setWithRecords(true);
          throw error;
        }
        if (withRecords) return notify.done(t("done", { name }));
        notify.undoable(t("done", { name }), () =>
          client.participant.add.mutate({
            roomId: room.id,
            participants: [{ userId, name, role: "examinee", extraMinutes }],
          }),
        );
      }}
    >
      <p>{t(withRecords ? "textWithRecords" : "text")}</p>
    </Confirm>
  );
}

function EndPersonDialog({ person: { userId, name }, room, onClose }: PersonDialogProps) {
  const t = useTranslations("watching.endPerson");
  const live = useLiveRoom(room.id);
  const notify = useNotify();
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { name })}
      action={t("action")}
      isDangerous
      onConfirm={async () => {
        const result = await live?.endUser(userId, { times: TIMES });
        notify.done(t(result?.answered.length ? "done" : "silent", { name }));
      }}
    >
      <p>{t("text")}</p>
    </Confirm>
  );
}

function EndRoomDialog({
  people,
  room,
  onClose,
}: {
  people: readonly ActPerson[];
  room: ActRoom;
  onClose: () => void;
}) {
  const t = useTranslations("watching.endRoom");
  const client = useInvigilClient();
  const may = useMay();
  const notify = useNotify();
  const here = people.filter(({ isHere }) => isHere);
  return (
    <Confirm
      onClose={onClose}
      title={t("title", { room: room.name, count: people.length })}
      action={t("action")}
      isDangerous
      onConfirm={async () => {
        await client.room.end.mutate({ roomId: room.id });
        const message = t("done", { room: room.name });
        if (may.administer) notify.undoable(message, () => client.room.reopen.mutate({ roomId: room.id }));
        else notify.done(message);
      }}
    >
      <p>
        {here.length === 0 ? (
          t("nobody")
        ) : (
          <>
            {t("text")}
            <Names of={here.map(({ name }) => name)} />
          </>
        )}
      </p>
      <p>{t("reopen")}</p>
    </Confirm>
  );
}

function MuteDialog({ room, onClose }: { room: ActRoom; onClose: () => void }) {
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
