import { isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Confirm } from "../components/confirm.js";
import { ErrorNote, NotThereError, ToldError } from "../components/error-note.js";
import { useNotify } from "../components/notify.js";
import { usePermissions } from "../components/use-permissions.js";
import { compareNames } from "../live/rooms.js";
import { ActionInRooms } from "./action-in-rooms.js";
import type { Act, ActPerson, ActRoom, FindNow } from "./acts.js";
import { ControlDialog } from "./control.js";
import { IdentityDialog, NoteDialog } from "./desk.js";
import { EndExamDialog, EndRoomDialog, MuteDialog } from "./ends.js";
import { HandDialog } from "./hand.js";
import { LinkDialog } from "./link.js";
import { ClipDialog, MessageDialog } from "./messages.js";
import { MinutesDialog } from "./minutes.js";
import { byGroup, isSeated, type PeopleProps, type Seated, titleOf, useTakeBack } from "./people.js";
import { patiently } from "./sending.js";
import { TalkDialog } from "./talk.js";
import { VoiceDialog } from "./voice.js";

/** The dialog of an action: whom it is for and what follows, the action, and its result. */
export default function ActDialog({
  act,
  examId,
  findNow = (person) => person,
  onLeft = () => undefined,
  onClose,
}: {
  act: Act;
  examId: string;
  /** Default: as they were when the action was asked for, which is enough for actions of rooms. */
  findNow?: FindNow;
  /** Called with each person who has left their room by the action, so that nothing else is done for them unasked. */
  onLeft?: (person: ActPerson) => void;
  onClose: () => void;
}) {
  const t = useTranslations("watching");
  const roomOf = (person: ActPerson) => findNow(person)?.roomId;
  const props = { examId, findNow, roomOf, onLeft, onClose };
  switch (act.kind) {
    case "endExam":
      return <EndExamDialog {...props} name={act.name} underWay={act.underWay} />;
    case "endRoom":
      return <EndRoomDialog room={act.room} onClose={onClose} />;
    case "mute":
      return <MuteDialog room={act.room} onClose={onClose} />;
    case "voice":
      return <VoiceDialog room={act.room} onClose={onClose} />;
    case "hand":
      return <HandDialog person={act.person} findNow={findNow} onClose={onClose} />;
    case "talk":
      return (
        <TalkDialog {...props} person={act.person} roomId={roomOf(act.person) ?? act.person.roomId ?? ""} />
      );
    case "identity":
      return <IdentityDialog {...props} person={act.person} />;
    case "note":
      return "room" in act ? (
        <NoteDialog {...props} roomId={act.room.id} name={act.room.name} />
      ) : (
        <NoteDialog
          {...props}
          roomId={roomOf(act.person) ?? act.person.roomId}
          userId={act.person.userId}
          name={act.person.label}
        />
      );
    case "remove":
      return <RemoveDialog {...props} people={act.people} />;
    case "move":
      return <MoveDialog {...props} people={act.people} />;
    default:
    // The others are for one or many.
  }
  if ("rooms" in act) {
    const rooms = {
      ...props,
      of: "rooms",
      receivers: act.rooms,
      roomOf: ({ id }: ActRoom) => id,
    } as const;
    if (act.kind === "message") return <MessageDialog {...rooms} />;
    if (act.kind === "clip") return <ClipDialog {...rooms} />;
    return <ControlDialog {...rooms} kind={act.kind} />;
  }
  const people = act.people.filter(isSeated);
  const left = act.people.length - people.length;
  const skipped = left > 0 && <p>{t("skipped", { count: left })}</p>;
  const some = {
    ...props,
    of: "people",
    receivers: people,
    isWholeRoom: act.isWholeRoom,
    skipped,
  } as const;
  switch (act.kind) {
    case "message":
      return <MessageDialog {...some} />;
    case "clip":
      return <ClipDialog {...some} />;
    case "link":
    case "minutes":
    case "unseat": {
      const Dialog = { link: LinkDialog, minutes: MinutesDialog, unseat: UnseatDialog }[act.kind];
      return <Dialog {...props} people={people} skipped={skipped} />;
    }
    default:
      return <ControlDialog {...some} kind={act.kind} />;
  }
}

