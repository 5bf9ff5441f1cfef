import { createHash } from "node:crypto";
import { MAX_ROOM_EXAMINEES, type ParticipantRole } from "@invigil/schema";
import { InvigilError } from "../../platform/errors.js";

// Decides who goes into which room. These functions are pure: the same people and rooms give the same plan. The
// generators yield the number of people or places processed since the last `yield`, so that the caller can give
// other calls a turn during a large plan.

export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
}
/** A person who is in no room of the exam yet. */
export interface UnseatedPerson extends Person {
  readonly extraMinutes?: number | undefined;
}
/** An existing room, with its people in the order in which they were added. */
export interface PeopledRoom {
  readonly people: readonly Person[];
}

/** The people that a plan adds to a room. */
export interface Seats {
  /** Undefined when the room already has its teacher, or there are too few. */
  readonly teacher: UnseatedPerson | undefined;
  readonly spares: readonly Person[];
  readonly inspectors: readonly Person[];
  readonly examinees: readonly UnseatedPerson[];
}
export interface Seating<Room> {
  /** The existing rooms, in their order. */
  readonly rooms: readonly { readonly room: Room; readonly seats: Seats }[];
  readonly newRooms: readonly Seats[];
  readonly teachers: TeacherCount;
}

/** How many teachers the rooms need, and how many have no room yet. */
export interface TeacherCount {
  readonly needed: number;
  readonly available: number;
  /** The smallest room size for which the teachers are enough. Undefined if they are, or if there is none. */
  readonly sufficientRoomSize?: number;
}

export interface SeatingRequest<Room> {
  readonly rooms: readonly Room[];
  readonly unseated: readonly UnseatedPerson[];
  /** The maximum number of examinees in a room. */
  readonly roomSize: number;
  readonly seed?: string | undefined;
}

/**
 * Generates random whole numbers below 2^32: the SHA-256 of `<seed>:0`, `<seed>:1` and so on, eight big-endian
 * words of each.
 */
function* numbersOf(seed: string): Generator<number, never> {
  for (let block = 0; ; block++) {
    const digest = createHash("sha256").update(`${seed}:${block}`).digest();
    for (let at = 0; at < digest.length; at += 4) yield digest.readUInt32BE(at);
  }
}

/** Shuffles people with the numbers of a seed: Fisher-Yates, from the end. */
function* shuffled<T extends object>(people: readonly T[], seed: string): Generator<number, T[], void> {
  const order = [...people];
  const numbers = numbersOf(seed);
  for (let end = order.length - 1; end > 0; end--) {
    const at = Math.floor((numbers.next().value / 2 ** 32) * (end + 1));
    const [last, chosen] = [order[end], order[at]];
    if (last && chosen) [order[end], order[at]] = [chosen, last];
    // A random number costs more than any other step.
    if (end % 100 === 0) yield 1000;
  }
  return order;
}

/**
 * Distributes people over rooms, each person to the emptiest room that is not full. Returns how many people
 * each room gets.
 */
function* distributeEvenly(
  sizes: readonly number[],
  people: number,
  roomSize: number,
): Generator<number, number[], void> {
  const given = sizes.map(() => 0);
  let left = people;
  for (let level = 0; level < roomSize && left > 0; level++) {
    sizes.forEach((size, room) => {
      if (size > level || left === 0) return;
      given[room] = (given[room] ?? 0) + 1;
      left -= 1;
    });
    yield sizes.length;
  }
  return given;
}

/** Splits a list into pieces of these lengths. */
const splitByLengths = <T>(list: readonly T[], lengths: readonly number[]): T[][] => {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return list.slice(end - length, end);
  });
};
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * Distributes people over places in blocks of neighbouring places: no place without a person, and no place with
 * two people while others have one.
 */
const assignInBlocks = (people: readonly Person[], places: readonly number[]): Map<number, Person[]> => {
  const dealt = new Map<number, Person[]>(places.map((place) => [place, []]));
  const steps = people.length && places.length && Math.max(people.length, places.length);
  for (let step = 0; step < steps; step++) {
    const person = people[Math.floor((step * people.length) / steps)];
    const place = places[Math.floor((step * places.length) / steps)];
    if (person && place !== undefined) dealt.get(place)?.push(person);
  }
  return dealt;
};

const ofRole = <P extends Person>(people: readonly P[], role: ParticipantRole): P[] =>
  people.filter((person) => person.role === role);

/** Returns each person once, starting with those who are in the fewest rooms. */
const leastBusy = (people: readonly Person[]): Person[] => {
  const rooms = new Map<string, { person: Person; count: number }>();
  for (const person of people)
    rooms.set(person.userId, { person, count: (rooms.get(person.userId)?.count ?? 0) + 1 });
  return [...rooms.values()].toSorted((a, b) => a.count - b.count).map(({ person }) => person);
};

/** Returns the examinees to add to each existing room, and to as few new rooms as necessary. */
function* seatExaminees(
  sizes: readonly number[],
  examinees: readonly UnseatedPerson[],
  roomSize: number,
): Generator<number, UnseatedPerson[][], void> {
  const given = yield* distributeEvenly(sizes, examinees.length, roomSize);
  const left = examinees.length - sum(given);
  const empty = Array.from({ length: Math.ceil(left / roomSize) }, () => 0);
  return splitByLengths(examinees, [...given, ...(yield* distributeEvenly(empty, left, roomSize))]);
}

