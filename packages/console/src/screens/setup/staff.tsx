import type { Room, RosterEntry } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { SeatMenu } from "../../actions/seat-menu.js";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote, NotDone } from "../../components/error-note.js";
import { IconButton } from "../../components/icon-button.js";
import { CrossIcon } from "../../components/icons.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";
import { usePersonName, useSetup } from "./context.js";
import { useFormDraft } from "./drafts.js";
import { rosterOf } from "./one-roster.js";
import { Scroll, Section, ToStep } from "./parts.js";
import type { StaffedRoom } from "./people.js";
import { HandOn } from "./room-actions.js";
import styles from "./setup.module.css";

/** Who watches which room. */
export function Staff() {
  const t = useTranslations("setup.staff");
  const { examId, people, peopleError, isReadOnly } = useSetup();
  const nameOf = usePersonName();
  if (!people) return peopleError ? <ErrorNote error={peopleError} /> : <Skeleton rows={4} />;
  const { rooms, unseated } = people;
  return (
    <>
      <p className={styles.hint}>{t("intro")}</p>
      {rooms.length === 0 ? <p className={styles.hint}>{t("empty")}</p> : <StaffTable rooms={rooms} />}
      {!isReadOnly && (
        <>
          <Section title={t("waiting")}>
            {unseated.staff.length === 0 ? (
              <p className={styles.hint}>{t("waitingNone")}</p>
            ) : (
              <ul className={styles.chips}>
                {unseated.staff.map((person) => (
                  <li key={person.userId}>
                    {nameOf(person.userId)}
                    <SeatMenu examId={examId} person={person} label={nameOf(person.userId)} />
                  </li>
                ))}
              </ul>
            )}
            {unseated.staff.length > 0 && rooms.length > 0 && (
              <>
                <p className={styles.hint}>{t("waitingPlan")}</p>
                <ToStep step="rooms">{t("toRooms")}</ToStep>
              </>
            )}
          </Section>
          <AddStaff />
        </>
      )}
    </>
  );
}

function StaffTable({ rooms }: { rooms: readonly StaffedRoom[] }) {
  const t = useTranslations("setup.staff");
  const nameOf = usePersonName();
  return (
    <Scroll label={t("room")}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("room")}</th>
            <th scope="col" data-align="end">
              {t("candidates")}
            </th>
            <th scope="col">{t("teachers")}</th>
            <th scope="col">{t("inspectors")}</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map((staffed) => {
            const { room, examinees, teachers, inspectors } = staffed;
            return (
              <tr key={room.id}>
                <th scope="row">{room.name}</th>
                <td data-align="end">{examinees}</td>
                <td>
                  {teachers.length === 0 && (
                    <span className={styles.missing}>
                      {t("noTeacher", { name: nameOf(room.createTeacher) })}
                    </span>
                  )}
                  <People people={teachers} room={room} />
                  <HandOn of={staffed} />
                </td>
                <td>
                  {inspectors.length === 0 && <span className={styles.hint}>{t("none")}</span>}
                  <People people={inspectors} room={room} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function People({ people, room }: { people: readonly RosterEntry[]; room: Room }) {
  const t = useTranslations("setup.staff");
  const { isReadOnly, refresh } = useSetup();
  const nameOf = usePersonName();
  const client = useInvigilClient();
  const notify = useNotify();
  const remove = useAction(async ({ userId, name, role }: RosterEntry) => {
    await client.participant.remove.mutate({ roomId: room.id, userId });
    await refresh();
    notify.undoable(t("removed", { name: nameOf(userId), room: room.name }), async () => {
      await client.participant.add.mutate({ roomId: room.id, participants: [{ userId, name, role }] });
      await refresh();
    });
  });
  return (
    <>
      {people.length > 0 && (
        <ul className={styles.chips}>
          {people.map((person) => (
            <li key={person.userId}>
              {nameOf(person.userId)}
              {/* Another takes the room over first. */}
              {!isReadOnly && person.userId !== room.createTeacher && (
                <IconButton
                  label={t("remove", { name: nameOf(person.userId), room: room.name })}
                  onClick={() => remove.run(person)}
                >
                  <CrossIcon size={12} />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
      <NotDone error={remove.error} />
    </>
  );
}

const NO_PERSON = { userId: "", name: "", role: "teacher", roomId: "" };

function AddStaff() {
  const t = useTranslations("setup.staff.add");
  const roles = useTranslations("common.roles");
  const { examId, people, refresh } = useSetup();
  const client = useInvigilClient();
  const notify = useNotify();
  const draft = useFormDraft("staff.add", NO_PERSON);
  const { values, change } = draft;
  const [isChecked, setIsChecked] = useState(false);
  const open = people?.rooms.filter(({ room }) => room.status === "in_progress") ?? [];
  const chosen = open.find(({ room }) => room.id === values.roomId);
  const roomId = chosen?.room.id;
  const name = values.name.trim();
  const userId = values.userId.trim();
  const role = values.role === "inspector" ? "inspector" : "teacher";
  const errors = {
    userId: /^[A-Za-z0-9_.-]{1,61}$/.test(userId) && !/^pc_|_pc$/.test(userId) ? undefined : t("idWrong"),
    name: name.length >= 1 && name.length <= 64 ? undefined : t("nameWrong"),
  };
  const add = useAction(async () => {
    const getsRoom = chosen && role === "teacher" && chosen.teachers.length === 0;
    if (chosen && !getsRoom)
      await client.participant.add.mutate({ roomId: chosen.room.id, participants: [{ userId, name, role }] });
    else await client.participant.import.mutate({ examId, file: rosterOf([{ userId, name, role }]) });
    if (getsRoom) await client.room.setTeacher.mutate({ examId, roomId: chosen.room.id, userId });
    await refresh();
    draft.saved(values);
    setIsChecked(false);
    notify.done(t("done", { name }));
  });
  return (
    <Section title={t("title")}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setIsChecked(true);
          if (!errors.userId && !errors.name) add.run();
        }}
      >
        <div className={styles.row}>
          <TextInput
            label={t("userId")}
            value={values.userId}
            autoComplete="off"
            error={isChecked && errors.userId}
            onChange={({ currentTarget: { value } }) => change({ userId: value })}
          />
          <TextInput
            label={t("name")}
            value={values.name}
            autoComplete="off"
            error={isChecked && errors.name}
            onChange={({ currentTarget: { value } }) => change({ name: value })}
          />
          <NativeSelect
            label={t("role")}
            value={role}
            data={[
              { value: "teacher", label: roles("teacher") },
              { value: "inspector", label: roles("inspector") },
            ]}
            onChange={({ currentTarget: { value } }) => change({ role: value })}
          />
          <NativeSelect
            label={t("room")}
            value={roomId ?? ""}
            data={[
              { value: "", label: t("noRoom") },
              ...open.map(({ room }) => ({ value: room.id, label: room.name })),
            ]}
            onChange={({ currentTarget: { value } }) => change({ roomId: value })}
          />
        </div>
        <p className={styles.hint}>{t("hint")}</p>
        <NotDone error={add.error} title={t("notAdded", { name })} />
        <div className={styles.buttons} data-start>
          <Button type="submit" loading={add.isRunning}>
            {t("submit")}
          </Button>
          <ToStep step="roster">{t("toRoster")}</ToStep>
        </div>
      </form>
    </Section>
  );
}
