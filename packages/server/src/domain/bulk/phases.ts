import { and, eq } from "drizzle-orm";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import { exams, participants, personChanges, unseated } from "../../storage/tables.js";
import { type EventLog, type NewEvent, newEvent, wholeExam } from "../events.js";
import { arrivalEvents, deletePerson, endRoom } from "../people.js";
import { factsOf } from "../person-facts.js";
import type { TaskLog } from "../vendor-tasks.js";
import { eraseExam } from "./erase-exam.js";
import { eraseRecords, eraseStreamEventsAndVisits } from "./erase-person.js";
import {
  type AddedSeat,
  type ChangedRoom,
  deleteAddedSeat,
  deleteRoom,
  deleteUnseated,
  markChanged,
  readLastSeat,
  removedSeats,
  roomsOfExam,
  seatsAddedBetween,
  type Unseated,
  unmarkRoom,
  unmarkSeats,
  unmarkUnseated,
  unseatedOfExam,
} from "./marked-rows.js";
import type { BulkChange, Phase } from "./types.js";
import { type Apply, overRows } from "./windows.js";

export interface Phases {
  /** What finishes an announced change. */
  readonly finish: Readonly<Record<BulkChange["kind"], readonly Phase[]>>;
  /** What undoes a change that is not announced. */
  readonly undo: readonly Phase[];
}

/** The phase of a deletion that erases the exam. Before it, an exam may be soft-deleted. */
export const ERASES_EXAM = 1;

/** How many rows a person counts as, with everything that belongs to them. */
const PERSON_ROWS = 4;
/** How many rows an event or a task of a room's group counts as. */
const EVENT_ROWS = 2;

const changesOfPeople = statement(
  query
    .select({
      place: personChanges.place,
      seq: personChanges.seq,
      name: personChanges.name,
      extraMinutes: personChanges.extraMinutes,
    })
    .from(personChanges)
    .where(and(eq(personChanges.examId, param("examId")), eq(personChanges.changeId, param("id"))))
    .limit(param("limit")),
);
const deleteChange = statement(
  query
    .delete(personChanges)
    .where(
      and(
        eq(personChanges.examId, param("examId")),
        eq(personChanges.place, param("place")),
        eq(personChanges.seq, param("seq")),
      ),
    ),
);
const updateUnseated = statement((dialect) =>
  query
    .update(unseated)
    .set({
      name: rawParam<string>("name"),
      extraMinutes: rawParam<number>("extraMinutes"),
      updatedAt: rawParam<Date>("updatedAt"),
      changedBy: null,
    })
    .where(and(eq(unseated.seq, param("seq")), dialect.inExam(unseated.examId))),
);
const updateSeat = statement((dialect) =>
  query
    .update(participants)
    .set({
      name: rawParam<string>("name"),
      extraMinutes: rawParam<number>("extraMinutes"),
      updatedAt: rawParam<Date>("updatedAt"),
      changedBy: null,
    })
    .where(and(eq(participants.seq, param("seq")), dialect.inExam(participants.examId)))
    .returning({ roomId: participants.roomId, userId: participants.userId, role: participants.role }),
);
const deleteRemovedUnseated = statement(
  query
    .delete(unseated)
    .where(
      and(
        eq(unseated.examId, param("examId")),
        eq(unseated.userId, param("userId")),
        eq(unseated.removedBy, param("id")),
      ),
    ),
);
const unmarkExam = statement(
  query
    .update(exams)
    .set({ removedBy: null })
    .where(and(eq(exams.id, param("examId")), eq(exams.removedBy, param("id")))),
);

/** Makes a phase over the participants that a change added. They are among those that were added since the change began. */
const overAddedSeats =
  (weight: number, apply: Apply<AddedSeat>): Phase =>
  async (tx, change, { after, rows }) => {
    const from = after === "" ? change.seatedBefore : Number(after);
    const upTo = from + Math.max(1, Math.ceil(rows / weight));
    const { examId, id } = change;
    const seats = await tx.all(seatsAddedBetween, { examId, after: from, upTo, id });
    await apply(tx, change, seats);
    const isLast = upTo >= (await readLastSeat(tx, examId));
    return { used: 1 + seats.length * weight, next: isLast ? undefined : upTo };
  };
