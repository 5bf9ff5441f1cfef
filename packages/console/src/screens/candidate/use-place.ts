import { type InvigilClient, isInvigilError, type RouterOutputs } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { useQuery, useQueryClient } from "@tanstack/react-query";

/** The place of a person in an exam. */
interface Place {
  readonly name?: string | undefined;
  readonly room?: { readonly id: string; readonly name: string } | undefined;
  /** The person, if they have no room yet. */
  readonly unseated?: RouterOutputs["participant"]["locate"]["unseated"];
}

const NOWHERE: Place = {};
const NOT_HERE: ReadonlySet<string> = new Set(["FORBIDDEN", "ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"]);

/** The answer, or undefined if the caller may not see it or there is none. */
const ifThere = async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (isInvigilError(error) && NOT_HERE.has(error.data.reason)) return undefined;
    throw error;
  }
};

const inRoom = async (
  { participant, room }: InvigilClient,
  roomId: string,
  userId: string,
): Promise<Place | undefined> => {
  const [person, place] = await Promise.all([
    ifThere(participant.get.query({ roomId, userId })),
    ifThere(room.get.query({ roomId })),
  ]);
  return person && place && { name: person.name, room: place };
};

/** Looks among the people of the caller's rooms, for callers who may not manage the exam. */
const amongPeople = async (client: InvigilClient, examId: string, userId: string): Promise<Place> => {
  for (let cursor: string | undefined; ; ) {
    const page = await client.exam.people.query({ examId, search: userId, cursor });
    const person = page.people.find((one) => one.userId === userId && one.roomId !== undefined);
    if (person?.roomId !== undefined) return (await inRoom(client, person.roomId, userId)) ?? NOWHERE;
    cursor = page.nextCursor;
    if (cursor === undefined) return NOWHERE;
  }
};

const inExam = async (client: InvigilClient, examId: string, userId: string): Promise<Place> => {
  const located = await ifThere(client.participant.locate.query({ examId, userId }));
  if (!located) return NOWHERE;
  const { unseated, rooms } = located;
  const room = rooms.find(({ status }) => status === "in_progress") ?? rooms[0];
  if (room) return { room: { id: room.roomId, name: room.name } };
  return unseated ? { name: unseated.name, unseated } : NOWHERE;
};

/**
 * Finds the room of a candidate: the one that the address names, if they are in it, or another one. Which calls say so depends on what the
 * person may do.
 */
export const usePlace = (examId: string, userId: string, hint: string | undefined) => {
  const client = useInvigilClient();
  const queryClient = useQueryClient();
  const exam = useInvigil().exam.get.queryOptions({ examId });
  return useQuery({
    queryKey: ["place", examId, userId],
    queryFn: async (): Promise<Place> => {
      const hinted = hint === undefined ? undefined : await inRoom(client, hint, userId);
      if (hinted) return hinted;
      const { mayManage } = await queryClient.query({ ...exam, staleTime: "static" });
      return (mayManage ? inExam : amongPeople)(client, examId, userId);
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
};
