import { isInvigilError, type LivePerson } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { BulkAction } from "../../parts/bulk-action.js";
import type { RunBatch, Subject } from "../../parts/bulk-run.js";
import { ClipChoice } from "../../parts/clip-choice.js";
import { ToldError } from "../../parts/error-note.js";
import { useNotify } from "../../parts/notify.js";
import { type Roster, useExamDetails } from "../../parts/roster.js";
import { MAX_TEXT, patiently, useSending } from "../../parts/sending.js";
import { Time } from "../../parts/time.js";
import type { ActionKind } from "./action-kinds.js";
import styles from "./candidates.module.css";

/** Somebody in a room. */
type Seated = LivePerson & { readonly roomId: string };

interface ActionProps {
  readonly people: readonly Seated[];
  readonly examId: string;
  readonly roster: Roster;
  readonly onClose: () => void;
  /** Says whom it is not for. */
  readonly skipped: ReactNode;
}

const isSeated = (person: LivePerson): person is Seated => person.roomId !== undefined;

/** What can be done for candidates who were chosen. Each opening is an action of its own. */
export default function Dialogs({
  kind,
  chosen,
  ...props
}: Omit<ActionProps, "people" | "skipped"> & {
  kind: ActionKind;
  chosen: readonly LivePerson[];
}) {
  const t = useTranslations("candidates");
  // Whom it is for stays as it was when the dialog opened.
  const [people] = useState(chosen);
  if (kind === "remove") return <Remove {...props} people={people} />;
  const seated = people.filter(isSeated);
  const left = people.length - seated.length;
  const Action = { message: Message, clip: Clip, link: NewLink, minutes: Minutes, move: Move }[kind];
  return <Action {...props} people={seated} skipped={left > 0 && <p>{t("skipped", { count: left })}</p>} />;
}

const subjectsOf = (people: readonly LivePerson[]): readonly Subject[] =>
  people.map(({ id, name, userId }) => ({ id, name: name || userId }));

/** The people of subjects, and the room of each. */
const useSubjects = <Person extends LivePerson>(people: readonly Person[]) => {
  const [byId] = useState(() => new Map(people.map((person) => [person.id, person])));
  return {
    subjects: subjectsOf(people),
    of: (batch: readonly Subject[]): readonly Person[] => batch.flatMap(({ id }) => byId.get(id) ?? []),
    roomOf: ({ id }: Subject) => byId.get(id)?.roomId ?? "",
  };
};

const titleOf = (people: readonly LivePerson[]) => ({
  count: people.length,
  name: people[0]?.name ?? "",
});

/** How many people one call is for at most. */
const MOST_OF_A_ROOM = 500;

