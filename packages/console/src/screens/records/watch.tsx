import type { PeopleState } from "@invigil/client";
import { useLivePeople, useLiveStatus, usePeople, usePeopleEvent } from "@invigil/react";
import { useEffect } from "react";
import { ReportLive } from "../../components/connection.js";

/** The names of people and rooms by their ids, which records do not contain. */
export interface Names {
  readonly people: ReadonlyMap<string, string>;
  readonly rooms: ReadonlyMap<string, string>;
}

/** A person who was removed from a room. */
export interface Removal {
  readonly userId: string;
  readonly roomId: string;
}

interface WatchProps {
  readonly examId: string;
  /** Called when there may be newer records. It stays the same. */
  readonly onArrival: () => void;
  /** Called with the names of people and rooms. It stays the same. */
  readonly onNames: (names: Names) => void;
  /** Called when a person was removed from a room. Their records may have been erased. */
  readonly onRemoval: (from: Removal) => void;
  /** Called with those who have a room when people without one have changed: one of them may have been erased. It stays the same. */
  readonly onRosterChange: (seated: ReadonlySet<string>) => unknown;
}

const NO_PEOPLE: readonly string[] = [];
const NO_ROOMS: PeopleState["rooms"] = [];

/** Says when records come, and go. */
export function Watch({ examId, onArrival, onNames, onRemoval, onRosterChange }: WatchProps) {
  const people = useLivePeople(examId);
  const ids = usePeople(examId, ({ state }) => state?.ids ?? NO_PEOPLE);
  const rooms = usePeople(examId, ({ state }) => state?.rooms ?? NO_ROOMS);
  usePeopleEvent(examId, "detections_counted", onArrival);
  usePeopleEvent(examId, "gap", onArrival);
  usePeopleEvent(examId, "participant_removed", onRemoval);
  usePeopleEvent(examId, "roster_changed", () => {
    const known = ids.flatMap((id) => people?.person(id) ?? []);
    void onRosterChange(
      new Set(known.flatMap(({ userId, roomId }) => (roomId === undefined ? [] : [userId]))),
    );
  });
  useEffect(() => {
    const known = ids.flatMap((id) => people?.person(id) ?? []);
    onNames({
      people: new Map(known.map(({ userId, name }) => [userId, name])),
      rooms: new Map(rooms.map(({ id, name }) => [id, name])),
    });
  }, [people, ids, rooms, onNames]);
  const status = useLiveStatus({ peopleOf: examId }, (live) => live.status);
  // Records that came while the page did not listen.
  useEffect(() => {
    if (status === "live") onArrival();
  }, [status, onArrival]);
  return <ReportLive of={{ peopleOf: examId }} />;
}