/** Adds people to the rooms in which they were, with their extra minutes, unless others have put them into another one. */
const useSeatAgain = (roomOf: PeopleProps["roomOf"]) => {
  const t = useTranslations("watching");
  const client = useInvigilClient();
  const takeBack = useTakeBack();
  return (people: readonly Seated[]) =>
    takeBack(byGroup(people, ({ roomId }) => roomId).values(), async (group) => {
      const [first] = group;
      if (!first) return;
      if (group.some((person) => (roomOf(person) ?? person.roomId) !== person.roomId))
        throw new NotThereError(t("elsewhere"));
      await patiently(() =>
        client.participant.add.mutate({
          roomId: first.roomId,
          participants: group.map(newPersonOf),
        }),
      );
    });
};

const newPersonOf = ({ userId, name, role = "examinee", extraMinutes }: ActPerson) => ({
  userId,
  name,
  role,
  extraMinutes,
});

/** The rooms in progress of an exam, as far as the person may seat people in them. */
const useOpenRooms = (examId: string) => {
  const client = useInvigilClient();
  const invigil = useInvigil();
  return useQuery({
    queryKey: [...invigil.exam.people.pathKey(), { input: { examId } }, "open rooms"],
    queryFn: async ({ signal }): Promise<ActRoom[]> => {
      // The first page has all rooms.
      const { rooms = [] } = await client.exam.people.query({ examId, pageSize: 1 }, { signal });
      return rooms
        .filter(({ status }) => status === "in_progress")
        .sort((one, other) => compareNames(one.name, other.name));
    },
  });
};

/** Stands for the room of people who have none yet. */
const WAITING = "waiting";
const placeOf = (findNow: FindNow) => (person: ActPerson) =>
  findNow(person)?.roomId ?? (findNow(person) && !isSeated(person) ? WAITING : undefined);

