import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cases } from "../../../test/support/effort.js";
import {
  type Person,
  roomNamer,
  type Seating,
  type SeatingRequest,
  seatPeople as seatInSteps,
  type UnseatedPerson,
} from "./seating.js";

/** Runs the seating without pauses between its steps. */
const seatPeople = <R extends { readonly people: readonly Person[] }>(
  request: SeatingRequest<R>,
): Seating<R> => {
  const steps = seatInSteps(request);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
};

interface Room {
  readonly name: string;
  readonly people: readonly Person[];
}

const many = (role: Person["role"], count: number, prefix: string): Person[] =>
  Array.from({ length: count }, (_, n) => ({ userId: `${prefix}${n}`, name: `${prefix}${n}`, role }));
const unseated = (counts: {
  examinees?: number;
  teachers?: number;
  inspectors?: number;
}): UnseatedPerson[] => [
  ...many("examinee", counts.examinees ?? 0, "e"),
  ...many("teacher", counts.teachers ?? 0, "t"),
  ...many("inspector", counts.inspectors ?? 0, "i"),
];
const room = (n: number, counts: { examinees: number; teachers?: number; inspectors?: number }): Room => ({
  name: `old${n}`,
  people: [
    ...many("examinee", counts.examinees, `old${n}e`),
    ...many("inspector", counts.inspectors ?? 0, `old${n}i`),
    ...many("teacher", counts.teachers ?? 1, `old${n}t`),
  ],
});

const allSeats = ({ rooms, newRooms }: Seating<Room>) => [...rooms.map(({ seats }) => seats), ...newRooms];
const ids = (people: readonly Person[]) => people.map(({ userId }) => userId);
const sizeOf = ({ people }: Room) => people.filter(({ role }) => role === "examinee").length;
const countOf = ({ people }: Room, role: Person["role"]) =>
  people.filter((person) => person.role === role).length;

/** The rooms after the plan was carried out. */
const after = ({ rooms, newRooms }: Seating<Room>): Room[] => {
  const places = [
    ...rooms.map(({ room: { name, people }, seats }) => ({ name, people, seats })),
    ...newRooms.map((seats, n) => ({ name: `new${n}`, people: [], seats })),
  ];
  return places.map(({ name, people, seats: { teacher, spares, inspectors, examinees } }) => ({
    name,
    people: [...people, ...(teacher ? [teacher] : []), ...spares, ...inspectors, ...examinees],
  }));
};

const arbitraryRoom = fc.record({
  examinees: fc.nat(8),
  teachers: fc.nat(2),
  inspectors: fc.nat(2),
});
interface Exam {
  readonly request: SeatingRequest<Room>;
  /** The number of rooms to create. */
  readonly made: number;
  readonly spares: number;
  readonly inspectors: number;
}
/** An exam with at least as many teachers as its plan needs. */
const arbitraryExam: fc.Arbitrary<Exam> = fc
  .record({
    rooms: fc.array(arbitraryRoom, { maxLength: 6 }),
    roomSize: fc.integer({ min: 1, max: 7 }),
    examinees: fc.nat(60),
    spares: fc.nat(9),
    inspectors: fc.nat(9),
    seed: fc.option(fc.string(), { nil: undefined }),
  })
  .map(({ rooms: counts, roomSize, examinees, spares, inspectors, seed }) => {
    const rooms = counts.map((count, n) => room(n, count));
    const free = rooms.reduce((sum, one) => sum + Math.max(0, roomSize - sizeOf(one)), 0);
    const made = Math.ceil(Math.max(0, examinees - free) / roomSize);
    const without = rooms.filter((one) => countOf(one, "teacher") === 0).length;
    const people = unseated({ examinees, teachers: made + without + spares, inspectors });
    return { request: { rooms, roomSize, unseated: people, seed }, made, spares, inspectors };
  });

const holdsFor = (check: (exam: Exam & { seating: Seating<Room> }) => void) =>
  fc.assert(
    fc.property(arbitraryExam, (exam) => {
      check({ ...exam, seating: seatPeople(exam.request) });
    }),
    { numRuns: cases(300) },
  );

