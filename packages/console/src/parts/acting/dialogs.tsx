import { isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { compareNames } from "../../live/rooms.js";
import { BulkAction } from "../bulk-action.js";
import { Confirm } from "../confirm.js";
import { ErrorNote, ToldError } from "../error-note.js";
import { useMay } from "../may.js";
import { useNotify } from "../notify.js";
import { useExamDetails } from "../roster.js";
import { Time } from "../time.js";
import type { Act, ActPerson, ActRoom } from "./acts.js";
import { EndExamDialog, EndRoomDialog, MuteDialog } from "./ends.js";
import { LinkDialog } from "./link.js";
import { ClipDialog, MessageDialog } from "./messages.js";
import { isSeated, MOST_OF_A_ROOM, type PeopleProps, roomOf, type Seated, titleOf } from "./people.js";
import { patiently, useSending } from "./sending.js";
import { VoiceDialog } from "./voice.js";

/** The dialog of an action: whom it is for and what follows, the action, and its result. */
export default function ActDialog({
  act,
  examId,
  onClose,
}: {
  act: Act;
  examId: string;
  onClose: () => void;
}) {
  const t = useTranslations("watching");
  const props = { examId, onClose };
  switch (act.kind) {
    case "endExam":
      return <EndExamDialog {...props} name={act.name} underWay={act.underWay} />;
    case "endRoom":
      return <EndRoomDialog act={act} onClose={onClose} />;
    case "mute":
      return <MuteDialog room={act.room} onClose={onClose} />;
    case "voice":
      return <VoiceDialog room={act.room} onClose={onClose} />;
    case "remove":
      return <RemoveDialog {...props} people={act.people} />;
    default:
    // The others are for one or many.
  }
  if ("rooms" in act) {
    const receivers = act.rooms.map(({ id, name }) => ({ id, name, roomId: id }));
    const Dialog = act.kind === "message" ? MessageDialog : ClipDialog;
    return <Dialog {...props} of="rooms" receivers={receivers} />;
  }
  const people = act.people.filter(isSeated);
  const left = act.people.length - people.length;
  const skipped = left > 0 && <p>{t("skipped", { count: left })}</p>;
  if (act.kind === "message" || act.kind === "clip") {
    const Dialog = act.kind === "message" ? MessageDialog : ClipDialog;
    return (
      <Dialog {...props} of="people" receivers={people} isWholeRoom={act.isWholeRoom} skipped={skipped} />
    );
  }
  const Dialog = { link: LinkDialog, minutes: MinutesDialog, move: MoveDialog, end: EndDialog }[act.kind];
  return <Dialog {...props} people={people} skipped={skipped} />;
}

/** Adds candidates to the room in which they are or were, with their extra minutes. */
const useSeating = () => {
  const client = useInvigilClient();
  const seat = ([first, ...others]: readonly Seated[], minutesOf: (person: Seated) => number) =>
    first &&
    patiently(() =>
      client.participant.add.mutate({
        roomId: first.roomId,
        participants: [first, ...others].map((person) => ({
          userId: person.userId,
          name: person.name,
          role: "examinee" as const,
          extraMinutes: minutesOf(person),
        })),
      }),
    );
  return {
    seat,
    seatAsBefore: async (people: readonly Seated[]) => {
      for (const room of new Set(people.map(roomOf)))
        await seat(
          people.filter(({ roomId }) => roomId === room),
          ({ extraMinutes }) => extraMinutes,
        );
    },
  };
};

const MAX_MINUTES = 600;

function MinutesDialog({ people, examId, onClose, skipped }: PeopleProps) {
  const t = useTranslations("watching.minutes");
  const { data: exam } = useExamDetails(examId);
  const { seat, seatAsBefore } = useSeating();
  const [typed, setTyped] = useState(() => String(people[0]?.extraMinutes ?? 0));
  const minutes = /^\d{1,3}$/.test(typed.trim()) ? Number(typed) : Number.POSITIVE_INFINITY;
  const isValid = minutes <= MAX_MINUTES;
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={people}
      action={t("action")}
      isReady={isValid}
      onClose={onClose}
      batchSize={MOST_OF_A_ROOM}
      groupOf={roomOf}
      run={async (batch) => {
        await seat(batch, () => minutes);
        return undefined;
      }}
      told={(done) => t("done", { ...titleOf(done), minutes })}
      undo={seatAsBefore}
    >
      <TextInput
        inputMode="numeric"
        label={t("field")}
        value={typed}
        error={!isValid && t("invalid", { most: MAX_MINUTES })}
        data-autofocus
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {isValid && exam && (
        <p>
          {t.rich("endsAt", {
            time: () => <Time value={new Date(exam.endTime.getTime() + minutes * 60_000)} seconds={false} />,
            until: () => <Time value={exam.endTime} seconds={false} />,
          })}
        </p>
      )}
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

/** The rooms in progress of an exam, as far as the person may see them. */
const useOpenRooms = (examId: string) => {
  const client = useInvigilClient();
  return useQuery({
    queryKey: ["open rooms", examId],
    queryFn: async ({ signal }) => {
      const open: ActRoom[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await client.room.list.query(
          { examId, status: "in_progress", pageSize: 100, cursor },
          { signal },
        );
        open.push(...page.rooms);
        cursor = page.nextCursor;
        if (cursor === undefined) return open.sort((one, other) => compareNames(one.name, other.name));
      }
    },
  });
};

function MoveDialog({ people, examId, onClose, skipped }: PeopleProps) {
  const t = useTranslations("watching.move");
  const client = useInvigilClient();
  const { data, error, refetch } = useOpenRooms(examId);
  const [chosen, setChosen] = useState("");
  // Who is there already stays there.
  const movers = people.filter(({ roomId }) => roomId !== chosen);
  const rooms = (data ?? []).filter(({ id }) => people.some(({ roomId }) => roomId !== id));
  const room = rooms.find(({ id }) => id === chosen);
  const move = (userId: string, roomId: string, toRoomId: string) =>
    patiently(() => client.participant.move.mutate({ roomId, userId, toRoomId }));
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={movers}
      action={t("action")}
      isReady={room !== undefined}
      onClose={onClose}
      run={async ([{ userId, roomId }]) => {
        await move(userId, roomId, chosen);
        return undefined;
      }}
      told={(done) => t("done", { ...titleOf(done), room: room?.name ?? "" })}
      undo={async (done) => {
        for (const { userId, roomId } of done) await move(userId, chosen, roomId);
      }}
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
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

function EndDialog({ people, onClose, skipped }: PeopleProps) {
  const t = useTranslations("watching.end");
  const { end } = useSending();
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={people}
      action={t("action")}
      isDangerous
      onClose={onClose}
      run={async ([{ userId, roomId }]) => {
        if (!(await end(roomId, userId))) throw new ToldError(t("silent"));
        return undefined;
      }}
      told={(done) => t("done", titleOf(done))}
    >
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

function RemoveDialog({
  people,
  examId,
  onClose,
}: {
  people: readonly ActPerson[];
  examId: string;
  onClose: () => void;
}) {
  const t = useTranslations("watching.remove");
  const client = useInvigilClient();
  const may = useMay();
  const notify = useNotify();
  const { seatAsBefore } = useSeating();
  /** Only administrators delete records, of one person at a time, and nothing brings them back. */
  const [erased, setErased] = useState<ActPerson>();
  const remove = ({ userId, roomId }: ActPerson, withRecords: boolean) =>
    patiently(() =>
      roomId === undefined
        ? client.participant.removeFromExam.mutate({ examId, userId, withRecords })
        : client.participant.remove.mutate({ roomId, userId, withRecords }),
    );
  if (erased)
    return (
      <Confirm
        onClose={onClose}
        title={t("title", titleOf(people))}
        action={t("actionWithRecords")}
        isDangerous
        typed={erased.name}
        onConfirm={async () => {
          await remove(erased, true);
          notify.done(t("done", titleOf(people)));
        }}
      >
        <p>{t("withRecords")}</p>
      </Confirm>
    );
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={people}
      action={t("action")}
      isDangerous
      onClose={onClose}
      run={async ([person]) => {
        try {
          await remove(person, false);
        } catch (error) {
          const reason = isInvigilError(error) ? error.data.reason : undefined;
          // Somebody else removed them in the meantime.
          if (reason === "PARTICIPANT_NOT_FOUND") return undefined;
          if (reason === "PARTICIPANT_CONFLICT" && may.administer && people.length === 1) setErased(person);
          throw error;
        }
        return undefined;
      }}
      told={(done) => t("done", titleOf(done))}
      undo={people.every(isSeated) ? (done) => seatAsBefore(done.filter(isSeated)) : undefined}
    >
      <p>{t("consequence")}</p>
    </BulkAction>
  );
}
