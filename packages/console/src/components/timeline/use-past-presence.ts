import { useInvigilClient, useRoomEvent } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { KnownPast } from "../../live/seats.js";

const NOTHING: ReadonlyMap<string, KnownPast> = new Map();

/**
 * Since when the people of a room have been gone, and their cameras dark.
 */
export const usePastPresence = (
  examId: string,
  roomId: string,
): { readonly known: ReadonlyMap<string, KnownPast>; readonly isLoading: boolean } => {
  const client = useInvigilClient();
  const { data, isLoading, refetch } = useQuery({
    queryKey: ["known pasts", roomId],
    queryFn: async ({ signal }) => {
      const { people } = await client.exam.people.query({ examId, roomId }, { signal });
      return people;
    },
    // Events tell what happens from now on.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  useRoomEvent(roomId, "gap", () => void refetch());
  const known = useMemo(
    () => (data ? new Map(data.map((person) => [person.userId, person])) : NOTHING),
    [data],
  );
  return { known, isLoading };
};