const overRooms = (weight: number, apply: Apply<ChangedRoom>): Phase =>
  overRows<ChangedRoom, string>("", {
    weight,
    read: (tx, { examId }, after, limit) => tx.all(roomsOfExam, { examId, after, limit }),
    key: ({ id }) => id,
    apply,
  });
const overUnseated = (apply: Apply<Unseated>): Phase =>
  overRows<Unseated, number>(0, {
    weight: 1,
    read: (tx, { examId }, after, limit) => tx.all(unseatedOfExam, { examId, after, limit }),
    key: ({ seq }) => seq,
    apply,
  });

const seqsOf = (rows: readonly { readonly seq: number }[]): number[] => rows.map(({ seq }) => seq);

const deleteSeatedFromUnseated = overUnseated(async (tx, { id, examId }, rows) => {
  const seqs = seqsOf(rows.filter(({ removedBy }) => removedBy === id));
  if (seqs.length > 0) await tx.run(deleteUnseated, { examId, seqs });
});

const undoSeats = overAddedSeats(PERSON_ROWS, async (tx, change, seats) => {
  for (const seat of seats) await deleteAddedSeat(tx, change, seat);
});
const undoUnseated = overUnseated(async (tx, { id, examId }, rows) => {
  const added = rows.filter(({ addedBy }) => addedBy === id);
  const removed = rows.filter(({ addedBy, removedBy }) => addedBy !== id && removedBy === id);
  if (added.length > 0) await tx.run(deleteUnseated, { examId, seqs: seqsOf(added) });
  if (removed.length > 0) await tx.run(unmarkUnseated, { examId, seqs: seqsOf(removed) });
});
const undoPersonChanges: Phase = async (tx, { id, examId }, { rows }) => {
  const found = await tx.all(changesOfPeople, { examId, id, limit: rows });
  for (const { place, seq } of found) await tx.run(deleteChange, { examId, place, seq });
  await markChanged(tx, { examId, id: null }, found);
  return { used: found.length, next: found.length === rows ? "again" : undefined };
};
const undoExamRemoval: Phase = async (tx, { id, examId }) => {
  await tx.run(unmarkExam, { examId, id });
  return { used: 1 };
};
const undoPersonRemoval: Phase = async (tx, { examId, person }, { rows }) => {
  if (!person) return { used: 0 };
  const seats = await tx.all(removedSeats, { examId, userId: person.userId, limit: rows });
  if (seats.length > 0) await tx.run(unmarkSeats, { examId, seqs: seqsOf(seats) });
  return { used: seats.length, next: seats.length === rows ? "again" : undefined };
};

