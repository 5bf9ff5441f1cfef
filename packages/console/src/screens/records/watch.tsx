import { isInvigilError, type LiveSnapshot, type PeopleState, type RoomSnapshot } from "@invigil/client";
import {
  useInvigil,
  useLivePeople,
  useLiveStatus,
  usePeople,
  usePeopleEvent,
  useRoom,
  useRoomEvent,
} from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useReportConnection } from "../../parts/connection.js";

/** What the records themselves do not say: the names of people and rooms, by their ids. */
export interface Names {
  readonly people: ReadonlyMap<string, string>;
  readonly rooms: ReadonlyMap<string, string>;
}

interface WatchProps {
  readonly examId: string;
  /** Called when there may be newer records. It stays the same. */
  readonly onArrival: () => void;
  /** Called with the names of a part of the exam. It stays the same. */
  readonly onNames: (names: Names) => void;
}

const connectionOf = ({
  status,
  lastHeardAt,
}: {
  status: "connecting" | "live" | "reconnecting" | "closed";
  lastHeardAt: Date | undefined;
}) => ({ status, heardAt: lastHeardAt?.getTime() });

const isForbidden = ({ error }: LiveSnapshot<PeopleState>) =>
  isInvigilError(error) && error.data.reason === "FORBIDDEN";

/** Says when records come. Invigilators who did not create the exam may watch the rooms that they are in. */
export function Watch(props: WatchProps) {
  return usePeople(props.examId, isForbidden) ? <OwnRooms {...props} /> : <WholeExam {...props} />;
}

const NOBODY: readonly string[] = [];
const NO_ROOMS: PeopleState["rooms"] = [];

function WholeExam({ examId, onArrival, onNames }: WatchProps) {
  const people = useLivePeople(examId);
  const ids = usePeople(examId, ({ state }) => state?.ids ?? NOBODY);
  const rooms = usePeople(examId, ({ state }) => state?.rooms ?? NO_ROOMS);
  usePeopleEvent(examId, "detections_counted", onArrival);
  usePeopleEvent(examId, "gap", onArrival);
  useEffect(() => {
    const known = ids.flatMap((id) => people?.person(id) ?? []);
    onNames({
      people: new Map(known.map(({ userId, name }) => [userId, name])),
      rooms: new Map(rooms.map(({ id, name }) => [id, name])),
    });
  }, [people, ids, rooms, onNames]);
  const connection = useLiveStatus({ peopleOf: examId }, connectionOf);
  useReportConnection(connection);
  useArrivalWhenLive(connection.status, onArrival);
  return null;
}

function OwnRooms({ examId, onArrival, onNames }: WatchProps) {
  const invigil = useInvigil();
  const { data } = useQuery(invigil.room.list.queryOptions({ examId, pageSize: 100 }));
  return data?.rooms.map(({ id }) => (
    <OwnRoom key={id} roomId={id} onArrival={onArrival} onNames={onNames} />
  ));
}

const NO_MEMBERS: RoomSnapshot["members"] = [];

function OwnRoom({ roomId, onArrival, onNames }: Omit<WatchProps, "examId"> & { roomId: string }) {
  const members = useRoom(roomId, ({ state }) => state?.members ?? NO_MEMBERS);
  const name = useRoom(roomId, ({ state }) => state?.room.name);
  useRoomEvent(roomId, "cheat_records_added", onArrival);
  useRoomEvent(roomId, "gap", onArrival);
  useEffect(() => {
    onNames({
      people: new Map(members.map((member) => [member.userId, member.name])),
      rooms: new Map(name === undefined ? [] : [[roomId, name]]),
    });
  }, [roomId, members, name, onNames]);
  const connection = useLiveStatus({ roomId }, connectionOf);
  useReportConnection(connection);
  useArrivalWhenLive(connection.status, onArrival);
  return null;
}

/** Whatever came while the page did not listen. */
const useArrivalWhenLive = (status: string, onArrival: () => void): void => {
  useEffect(() => {
    if (status === "live") onArrival();
  }, [status, onArrival]);
};
