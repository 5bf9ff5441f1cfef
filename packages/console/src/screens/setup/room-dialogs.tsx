import { isInvigilError } from "@invigil/client";
import { useInvigilClient, useSession } from "@invigil/react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Confirm } from "../../components/confirm.js";
import { ToldError } from "../../components/error-note.js";
import { FormDialog } from "../../components/form-dialog.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import { compareNames } from "../../live/rooms.js";
import { usePersonName, useSetup } from "./context.js";
import type { StaffedRoom } from "./people.js";

type FormKind = "create" | "rename" | "handOn";
interface RoomDialogProps {
  readonly kind: FormKind | "delete";
  /** Undefined: a room that is made. */
  readonly of?: StaffedRoom | undefined;
  readonly onClose: () => void;
}

/** The dialog in which a room is made or changed by hand. */
export default function RoomDialog({ kind, of, onClose }: RoomDialogProps) {
  if (kind === "delete") return of && <DeleteDialog of={of} onClose={onClose} />;
  return <RoomForm kind={kind} of={of} onClose={onClose} />;
}

/** The form for the name of a room, and for the invigilator who runs it. */
function RoomForm({ kind, of, onClose }: RoomDialogProps & { kind: FormKind }) {
  const t = useTranslations("setup.roomActions");
  const { examId, people, refresh } = useSetup();
  const { user } = useSession();
  const client = useInvigilClient();
  const notify = useNotify();
  const nameOf = usePersonName();
  const self = user?.userId ?? "";
  // As they were when the dialog opened.
  const [before] = useState(of?.room.name ?? "");
  const [runner] = useState(of?.room.createTeacher ?? self);
  const [name, setName] = useState(before);
  const [chosen, setChosen] = useState(runner);
  /** A room that was made before handing it on failed is not made again. */
  const made = useRef<string>(undefined);
  const names = new Map(
    [...(people?.rooms.flatMap(({ teachers }) => teachers) ?? []), ...(people?.unseated.staff ?? [])].flatMap(
      (one) => (one.role === "teacher" ? [[one.userId, nameOf(one.userId)]] : []),
    ),
  );
  if (!names.has(runner)) names.set(runner, (runner === self && user?.name) || runner);
  const rename = async (to: string) => {
    await client.room.rename.mutate({ examId, roomId: of?.room.id ?? "", name: to });
    await refresh();
  };
  const action = useAction(async () => {
    const room = kind === "handOn" ? before : name.trim();
    if (kind === "rename") {
      await rename(room);
      notify.undoable(t("rename.done", { before, room }), () => rename(before));
    } else {
      const roomId =
        of?.room.id ?? made.current ?? (await client.room.create.mutate({ examId, name: room })).id;
      made.current = roomId;
      if (chosen !== runner) {
        await client.room.setTeacher.mutate({ examId, roomId, userId: chosen });
        if (runner === self) await client.participant.remove.mutate({ roomId, userId: self });
      }
      await refresh();
      notify.done(t(`${kind}.done`, { room, name: names.get(chosen) ?? chosen }));
    }
    onClose();
  });
  return (
    <FormDialog
      title={t(`${kind}.title`, { room: before })}
      verb={t(`${kind}.action`)}
      action={action}
      isReady={kind === "handOn" ? chosen !== runner : !["", before].includes(name.trim())}
      onSubmit={action.run}
      onClose={onClose}
    >
      {kind !== "handOn" && (
        <TextInput
          label={t("name")}
          value={name}
          maxLength={63}
          data-autofocus
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
      )}
      {kind !== "rename" && (
        <NativeSelect
          label={t("runner")}
          value={chosen}
          data={[...names]
            .map(([value, label]) => ({ value, label: value === self ? t("you", { name: label }) : label }))
            .sort((one, other) => compareNames(one.label, other.label))}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        />
      )}
      {kind === "handOn" && (
        <p>{t(names.size === 1 ? "handOn.none" : runner === self ? "handOn.leaves" : "handOn.stays")}</p>
      )}
    </FormDialog>
  );
}

function DeleteDialog({ of, onClose }: Pick<RoomDialogProps, "onClose"> & { of: StaffedRoom }) {
  const t = useTranslations("setup.roomActions");
  const { examId, people, refresh } = useSetup();
  const { user } = useSession();
  const client = useInvigilClient();
  const notify = useNotify();
  const nameOf = usePersonName();
  const { room, examinees, inspectors, teachers } = of;
  const runner = teachers.find(({ userId }) => userId === room.createTeacher);
  const others = examinees + inspectors.length + teachers.length - (runner ? 1 : 0);
  const hasOther = people?.rooms.some(
    (one) => one.room.id !== room.id && one.teachers.some(({ userId }) => userId === runner?.userId),
  );
  const waits = hasOther || runner?.userId === user?.userId ? undefined : runner;
  return (
    <Confirm
      onClose={onClose}
      title={t("delete.title", { room: room.name })}
      action={t("menu.delete")}
      isDangerous
      onConfirm={async () => {
        try {
          await client.room.delete.mutate({ examId, roomId: room.id });
        } catch (error) {
          if (!isInvigilError(error, "EXAM_CONFLICT")) throw error;
          throw new ToldError(others > 0 ? t("delete.people", { count: others }) : t("delete.used"));
        }
        await refresh();
        notify.done(t("delete.done", { room: room.name }));
      }}
    >
      <p>{t("delete.text")}</p>
      {waits && <p>{t("delete.waits", { name: nameOf(waits.userId) })}</p>}
    </Confirm>
  );
}
