import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "@tanstack/react-router";
import { Skeleton } from "../components/empty.js";
import { ErrorPage } from "./error-pages.js";

/** Leads from the address of a room without its exam, which people know from a link, to the whole one. */
export function RoomAddress() {
  const { roomId } = useParams({ from: "/rooms/$roomId" });
  const invigil = useInvigil();
  const { data: room, error, refetch } = useQuery(invigil.room.get.queryOptions({ roomId }));
  if (error) return <ErrorPage error={error} reset={() => void refetch()} />;
  if (!room) return <Skeleton />;
  return <Navigate to="/exams/$examId/rooms/$roomId" params={{ examId: room.examId, roomId }} replace />;
}