/** Puts people into another room, or into their first one. */
function MoveDialog({
  people,
  findNow,
  roomOf,
  examId,
  onClose,
  onLeft,
}: Omit<PeopleProps, "people" | "skipped"> & { people: readonly ActPerson[] }) {
  const t = useTranslations("watching.move");
  const kind = people.some(isSeated) ? "moving" : "seating";
  const client = useInvigilClient();
  const takeBack = useTakeBack();
  const { data, error, refetch } = useOpenRooms(examId);
  const [chosen, setChosen] = useState("");
  // Who is there already stays there.
  const movers = people.filter((person) => roomOf(person) !== chosen);
  const rooms = (data ?? []).filter(({ id }) => people.some((person) => roomOf(person) !== id));
  const room = rooms.find(({ id }) => id === chosen);
  const move = ({ userId }: ActPerson, roomId: string, toRoomId: string) =>
    patiently(() => client.participant.move.mutate({ roomId, userId, toRoomId }));
  /** The rooms that they have left. */
  const left = useRef(new Map<string, string>());
  return (
    <ActionInRooms
      title={t(`title.${kind}`, titleOf(people))}
      targets={movers}
      action={t(`action.${kind}`)}
      isReady={room !== undefined}
      onClose={onClose}
      roomOf={placeOf(findNow)}
      batchSize={1}
      run={async ([person], from) => {
        if (from !== WAITING) await move(person, from, chosen);
        else
          await patiently(() =>
            client.participant.add.mutate({ roomId: chosen, participants: [newPersonOf(person)] }),
          );
        left.current.set(person.id, from);
        onLeft(person);
        return undefined;
      }}
      told={(done) => t("done", { ...titleOf(done), room: room?.name ?? "" })}
      undo={(done) =>
        takeBack(
          done.map((person) => [person]),
          async ([person]) => {
            if (!person) return;
            const from = left.current.get(person.id) ?? WAITING;
            if (from !== WAITING) await move(person, chosen, from);
            else await client.participant.unseat.mutate({ examId, roomId: chosen, userId: person.userId });
          },
        )
      }
    >
      {error ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : data && rooms.length === 0 ? (
        <p>{t("none")}</p>
      ) : (
        <NativeSelect
          label={t("field")}
          value={chosen}
          data-autofocus
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
          data={[
            { value: "", label: t("choose") },
            ...rooms.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      )}
      <p>{t(`consequence.${kind}`)}</p>
    </ActionInRooms>
  );
}

/** Takes people who have not entered out of their rooms, so that they wait for one again. */
function UnseatDialog({ people, roomOf, examId, onClose, onLeft, skipped }: PeopleProps) {
  const t = useTranslations("watching.unseat");
  const client = useInvigilClient();
  const seatAgain = useSeatAgain(roomOf);
  const left = useRef(new Map<string, string>());
  return (
    <ActionInRooms
      title={t("title", titleOf(people))}
      targets={people}
      action={t("action")}
      onClose={onClose}
      roomOf={roomOf}
      batchSize={1}
      run={async ([person], roomId) => {
        const { id, userId } = person;
        try {
          await patiently(() => client.participant.unseat.mutate({ examId, roomId, userId }));
        } catch (error) {
          throw isInvigilError(error, "PARTICIPANT_CONFLICT") ? new ToldError(t("refused")) : error;
        }
        left.current.set(id, roomId);
        onLeft(person);
        return undefined;
      }}
      told={(done) => t("done", titleOf(done))}
      undo={(done) =>
        seatAgain(done.map((person) => ({ ...person, roomId: left.current.get(person.id) ?? person.roomId })))
      }
    >
      <p>{t("consequence")}</p>
      {skipped}
    </ActionInRooms>
  );
}

function RemoveDialog({
  people,
  findNow,
  roomOf,
  examId,
  onClose,
  onLeft,
}: Omit<PeopleProps, "people" | "skipped"> & { people: readonly ActPerson[] }) {
  const t = useTranslations("watching.remove");
  const client = useInvigilClient();
  const may = usePermissions();
  const notify = useNotify();
  const seatAgain = useSeatAgain(roomOf);
  /** The rooms that they have left. */
  const left = useRef(new Map<string, string>());
  /** Only administrators delete records, of one person at a time, and nothing brings them back. */
  const [erased, setErased] = useState<ActPerson>();
  const remove = async (person: ActPerson, withRecords: boolean) => {
    const { userId } = person;
    const roomId = roomOf(person) ?? person.roomId;
    await patiently(() =>
      roomId === undefined
        ? client.participant.removeFromExam.mutate({ examId, userId, withRecords })
        : client.participant.remove.mutate({ roomId, userId, withRecords }),
    );
    if (roomId !== undefined) left.current.set(person.id, roomId);
    onLeft(person);
  };
  if (erased)
    return (
      <Confirm
        onClose={onClose}
        title={t("title", titleOf(people))}
        action={t("actionWithRecords")}
        isDangerous
        // An id is typed where the name does not say who it is.
        typed={erased.label === erased.name ? erased.name : erased.userId}
        onConfirm={async () => {
          await remove(erased, true);
          notify.done(t("done", titleOf(people)));
        }}
      >
        <p>{t("withRecords")}</p>
      </Confirm>
    );
  return (
    <ActionInRooms
      title={t("title", titleOf(people))}
      targets={people}
      action={t("action")}
      isDangerous
      onClose={onClose}
      roomOf={placeOf(findNow)}
      batchSize={1}
      run={async ([person]) => {
        try {
          await remove(person, false);
        } catch (error) {
          if (isInvigilError(error, "PARTICIPANT_CONFLICT") && may.administer && people.length === 1)
            setErased(person);
          throw error;
        }
        return undefined;
      }}
      told={(done) => t("done", titleOf(done))}
      undo={
        people.every(isSeated)
          ? (done) =>
              seatAgain(done.map((person) => ({ ...person, roomId: left.current.get(person.id) ?? "" })))
          : undefined
      }
    >
      <p>{t("consequence")}</p>
    </ActionInRooms>
  );
}
