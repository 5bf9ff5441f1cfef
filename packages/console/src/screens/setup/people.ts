import type { LivePerson, Room } from "@invigil/client";
import { useLivePeople, usePeople, usePeopleEvent } from "@invigil/react";
import { useEffect, useMemo, useRef } from "react";

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

/** How long changes are gathered before the check list is asked again, in milliseconds. */
const GATHER_MS = 500;

/** The people of an exam as they are now, and why they cannot be seen. */
export interface SeenPeople {
  /** Undefined until all are known. */
  readonly people: PeopleByRoom | undefined;
  readonly error: unknown;
}

/** Follows the people of an exam, and calls back when they or its rooms have changed. */
export const usePeopleByRoom = (examId: string, onChange: () => void): SeenPeople => {
  const live = useLivePeople(examId);
  const { state, error } = usePeople(examId);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const changed = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(onChange, GATHER_MS);
  };
  usePeopleEvent(examId, "roster_changed", changed);
  usePeopleEvent(examId, "room_created", changed);
  usePeopleEvent(examId, "room_ended", changed);
  usePeopleEvent(examId, "room_reopened", changed);
  usePeopleEvent(examId, "participant_added", changed);
  usePeopleEvent(examId, "participant_removed", changed);
  usePeopleEvent(examId, "gap", changed);
  const people = useMemo(
    () =>
      live && state && state.loaded >= state.total
        ? byRoom(
            state.rooms,
            state.ids.flatMap((id) => live.person(id) ?? []),
          )
        : undefined,
    [live, state],
  );
  return { people, error };
};