/** The people of one role in each room: first the existing rooms, then the new ones. */
type Staff = readonly (readonly Person[])[];

/**
 * Distributes unseated people over the rooms without a person of their role or, if there is no such room, over all
 * rooms. Without unseated people, assigns the existing staff to the new rooms as well.
 */
const assignStaff = (staff: Staff, oldRooms: number, unseated: readonly Person[]): Map<number, Person[]> => {
  const places = [...staff.keys()];
  const newPlaces = places.slice(oldRooms);
  if (unseated.length === 0)
    return assignInBlocks(leastBusy(staff.flat()).slice(0, newPlaces.length), newPlaces);
  const lacking = places.filter((place) => staff[place]?.length === 0);
  return assignInBlocks(unseated, lacking.length > 0 ? lacking : places);
};

export const tooFewTeachers = ({ needed, available }: TeacherCount): InvigilError =>
  new InvigilError(
    "EXAM_CONFLICT",
    `Rooms without a teacher: ${needed}, with those that the plan makes; teachers without a room: ${available}. ` +
      `Name ${needed - available} more, make the rooms larger, or plan without teachers.`,
  );

/** Returns the smallest room size, up to the largest possible one, with which so few new rooms are needed. */
const sizeForNewRooms = (
  sizes: readonly number[],
  { examinees, newRooms, above }: { examinees: number; newRooms: number; above: number },
): number | undefined => {
  for (let size = above + 1; size <= MAX_ROOM_EXAMINEES; size++) {
    const left = examinees - sum(sizes.map((held) => Math.max(0, size - held)));
    if (Math.max(0, left) <= newRooms * size) return size;
  }
  return undefined;
};

/**
 * Seats unseated people in the existing rooms and in as few new rooms as necessary.
 *
 * - Examinees fill the emptiest rooms first, up to `roomSize`. The sizes of new rooms differ by one at most.
 *   Examinees are seated in their given order, or in a random order that depends on `seed`.
 * - Every room without a teacher gets one, and so does every new room.
 * - Further teachers are spares. Spares and inspectors are assigned to blocks of neighbouring rooms: see
 *   `dealStaff`.
 * - If there are fewer teachers than rooms that need one, the last rooms have none.
 */
export function* seatPeople<Room extends PeopledRoom>({
  rooms,
  unseated,
  roomSize,
  seed,
}: SeatingRequest<Room>): Generator<number, Seating<Room>, void> {
  const there = (role: ParticipantRole) => rooms.map(({ people }) => ofRole(people, role));
  const examinees = ofRole(unseated, "examinee");
  yield unseated.length;
  const sizes: number[] = [];
  for (const { people } of rooms) {
    sizes.push(ofRole(people, "examinee").length);
    yield people.length;
  }
  const order = seed === undefined ? examinees : yield* shuffled(examinees, seed);
  const seats = yield* seatExaminees(sizes, order, roomSize);
  const newRooms = seats.slice(rooms.length);

  const teachers = ofRole(unseated, "teacher");
  const led = there("teacher");
  yield rooms.length;
  const leaders = splitByLengths(teachers, [
    ...led.map((leading) => (leading.length === 0 ? 1 : 0)),
    newRooms.length,
  ]);
  const needed = led.filter(({ length }) => length === 0).length + newRooms.length;
  const available = teachers.length;
  const sufficientRoomSize =
    available < needed
      ? sizeForNewRooms(sizes, {
          examinees: examinees.length,
          newRooms: available - (needed - newRooms.length),
          above: roomSize,
        })
      : undefined;

  const none = newRooms.map(() => []);
  const first = new Set(led.map(([teacher]) => teacher?.userId));
  const standby = led.map((people) => people.filter(({ userId }) => !first.has(userId)));
  const spares = assignStaff([...standby, ...none], rooms.length, teachers.slice(needed));
  const inspectors = assignStaff(
    [...there("inspector"), ...none],
    rooms.length,
    ofRole(unseated, "inspector"),
  );
  const others = (place: number) => ({
    spares: spares.get(place) ?? [],
    inspectors: inspectors.get(place) ?? [],
    examinees: seats[place] ?? [],
  });
  return {
    rooms: rooms.map((room, place) => ({ room, seats: { teacher: leaders[place]?.[0], ...others(place) } })),
    newRooms: newRooms.map((_, n) => ({ teacher: leaders.at(-1)?.[n], ...others(rooms.length + n) })),
    teachers: { needed, available, ...(sufficientRoomSize !== undefined && { sufficientRoomSize }) },
  };
}

/**
 * Returns a function that names new rooms. `{n}` in the pattern stands for the number of the room in the exam,
 * padded to the width of the exam's number of rooms. Skips numbers whose name is taken.
 */
export const roomNamer = (pattern: string, taken: readonly string[], newRooms: number): (() => string) => {
  const width = String(taken.length + newRooms).length;
  const used = new Set(taken);
  let number = taken.length;
  return () => {
    let name: string;
    do {
      number += 1;
      name = pattern.replaceAll("{n}", String(number).padStart(width, "0"));
    } while (used.has(name));
    return name;
  };
};
