import type { InvigilClient, Room, RosterEntry } from "@invigil/client";
import { useInvigil, useInvigilClient, usePeople, usePeopleEvent } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

export interface StaffedRoom {
  readonly room: Room;
  readonly examinees: number;
  readonly teachers: readonly RosterEntry[];
  readonly inspectors: readonly RosterEntry[];
}

/** The people of an exam, by their rooms. */
export interface PeopleByRoom {
  /** Each person, once for each of their rooms. */
  readonly entries: readonly RosterEntry[];
  readonly rooms: readonly StaffedRoom[];
  readonly unseated: { readonly examinees: number; readonly staff: readonly RosterEntry[] };
  /** How many people there are, each counted once: staff watch several rooms. */
  readonly examinees: number;
  readonly staff: number;
}

export const byRoom = (rooms: readonly Room[], people: readonly RosterEntry[]): PeopleByRoom => {
  const of = new Map(
    rooms.map((room) => [
      room.id,
      { room, examinees: 0, teachers: [] as RosterEntry[], inspectors: [] as RosterEntry[] },
    ]),
  );
  const staff: RosterEntry[] = [];
  const ids = { examinees: new Set<string>(), staff: new Set<string>() };
  let unseated = 0;
  for (const person of people) {
    const { userId, role, roomId } = person;
    ids[role === "examinee" ? "examinees" : "staff"].add(userId);
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
  return {
    entries: people,
    rooms: ordered,
    unseated: { examinees: unseated, staff },
    examinees: ids.examinees.size,
    staff: ids.staff.size,
  };
};

/** How long changes are gathered before it is asked again, in milliseconds. */
const GATHER_MS = 500;

/** The people of an exam as they are now, and why they cannot be seen. */
interface SeenPeople {
  /** Undefined until all are known. */
  readonly people: PeopleByRoom | undefined;
  readonly error: unknown;
}

const readAll = async (client: InvigilClient, examId: string, signal: AbortSignal): Promise<PeopleByRoom> => {
  const people: RosterEntry[] = [];
  let rooms: readonly Room[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.exam.people.query({ examId, cursor }, { signal });
    people.push(...page.people);
    rooms = page.rooms ?? rooms;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return byRoom(rooms, people);
};

/** Follows the people of an exam, and calls back when they or its rooms have changed. */
export const usePeopleByRoom = (examId: string, onChange: () => void): SeenPeople => {
  const client = useInvigilClient();
  const invigil = useInvigil();
  // Read after the events have begun: a change before them would be missed.
  const isFollowed = usePeople(examId, ({ state, error }) => (state ?? error) !== undefined);
  // A query, which is also asked again after every change of one's own.
  const { data, error, refetch } = useQuery({
    enabled: isFollowed,
    queryKey: [...invigil.exam.people.pathKey(), { input: { examId } }, "by room"],
    queryFn: ({ signal }) => readAll(client, examId, signal),
  });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const changed = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      onChange();
      void refetch();
    }, GATHER_MS);
  };
  usePeopleEvent(examId, "roster_changed", changed);
  usePeopleEvent(examId, "room_created", changed);
  usePeopleEvent(examId, "room_changed", changed);
  usePeopleEvent(examId, "room_deleted", changed);
  usePeopleEvent(examId, "room_ended", changed);
  usePeopleEvent(examId, "room_reopened", changed);
  usePeopleEvent(examId, "participant_added", changed);
  usePeopleEvent(examId, "participant_removed", changed);
  usePeopleEvent(examId, "gap", changed);
  return { people: data, error };
};
