import type { ParticipantRole, RosterFaultCode } from "@invigil/schema";
import type { ExamRoom } from "./rooms.js";

/** A person in the file. A field is null when its cell is empty or invalid. */
export interface RosterPerson {
  readonly row: number;
  readonly userId: string;
  readonly role: ParticipantRole | null;
  readonly name: string | null;
  readonly extraMinutes: number | null;
  readonly roomId: string | null;
}

/** A place of a person in the exam: in a room, or unseated (`roomId: null`). */
export interface Place {
  readonly roomId: string | null;
  readonly role: ParticipantRole;
  readonly name: string;
  readonly extraMinutes: number;
}

export interface Details {
  readonly name: string;
  readonly extraMinutes: number;
}

export const differ = (was: Details, is: Details): boolean =>
  was.name !== is.name || was.extraMinutes !== is.extraMinutes;
const detailsOf = ({ name, extraMinutes }: Details): Details => ({ name, extraMinutes });

/** Why a row is refused. See `RosterFault`. */
export interface Refusal {
  readonly field: "role" | "room";
  readonly code: RosterFaultCode;
  readonly reason: string;
  readonly detail?: string;
}

/** The action of the import for a row. */
export type RowAction =
  | { kind: "refuse"; faults: Refusal[] }
  | { kind: "keep" }
  | { kind: "add"; role: ParticipantRole; is: Details; roomId: string | null }
  | { kind: "seat"; role: ParticipantRole; was: Details; is: Details; roomId: string }
  | { kind: "change"; was: Details; is: Details; places: readonly { roomId: string | null; is: Details }[] };

/** The rooms of the exam that the caller may see, by id. */
export type Rooms = ReadonlyMap<string, ExamRoom>;

const describeRoom = (place: Place, rooms: Rooms): string => {
  const room = place.roomId === null ? undefined : rooms.get(place.roomId);
  return room ? `the room '${room.name}' (${room.id})` : "another room";
};

function* faultsOf(
  { role, roomId }: RosterPerson,
  places: readonly Place[],
  rooms: Rooms,
): Generator<Refusal> {
  const other = places.find((place) => role !== null && place.role !== role);
  if (other)
    yield {
      field: "role",
      code: "other_role",
      reason: `is ${other.role} in the exam already, not ${role}`,
      detail: other.role,
    };
  if (roomId === null) return;
  const room = rooms.get(roomId);
  if (!room) yield { field: "room", code: "unknown_room", reason: `the room ${roomId} is no longer there` };
  if (room?.ended) yield { field: "room", code: "room_ended", reason: `the room '${room.name}' has ended` };
  // Teachers and inspectors may be in several rooms, an examinee only in one.
  if (role !== "examinee" || places.some((place) => place.roomId === roomId)) return;
  const seat = places.find((place) => place.roomId !== null && place.role === role);
  if (!seat) return;
  const name = seat.roomId === null ? undefined : rooms.get(seat.roomId)?.name;
  yield {
    field: "room",
    code: "other_room",
    reason: `is in ${describeRoom(seat, rooms)} of the exam already`,
    ...(name !== undefined && { detail: name }),
  };
}

/** Decides the action for a row, given the person's places in the exam. A row without a room applies to all places of the person. */
export const actionFor = (person: RosterPerson, places: readonly Place[], rooms: Rooms): RowAction => {
  const faults = [...faultsOf(person, places, rooms)];
  const { role, name, roomId } = person;
  if (faults.length > 0 || role === null || name === null) return { kind: "refuse", faults };

  const here = roomId === null ? places : places.filter((place) => place.roomId === roomId);
  const newDetails = (was: Details): Details => ({
    name,
    extraMinutes: person.extraMinutes ?? was.extraMinutes,
  });
  if (here.length === 0) {
    const unseated = places.find((place) => place.roomId === null);
    if (roomId === null || !unseated)
      return { kind: "add", role, is: newDetails({ name, extraMinutes: 0 }), roomId };
    return { kind: "seat", role, was: detailsOf(unseated), is: newDetails(unseated), roomId };
  }
  const [first, ...others] = here
    .map((place) => ({ roomId: place.roomId, was: detailsOf(place), is: newDetails(place) }))
    .filter(({ was, is }) => differ(was, is));
  if (!first) return { kind: "keep" };
  return { kind: "change", was: first.was, is: first.is, places: [first, ...others] };
};
