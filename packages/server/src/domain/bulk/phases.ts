import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../../storage/sqlite/client.js";
import { exams, participants, personChanges, unseated } from "../../storage/tables.js";
import { type EventWriter, tellOfArrival } from "../events.js";
import { deletePerson } from "../inserts.js";
import type { TaskWriter } from "../vendor-tasks.js";
import { examEraser, recordEraser, streamEventEraser } from "./erase.js";
import { rowsOfChanges } from "./people.js";
import type { BulkChange, Phase } from "./types.js";
import { overRows } from "./windows.js";

export interface Phases {
  /** What is left to be done once a change is announced. */
  readonly finish: Readonly<Record<BulkChange["kind"], readonly Phase[]>>;
  /** What takes a change back that is not announced. */
  readonly undo: readonly Phase[];
}

/** An event, a person and what belongs to them, and a group's task are about so many rows. */
const PERSON_ROWS = 4;
const EVENT_ROWS = 2;

export const createPhases = ({
  queries,
  tasks,
  events,
}: {
  queries: Queries;
  tasks: TaskWriter;
  events: EventWriter;
}): Phases => {
  const marked = rowsOfChanges(queries);
  type Seat = ReturnType<typeof marked.seatedIn.all>[number];
  type Room = ReturnType<typeof marked.rooms.all>[number];

  /** Over the participants that a change added. */
  const overSeats =
    (weight: number, each: (change: BulkChange, seat: Seat) => void): Phase =>
    (change, { after, rows }) => {
      const from = after === "" ? change.seatedBefore : Number(after);
      const upTo = from + Math.max(1, Math.ceil(rows / weight));
      const seats = marked.seatedIn.all({ after: from, upTo, id: change.id });
      for (const seat of seats) each(change, seat);
      return { used: 1 + seats.length * weight, next: upTo < marked.lastSeat() ? upTo : undefined };
    };
  const overRooms = (weight: number, each: (change: BulkChange, room: Room) => void): Phase =>
    overRows<Room, string>("", {
      weight,
      read: ({ examId }, after, limit) => marked.rooms.all({ examId, after, limit }),
      key: ({ id }) => id,
      each,
    });
  const overWaiting = (
    each: (
      change: BulkChange,
      row: { seq: number; addedBy: number | null; removedBy: number | null },
    ) => void,
  ): Phase =>
    overRows("", {
      weight: 1,
      read: ({ examId }, after: string | number, limit) =>
        marked.waiting.all({ examId, after: Number(after), limit }),
      key: ({ seq }) => seq,
      each,
    });

  const arrivals = overSeats(EVENT_ROWS, ({ id, createdAt }, { roomAddedBy, roomId, main, pc, ...seat }) => {
    // The first people of a new room are in its snapshot.
    if (roomAddedBy === id) return;
    const { userId, role, name, extraMinutes } = seat;
    const arrived = { userId, role, name, extraMinutes, publishStatus: { main, pc } };
    tellOfArrival(events, roomId, arrived, createdAt);
  });
  const newRooms = overRooms(EVENT_ROWS, ({ id, createdAt }, room) => {
    if (room.addedBy === id) events.add(room.id, "room_created", {}, createdAt);
  });
  const seatedNow = overWaiting(({ id }, { seq, removedBy }) => {
    if (removedBy === id) marked.deleteWaiting.run({ seq });
  });

  const changesOf = queries
    .select({
      place: personChanges.place,
      seq: personChanges.seq,
      name: personChanges.name,
      extraMinutes: personChanges.extraMinutes,
    })
    .from(personChanges)
    .where(eq(personChanges.changeId, sql.placeholder("id")))
    .limit(sql.placeholder("limit"))
    .prepare();
  const forgetChange = queries
    .delete(personChanges)
    .where(
      and(eq(personChanges.place, sql.placeholder("place")), eq(personChanges.seq, sql.placeholder("seq"))),
    )
    .prepare();
  const renameWaiting = queries
    .update(unseated)
    .set({
      name: sql`${sql.placeholder("name")}`,
      extraMinutes: sql`${sql.placeholder("extraMinutes")}`,
      updatedAt: sql`${sql.placeholder("at")}`,
    })
    .where(eq(unseated.seq, sql.placeholder("seq")))
    .prepare();
  const { roomId, userId, role } = participants;
  const renameSeated = queries
    .update(participants)
    .set({
      name: sql`${sql.placeholder("name")}`,
      extraMinutes: sql`${sql.placeholder("extraMinutes")}`,
      updatedAt: sql`${sql.placeholder("at")}`,
    })
    .where(eq(participants.seq, sql.placeholder("seq")))
    .returning({ roomId, userId, role })
    .prepare();
  /** Gives people their new names and minutes; each is forgotten when it is done, so that it begins anew each time. */
  const renames: Phase = ({ id, createdAt }, { rows }) => {
    const limit = Math.max(1, Math.ceil(rows / PERSON_ROWS));
    const found = changesOf.all({ id, limit });
    for (const { place, seq, ...is } of found) {
      forgetChange.run({ place, seq });
      const change = { seq, ...is, at: createdAt.getTime() };
      if (place === "unseated") {
        renameWaiting.run(change);
        continue;
      }
      const person = renameSeated.get(change);
      if (!person) continue;
      const { roomId: room, ...known } = person;
      events.add(room, "participant_updated", { ...known, ...is }, createdAt);
    }
    return { used: found.length * PERSON_ROWS, next: found.length === limit ? "again" : undefined };
  };

  const roomsEnd = overRooms(EVENT_ROWS, ({ createdAt: now }, { id, status, imServer }) => {
    // The groups of those that have ended are being deleted already.
    if (status !== "in_progress") return;
    tasks.deleteGroups({ id, imServer }, { dueAt: now, now });
    events.add(id, "room_ended", {}, now);
  });

  const leave: Phase = ({ id, examId, person, createdAt: now }, { rows }) => {
    if (!person) return { used: 0 };
    const limit = Math.max(1, Math.ceil(rows / (2 * PERSON_ROWS)));
    const seats = marked.seatsOf.all({ examId, userId: person.userId, limit });
    for (const { roomId, role, imServer } of seats.filter(({ removedBy }) => removedBy === id)) {
      const gone = { userId: person.userId, role };
      deletePerson(queries, roomId, person.userId, { streamsStay: false });
      tasks.sendAway({ id: roomId, imServer }, gone, now);
      events.add(roomId, "participant_removed", gone, now);
    }
    return { used: seats.length * 2 * PERSON_ROWS, next: seats.length === limit ? "again" : undefined };
  };
  const waitNoLonger: Phase = ({ id, examId, person }) => {
    if (person)
      queries
        .delete(unseated)
        .where(
          and(eq(unseated.examId, examId), eq(unseated.userId, person.userId), eq(unseated.removedBy, id)),
        )
        .run();
    return { used: 1 };
  };

  const undoSeats = overSeats(PERSON_ROWS, ({ id }, { seq, roomId, userId }) => {
    marked.deleteStreams.run({ roomId, userId, id });
    marked.deleteSeat.run({ seq });
  });
  const undoRooms = overRooms(EVENT_ROWS, ({ id, createdAt: now }, room) => {
    if (room.removedBy === id) marked.keepRoom.run({ roomId: room.id });
    if (room.addedBy !== id) return;
    marked.deleteRoom.run({ roomId: room.id });
    // The tasks that would have deleted its groups may have been taken back already.
    tasks.deleteGroups(room, { dueAt: now, now });
  });
  const undoWaiting = overWaiting(({ id }, { seq, addedBy, removedBy }) => {
    if (addedBy === id) marked.deleteWaiting.run({ seq });
    else if (removedBy === id) marked.keepWaiting.run({ seq });
  });
  const undoRenames: Phase = ({ id }, { rows }) => {
    const found = changesOf.all({ id, limit: rows });
    for (const { place, seq } of found) forgetChange.run({ place, seq });
    return { used: found.length, next: found.length === rows ? "again" : undefined };
  };
  const undoExam: Phase = ({ id, examId }) => {
    queries
      .update(exams)
      .set({ removedBy: null })
      .where(and(eq(exams.id, examId), eq(exams.removedBy, id)))
      .run();
    return { used: 1 };
  };
  const undoLeaving: Phase = ({ examId, person }, { rows }) => {
    if (!person) return { used: 0 };
    const seats = marked.seatsOf.all({ examId, userId: person.userId, limit: rows });
    for (const { seq } of seats) marked.keepSeat.run({ seq });
    return { used: seats.length, next: seats.length === rows ? "again" : undefined };
  };

  return {
    finish: {
      import: [arrivals, renames, seatedNow],
      plan: [newRooms, arrivals, seatedNow],
      delete_exam: [roomsEnd, examEraser(queries)],
      remove_person: [leave, waitNoLonger, recordEraser(queries), streamEventEraser(queries)],
    },
    undo: [undoSeats, undoRooms, undoWaiting, undoRenames, undoExam, undoLeaving],
  };
};