describe("a plan", () => {
  it("seats every examinee once, and loses nobody", () =>
    holdsFor(({ request, seating }) => {
      const seats = allSeats(seating);
      const examinees = ids(request.unseated.filter(({ role }) => role === "examinee"));
      expect(ids(seats.flatMap((one) => one.examinees)).toSorted()).toEqual(examinees.toSorted());
      if (seats.length === 0) return;
      const staff = seats.flatMap(({ teacher, spares, inspectors }) => [
        ...(teacher ? [teacher] : []),
        ...spares,
        ...inspectors,
      ]);
      const seated = new Set([...ids(staff), ...examinees]);
      expect(ids(request.unseated).filter((id) => !seated.has(id))).toEqual([]);
    }));

  it("puts nobody into a room twice", () =>
    holdsFor(({ seating }) => {
      for (const { people } of after(seating)) expect(new Set(ids(people)).size).toBe(people.length);
    }));

  it("makes no room larger than it may be, and no more rooms than are needed", () =>
    holdsFor(({ request: { rooms, roomSize }, made, seating }) => {
      expect(seating.newRooms).toHaveLength(made);
      const before = rooms.map(sizeOf);
      after(seating).forEach((one, n) => {
        expect(sizeOf(one)).toBeLessThanOrEqual(Math.max(roomSize, before[n] ?? 0));
      });
    }));

  it("spreads evenly: new rooms differ by one, and nobody sits where an emptier room has space", () =>
    holdsFor(({ request: { rooms, roomSize }, seating }) => {
      const fresh = seating.newRooms.map(({ examinees }) => examinees.length);
      if (fresh.length > 0) expect(Math.max(...fresh) - Math.min(...fresh)).toBeLessThanOrEqual(1);
      const sizes = after(seating).slice(0, rooms.length).map(sizeOf);
      if (fresh.length > 0) for (const size of sizes) expect(size).toBeGreaterThanOrEqual(roomSize);
      seating.rooms.forEach(({ seats }, n) => {
        if (seats.examinees.length > 0) expect((sizes[n] ?? 0) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      });
    }));

  it("gives every room a teacher, and none that is somebody else's", () =>
    holdsFor(({ seating }) => {
      for (const one of after(seating)) expect(countOf(one, "teacher")).toBeGreaterThan(0);
      const teachers = allSeats(seating).flatMap(({ teacher }) => (teacher ? [teacher.userId] : []));
      expect(new Set(teachers).size).toBe(teachers.length);
    }));

  it("gives every room a spare and an inspector where there are any", () =>
    holdsFor(({ seating, spares, inspectors }) => {
      for (const one of after(seating)) {
        if (spares > 0) expect(countOf(one, "teacher")).toBeGreaterThan(1);
        if (inspectors > 0) expect(countOf(one, "inspector")).toBeGreaterThan(0);
      }
    }));

  it("is the same each time", () =>
    holdsFor(({ request, seating }) => expect(seatPeople(request)).toEqual(seating)));

  it("adds nothing when it has been carried out", () =>
    holdsFor(({ request, seating }) => {
      const again = seatPeople({ ...request, rooms: after(seating), unseated: [] });
      expect(again.newRooms).toEqual([]);
      for (const { seats } of again.rooms)
        expect(seats).toEqual({ teacher: undefined, spares: [], inspectors: [], examinees: [] });
    }));
});

describe("examinees", () => {
  const seatsOf = (request: SeatingRequest<Room>) =>
    allSeats(seatPeople(request)).map(({ examinees }) => ids(examinees).join(" "));

  it("sit in their order, in blocks", () => {
    const people = unseated({ examinees: 8, teachers: 3 });
    expect(seatsOf({ rooms: [], unseated: people, roomSize: 3 })).toEqual(["e0 e1 e2", "e3 e4 e5", "e6 e7"]);
  });

  it("fill the emptiest rooms first, and leave alone the one that is too full", () => {
    const rooms = [3, 0, 1, 9].map((examinees, n) => room(n, { examinees }));
    expect(seatsOf({ rooms, unseated: unseated({ examinees: 4 }), roomSize: 4 })).toEqual([
      "",
      "e0 e1 e2",
      "e3",
      "",
    ]);
    const more = unseated({ examinees: 10, teachers: 1 });
    expect(seatsOf({ rooms, unseated: more, roomSize: 4 })).toEqual([
      "e0",
      "e1 e2 e3 e4",
      "e5 e6 e7",
      "",
      "e8 e9",
    ]);
  });

  // Computed by another implementation of the algorithm in the docstring of `numbersOf`.
  it.each([
    ["2026", "e8 e10 e9 e0 e4 e5 e1 e2 e3 e6 e11 e7"],
    ["期末", "e11 e6 e7 e5 e4 e0 e8 e9 e2 e10 e3 e1"],
  ])("are shuffled by the seed %s into an order that anybody can work out", (seed, order) => {
    const people = unseated({ examinees: 12, teachers: 1 });
    expect(seatsOf({ rooms: [], unseated: people, roomSize: 12, seed })).toEqual([order]);
  });
});

describe("teachers", () => {
  const plan = (request: Omit<SeatingRequest<Room>, "roomSize">) => seatPeople({ ...request, roomSize: 1 });
  const spares = (seating: Seating<Room>) => allSeats(seating).map((seats) => ids(seats.spares).join(" "));

  it("lead rooms in their order; those that are left are spares of blocks of rooms", () => {
    const seating = plan({ rooms: [], unseated: unseated({ examinees: 5, teachers: 7 }) });
    expect(seating.newRooms.map(({ teacher }) => teacher?.userId)).toEqual(["t0", "t1", "t2", "t3", "t4"]);
    expect(spares(seating)).toEqual(["t5", "t5", "t5", "t6", "t6"]);
  });

  it("are several spares of a room where they are more than the rooms", () => {
    const seating = plan({ rooms: [], unseated: unseated({ examinees: 2, teachers: 7 }) });
    expect(spares(seating)).toEqual(["t2 t3 t4", "t5 t6"]);
  });

  it("lead a room that has none before the new ones", () => {
    const rooms = [room(0, { examinees: 1 }), room(1, { examinees: 1, teachers: 0 })];
    const { rooms: old, newRooms } = plan({ rooms, unseated: unseated({ examinees: 1, teachers: 2 }) });
    expect(old.map(({ seats }) => seats.teacher?.userId)).toEqual([undefined, "t0"]);
    expect(newRooms.map(({ teacher }) => teacher?.userId)).toEqual(["t1"]);
  });

  it("are spares first where there is none", () => {
    const rooms = [2, 1, 2, 1].map((teachers, n) => room(n, { examinees: 1, teachers }));
    expect(spares(plan({ rooms, unseated: unseated({ teachers: 1 }) }))).toEqual(["", "t0", "", "t0"]);
    const full = rooms.map(({ name, people }, n) => ({
      name,
      people: [...people, ...many("teacher", 1, `x${n}`)],
    }));
    expect(spares(plan({ rooms: full, unseated: unseated({ teachers: 1 }) }))).toEqual([
      "t0",
      "t0",
      "t0",
      "t0",
    ]);
  });

  it("that are spares already take on new rooms, the least busy first, when no other is there", () => {
    const [busy, idle] = many("teacher", 2, "s");
    if (!busy || !idle) throw new Error("there are two");
    const rooms = [busy, busy, idle].map((spare, n) => {
      const { name, people } = room(n, { examinees: 1 });
      return { name, people: [...people, spare] };
    });
    const seating = plan({ rooms, unseated: unseated({ examinees: 1, teachers: 1 }) });
    expect(spares(seating)).toEqual(["", "", "", "s1"]);
    const more = plan({ rooms, unseated: unseated({ examinees: 3, teachers: 3 }) });
    expect(spares(more)).toEqual(["", "", "", "s1", "s1", "s0"]);
  });

  it.each([
    [3, 0, 2],
    [3, 1, 3],
    [0, 1, 0],
  ])(
    "are counted if they are too few for %i new rooms and %i without one, whose last ones have none (%i)",
    (examinees, without, teachers) => {
      const rooms = Array.from({ length: without }, (_, n) => room(n, { examinees: 1, teachers: 0 }));
      const seating = plan({ rooms, unseated: unseated({ examinees, teachers }) });
      expect(seating.teachers).toMatchObject({ needed: examinees + without, available: teachers });
      const led = allSeats(seating).map(({ teacher }) => teacher?.userId);
      expect(led).toEqual(
        Array.from({ length: examinees + without }, (_, n) => (n < teachers ? `t${n}` : undefined)),
      );
    },
  );

  // The sizes of rooms, those without a teacher, the teachers, and the smallest size for which they are enough.
  it.each([
    [[], 0, 7, 2, 4],
    [[], 0, 1, 0, undefined],
    [[2, 3], 0, 7, 1, 4],
    [[2, 3], 0, 7, 0, 6],
    [[1], 1, 2, 0, undefined],
    [[1, 1, 1], 1, 2, 0, undefined],
    [[1], 1, 2, 1, 3],
    [[], 0, 600, 1, undefined],
  ])(
    "are enough in larger rooms: %j, %i without, %i examinees, %i teachers",
    (sizes, without, examinees, teachers, size) => {
      const rooms = sizes.map((held, n) => room(n, { examinees: held, teachers: n < without ? 0 : 1 }));
      const people = unseated({ examinees, teachers });
      const { needed, available, sufficientRoomSize } = plan({ rooms, unseated: people }).teachers;
      expect([available < needed, sufficientRoomSize]).toEqual([true, size]);
      if (size === undefined) return;
      const lacking = (roomSize: number) => {
        const { teachers: counted } = seatPeople({ rooms, unseated: people, roomSize });
        return counted.needed - counted.available;
      };
      expect([lacking(size - 1) > 0, lacking(size) <= 0]).toEqual([true, true]);
    },
  );
});

it("inspectors are dealt in blocks over the rooms that have none", () => {
  const rooms = [1, 0, 0].map((inspectors, n) => room(n, { examinees: 1, inspectors }));
  const seating = seatPeople({
    rooms,
    unseated: unseated({ examinees: 2, teachers: 2, inspectors: 2 }),
    roomSize: 1,
  });
  expect(allSeats(seating).map(({ inspectors }) => ids(inspectors).join(" "))).toEqual([
    "",
    "i0",
    "i0",
    "i1",
    "i1",
  ]);
});

it("without rooms and examinees nobody is put anywhere", () => {
  expect(seatPeople({ rooms: [], unseated: unseated({ teachers: 3, inspectors: 2 }), roomSize: 9 })).toEqual({
    rooms: [],
    newRooms: [],
    teachers: { needed: 0, available: 3 },
  });
});

describe("names of rooms", () => {
  const names = (pattern: string, taken: readonly string[], count: number) => {
    const next = roomNamer(pattern, taken, count);
    return Array.from({ length: count }, next);
  };

  it.each([
    ["Room {n}", [], 3, ["Room 1", "Room 2", "Room 3"]],
    ["第{n}考场", Array.from({ length: 8 }, (_, n) => `R${n}`), 3, ["第09考场", "第10考场", "第11考场"]],
    ["Room {n}", ["Room 2", "Hall"], 3, ["Room 3", "Room 4", "Room 5"]],
    ["Room {n}", ["Room 2"], 2, ["Room 3", "Room 4"]],
    ["{n}-{n} $&", [], 1, ["1-1 $&"]],
  ])("%s beside %j, %i times", (pattern, taken, count, expected) => {
    expect(names(pattern, taken, count)).toEqual(expected);
  });
});