function Message({ people, onClose, skipped }: ActionProps) {
  const t = useTranslations("candidates.message");
  const { message } = useSending();
  const [text, setText] = useState("");
  const { subjects, of, roomOf } = useSubjects(people);
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isReady={text.trim() !== ""}
      onClose={onClose}
      batchSize={MOST_OF_A_ROOM}
      groupOf={roomOf}
      run={async (batch) => {
        const [first] = of(batch);
        if (first)
          await message(
            first.roomId,
            text.trim(),
            of(batch).map(({ userId }) => userId),
            `${first.roomId}/${batch.length}`,
          );
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
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

function Clip({ people, examId, onClose, skipped }: ActionProps) {
  const t = useTranslations("candidates.clip");
  const { clip } = useSending();
  const [url, setUrl] = useState<string>();
  const { subjects, of, roomOf } = useSubjects(people);
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isReady={url !== undefined}
      onClose={onClose}
      batchSize={MOST_OF_A_ROOM}
      groupOf={roomOf}
      run={async (batch) => {
        const [first, ...others] = of(batch);
        if (!first || url === undefined) return undefined;
        const all = [first, ...others];
        const silent = new Set(
          await clip(
            first.roomId,
            url,
            all.map(({ userId }) => userId),
          ),
        );
        return new Map(
          all.filter(({ userId }) => silent.has(userId)).map(({ id }) => [id, new ToldError(t("silent"))]),
        );
      }}
    >
      <ClipChoice examId={examId} value={url} onChange={setUrl} />
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

interface NewLinks {
  readonly url: string;
  readonly pcUrl: string | undefined;
}

function NewLink({ people, roster, onClose, skipped }: ActionProps) {
  const t = useTranslations("candidates.link");
  const client = useInvigilClient();
  const { subjects, of, roomOf } = useSubjects(people);
  const links = useRef(new Map<string, NewLinks>());
  const run: RunBatch = async (batch) => {
    const found = of(batch);
    const [first] = found;
    if (!first) return undefined;
    const { roomId } = first;
    // Fails if the server makes no links, before the present ones end.
    await patiently(() => client.room.joinLinks.mutate({ roomId, limit: 1 }));
    await patiently(() =>
      client.room.revokeLinks.mutate({ roomId, userIds: found.map(({ userId }) => userId) }),
    );
    const made = await patiently(() => client.room.joinLinks.mutate({ roomId, role: "examinee" }));
    const byUser = new Map(made.map((link) => [link.userId, link]));
    const errors = new Map<string, unknown>();
    for (const { id, userId } of found) {
      const link = byUser.get(userId);
      if (link) links.current.set(id, { url: link.url, pcUrl: link.pcUrl });
      else errors.set(id, new ToldError(t("gone")));
    }
    return errors;
  };
  const csv = () =>
    [
      "id,name,room,link,pc link",
      ...people.flatMap(({ id, userId, name, roomId }) => {
        const link = links.current.get(id);
        return link
          ? [[userId, name, roster.roomName(roomId), link.url, link.pcUrl ?? ""].map(quoted).join(",")]
          : [];
      }),
    ].join("\r\n");
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isDangerous
      onClose={onClose}
      batchSize={MOST_OF_A_ROOM}
      concurrency={2}
      groupOf={roomOf}
      run={run}
      resultOf={({ id, name }) => {
        const link = links.current.get(id);
        return (
          link && (
            <span className={styles.result}>
              <code>{link.url}</code>
              <CopyButton label={t("copy")} name={name} text={() => link.url} />
            </span>
          )
        );
      }}
      after={<CopyButton label={t("copyAll")} text={csv} />}
    >
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

/** A value of CSV. A text that a sheet would take for a formula is kept a text. */
const quoted = (value: string): string => `"${value.replace(/^[=+\-@]/, "'$&").replaceAll('"', '""')}"`;

function CopyButton({ label, name, text }: { label: string; name?: string; text: () => string }) {
  const t = useTranslations("candidates.link");
  const [isCopied, setIsCopied] = useState(false);
  return (
    <Button
      variant="default"
      size="compact-sm"
      {...(name !== undefined && { "aria-label": `${label}: ${name}` })}
      onClick={() => {
        void navigator.clipboard.writeText(text()).then(() => setIsCopied(true));
      }}
    >
      {isCopied ? t("copied") : label}
    </Button>
  );
}

/** Says what was done when the dialog closes, with an undo. */
const useUndoAtEnd = (onClose: () => void) => {
  const notify = useNotify();
  const done = useRef<Seated[]>([]);
  return {
    note: (people: readonly Seated[]) => void done.current.push(...people),
    close: (message: (count: number) => string, undo: (people: readonly Seated[]) => Promise<unknown>) => {
      const people = done.current;
      if (people.length > 0) notify.undoable(message(people.length), () => undo(people));
      onClose();
    },
  };
};

const byRoom = (people: readonly Seated[]): ReadonlyMap<string, readonly Seated[]> => {
  const rooms = new Map<string, Seated[]>();
  for (const person of people) rooms.set(person.roomId, [...(rooms.get(person.roomId) ?? []), person]);
  return rooms;
};

const MAX_MINUTES = 600;

function Minutes({ people, examId, onClose, skipped }: ActionProps) {
  const t = useTranslations("candidates.minutes");
  const client = useInvigilClient();
  const { data: exam } = useExamDetails(examId);
  const { subjects, of, roomOf } = useSubjects(people);
  const [typed, setTyped] = useState(() => String(people[0]?.extraMinutes ?? 0));
  const { note, close } = useUndoAtEnd(onClose);
  const minutes = Number(typed);
  const isValid = typed.trim() !== "" && Number.isInteger(minutes) && minutes >= 0 && minutes <= MAX_MINUTES;
  const give = (room: readonly Seated[], minutesOf: (person: Seated) => number) =>
    patiently(() =>
      client.participant.add.mutate({
        roomId: room[0]?.roomId ?? "",
        participants: room.map((person) => ({
          userId: person.userId,
          name: person.name,
          role: person.role,
          extraMinutes: minutesOf(person),
        })),
      }),
    );
  const undo = async (changed: readonly Seated[]) => {
    for (const room of byRoom(changed).values()) await give(room, ({ extraMinutes }) => extraMinutes);
  };
  const endsAt = exam && new Date(exam.endTime.getTime() + minutes * 60_000);
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isReady={isValid}
      onClose={() => close((count) => t("done", { count, minutes }), undo)}
      batchSize={MOST_OF_A_ROOM}
      concurrency={2}
      groupOf={roomOf}
      run={async (batch) => {
        const room = of(batch);
        await give(room, () => minutes);
        note(room);
        return undefined;
      }}
    >
      <TextInput
        type="number"
        min={0}
        max={MAX_MINUTES}
        label={t("field")}
        value={typed}
        data-autofocus
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {isValid && exam && endsAt && (
        <p>
          {t.rich("endsAt", {
            time: () => <Time value={endsAt} seconds={false} />,
            until: () => <Time value={exam.endTime} seconds={false} />,
          })}
        </p>
      )}
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

function Move({ people, roster, onClose, skipped }: ActionProps) {
  const t = useTranslations("candidates.move");
  const client = useInvigilClient();
  const { subjects, of } = useSubjects(people);
  const [toRoomId, setToRoomId] = useState("");
  const { note, close } = useUndoAtEnd(onClose);
  const rooms = (roster.state?.rooms ?? []).filter(({ status }) => status === "in_progress");
  const move = (userId: string, from: string, to: string) =>
    patiently(() => client.participant.move.mutate({ roomId: from, userId, toRoomId: to }));
  const undo = async (moved: readonly Seated[]) => {
    for (const { userId, roomId } of moved) await move(userId, toRoomId, roomId);
  };
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isReady={toRoomId !== ""}
      onClose={() => close((count) => t("done", { count, room: roster.roomName(toRoomId) }), undo)}
      concurrency={2}
      run={async (batch) => {
        const [person] = of(batch);
        // Who is there already stays there.
        if (!person || person.roomId === toRoomId) return undefined;
        await move(person.userId, person.roomId, toRoomId);
        note([person]);
        return undefined;
      }}
    >
      <NativeSelect
        label={t("field")}
        value={toRoomId}
        data-autofocus
        onChange={({ currentTarget }) => setToRoomId(currentTarget.value)}
        data={[
          { value: "", label: t("choose") },
          ...rooms.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <p>{t("consequence")}</p>
      {skipped}
    </BulkAction>
  );
}

function Remove({
  people,
  examId,
  onClose,
}: Omit<ActionProps, "people" | "skipped"> & { people: readonly LivePerson[] }) {
  const t = useTranslations("candidates.remove");
  const client = useInvigilClient();
  const { subjects, of } = useSubjects(people);
  return (
    <BulkAction
      title={t("title", titleOf(people))}
      subjects={subjects}
      action={t("action")}
      isDangerous
      onClose={onClose}
      concurrency={2}
      run={async (batch) => {
        const [person] = of(batch);
        if (!person) return undefined;
        const { userId, roomId } = person;
        try {
          await patiently(() =>
            roomId === undefined
              ? client.participant.removeFromExam.mutate({ examId, userId })
              : client.participant.remove.mutate({ roomId, userId }),
          );
        } catch (error) {
          // Somebody else removed them in the meantime.
          if (!isInvigilError(error, "PARTICIPANT_NOT_FOUND")) throw error;
        }
        return undefined;
      }}
    >
      <p>{t("consequence")}</p>
    </BulkAction>
  );
}
