import type { LivePeople, LivePerson, Room } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

export interface StaffedRoom {
  readonly room: Room;
  readonly examinees: number;
  readonly teachers: readonly LivePerson[];
  readonly inspectors: readonly LivePerson[];
}

/** The people of an exam, by their rooms. */
export interface PeopleByRoom {
  readonly rooms: readonly StaffedRoom[];
  readonly unseated: { readonly examinees: number; readonly staff: readonly LivePerson[] };
  readonly examinees: number;
}

export const byRoom = (rooms: readonly Room[], people: Iterable<LivePerson>): PeopleByRoom => {
  const of = new Map(
    rooms.map((room) => [
      room.id,
      { room, examinees: 0, teachers: [] as LivePerson[], inspectors: [] as LivePerson[] },
    ]),
  );
  const staff: LivePerson[] = [];
  let [unseated, examinees] = [0, 0];
  for (const person of people) {
    const { role, roomId } = person;
    if (role === "examinee") examinees += 1;
    const room = roomId === undefined ? undefined : of.get(roomId);
    if (!room) {
      if (role === "examinee") unseated += 1;
      else staff.push(person);
    } else if (role === "examinee") room.examinees += 1;
    else if (role === "teacher") room.teachers.push(person);
    else room.inspectors.push(person);
  }
  // In the order in which they were made: Room 1 first.
  const ordered = [...of.values()].sort(
    (one, other) =>
      one.room.createdAt.getTime() - other.room.createdAt.getTime() || (one.room.id < other.room.id ? -1 : 1),
  );
  return { rooms: ordered, unseated: { examinees: unseated, staff }, examinees };
};

const never = () => () => undefined;
/** What changes the check list. */
const CHANGES = [
  "roster_changed",
  "room_created",
  "room_ended",
  "room_reopened",
  "participant_added",
  "participant_updated",
  "participant_removed",
  "gap",
] as const;
/** How long changes are gathered before the check list is asked again, in milliseconds. */
const GATHER_MS = 500;

/** Follows the people of an exam. Undefined until all are known. */
export const usePeopleByRoom = (examId: string, onChange: () => void): PeopleByRoom | undefined => {
  const client = useInvigilClient();
  const [live, setLive] = useState<LivePeople>();
  useEffect(() => {
    const opened = client.live.people(examId);
    setLive(opened);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(onChange, GATHER_MS);
    };
    for (const type of CHANGES) opened.on(type, changed);
    return () => {
      clearTimeout(timer);
      opened.close();
    };
  }, [client, examId, onChange]);
  const snapshot = useSyncExternalStore(live?.subscribe ?? never, () => live?.getSnapshot());
  const state = snapshot?.state;
  return useMemo(() => {
    if (!live || !state || state.loaded < state.total) return undefined;
    return byRoom(
      state.rooms,
      state.ids.flatMap((id) => live.person(id) ?? []),
    );
  }, [live, state]);
};