export const createPhases = ({ tasks, events }: { tasks: TaskLog; events: EventLog }): Phases => {
  /** People without a room have no events of their own. */
  const announceRoster = ({ examId, createdAt }: BulkChange): NewEvent[] => [
    newEvent(wholeExam(examId), "roster_changed", {}, createdAt),
  ];
  /** Comes after all other events of the change: who reads the people again after this one misses nothing of it. */
  const finishRoster: Phase = async (tx, change, position) => {
    const [{ used, next }] = await Promise.all([
      deleteSeatedFromUnseated(tx, change, position),
      position.after === "" ? events.addAll(tx, announceRoster(change)) : undefined,
    ]);
    return { used: used + EVENT_ROWS, next };
  };
  const deleteRemovedFromUnseated: Phase = async (tx, change) => {
    const { id, examId, person } = change;
    const deletion = person ? tx.run(deleteRemovedUnseated, { examId, userId: person.userId, id }) : 0;
    // A person of whom only records are left is in no room and not in the roster: pages that show the records hear of the erasure here.
    if (person?.erases === "exam") await Promise.all([deletion, events.addAll(tx, announceRoster(change))]);
    else if ((await deletion) > 0) await events.addAll(tx, announceRoster(change));
    return { used: 1 + EVENT_ROWS };
  };
  const addArrivalEvents = overAddedSeats(EVENT_ROWS, async (tx, { id, examId, createdAt }, seats) => {
    // The first people of a new room are part of its snapshot.
    const arrivals = seats.filter(({ roomAddedBy }) => roomAddedBy !== id);
    await events.addAll(
      tx,
      arrivals.flatMap(({ roomId, userId, role, name, extraMinutes, main, pc, ...facts }) =>
        arrivalEvents(
          { examId, roomId },
          { userId, role, name, extraMinutes, publishStatus: { main, pc }, ...factsOf(facts) },
          createdAt,
        ),
      ),
    );
  });
  const addRoomEvents = overRooms(EVENT_ROWS, async (tx, { id, examId, createdAt }, rooms) => {
    const added = rooms.filter(({ addedBy }) => addedBy === id);
    await events.addAll(
      tx,
      added.map((room) => newEvent({ examId, roomId: room.id }, "room_created", {}, createdAt)),
    );
  });
  /** Gives people their new names and extra minutes. A change that is done is deleted, so each window begins at the start. */
  const applyPersonChanges: Phase = async (tx, { id, examId, createdAt }, { rows }) => {
    const limit = Math.max(1, Math.ceil(rows / PERSON_ROWS));
    const found = await tx.all(changesOfPeople, { examId, id, limit });
    for (const { place, seq, ...details } of found) {
      await tx.run(deleteChange, { examId, place, seq });
      const values = { examId, seq, ...details, updatedAt: createdAt };
      if (place === "unseated") {
        await tx.run(updateUnseated, values);
        continue;
      }
      const person = await tx.get(updateSeat, values);
      if (!person) continue;
      const { roomId, ...known } = person;
      await events.add(tx, { examId, roomId }, "participant_updated", { ...known, ...details }, createdAt);
    }
    return { used: found.length * PERSON_ROWS, next: found.length === limit ? "again" : undefined };
  };
  const endRooms = overRooms(1 + EVENT_ROWS, async (tx, { examId, createdAt: now }, rooms) => {
    for (const { id, status, imServer } of rooms) {
      // The groups of rooms that have ended are being deleted already.
      if (status !== "in_progress") continue;
      // If the exam is restored, its rooms have ended.
      await Promise.all([
        endRoom(tx, { examId, roomId: id }, now),
        tasks.deleteGroups(tx, { examId, id, imServer }, { dueAt: now, now }),
        events.add(tx, { examId, roomId: id }, "room_ended", {}, now),
      ]);
    }
  });
  const removeFromRooms: Phase = async (tx, { id, examId, person, createdAt: now }, { rows }) => {
    if (!person) return { used: 0 };
    const { userId } = person;
    const limit = Math.max(1, Math.ceil(rows / (2 * PERSON_ROWS)));
    const seats = await tx.all(removedSeats, { examId, userId, limit });
    for (const { roomId, role, imServer, removedBy } of seats) {
      if (removedBy !== id) continue;
      const [evict] = await Promise.all([
        tasks.prepareEviction(tx, { id: roomId, examId, imServer }, { userId, role }, now),
        deletePerson(tx, { examId, roomId, userId }, { streamsStay: false, now }),
      ]);
      await Promise.all([
        evict(),
        events.add(tx, { examId, roomId }, "participant_removed", { userId, role }, now),
      ]);
    }
    return { used: seats.length * 2 * PERSON_ROWS, next: seats.length === limit ? "again" : undefined };
  };
  const undoRooms = overRooms(EVENT_ROWS, async (tx, { id, examId, createdAt: now }, rooms) => {
    for (const room of rooms) {
      if (room.removedBy === id) await tx.run(unmarkRoom, { examId, roomId: room.id });
      if (room.addedBy !== id) continue;
      await deleteRoom(tx, { examId, roomId: room.id });
      // The preparation may have cancelled the tasks that would have deleted its groups.
      await tasks.deleteGroups(tx, { ...room, examId }, { dueAt: now, now });
    }
  });

  return {
    finish: {
      import: [addArrivalEvents, applyPersonChanges, finishRoster],
      plan: [addRoomEvents, addArrivalEvents, finishRoster],
      // Rows of the database refer to the order: see `ERASES_EXAM`.
      delete_exam: [endRooms, eraseExam],
      remove_person: [removeFromRooms, deleteRemovedFromUnseated, eraseRecords, eraseStreamEventsAndVisits],
    },
    undo: [undoSeats, undoRooms, undoUnseated, undoPersonChanges, undoExamRemoval, undoPersonRemoval],
  };
};
