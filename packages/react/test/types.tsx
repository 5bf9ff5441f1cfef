// Compiled and never run. A `@ts-expect-error` is an error itself when nothing is wrong below it, so an `any` is found too.
import {
  createInvigilClient,
  type LiveRoom,
  type LiveSnapshot,
  type Presence,
  type RoomSnapshot,
  type RouterOutputs,
} from "@invigil/client";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import {
  createSessionStore,
  type Fallbacks,
  InvigilErrorBoundary,
  InvigilProvider,
  useInvigil,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
  useSession,
} from "../src/index.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

const client = createInvigilClient({ url: "http://127.0.0.1:7001" });
const session = createSessionStore({ url: "http://127.0.0.1:7001", storage: "local" });

export const Room = ({ roomId }: { roomId: string }) => {
  const invigil = useInvigil();
  const { data } = useQuery(invigil.room.get.queryOptions({ roomId }));
  holds<Equal<typeof data, RouterOutputs["room"]["get"] | undefined>>();
  const { data: pages } = useInfiniteQuery(
    invigil.room.list.infiniteQueryOptions({}, { getNextPageParam: (page) => page.nextCursor }),
  );
  holds<
    Equal<typeof pages, { pages: RouterOutputs["room"]["list"][]; pageParams: (string | null)[] } | undefined>
  >();
  const end = useMutation(invigil.room.end.mutationOptions());
  // @ts-expect-error
  invigil.room.get.queryOptions({ roomId: 7 });
  // @ts-expect-error
  void invigil.room.noSuchProcedure;

  const snapshot = useRoom(roomId);
  holds<Equal<typeof snapshot, LiveSnapshot<RoomSnapshot>>>();
  const count = useRoom(roomId, ({ state }) => state?.members.length, { camera: "pc" });
  holds<Equal<typeof count, number | undefined>>();
  const presence = usePresence(roomId);
  holds<Equal<typeof presence, readonly Presence[]>>();
  const live = useLiveRoom(roomId);
  holds<Equal<typeof live, LiveRoom | undefined>>();
  useRoomEvent(roomId, "startCall", (data, message) => {
    holds<Equal<typeof data.sid, string>>();
    holds<Equal<typeof message.id, number>>();
  });
  // @ts-expect-error
  useRoomEvent(roomId, "noSuchEvent", () => undefined);

  const { status, user } = useSession();
  if (status === "signed_in") holds<Equal<typeof user.userId, string>>();
  else holds<Equal<typeof user, undefined>>();
  return <button type="button" onClick={() => end.mutate({ roomId })} />;
};

// @ts-expect-error
export const unknownCode: Fallbacks = { NO_SUCH_CODE: "nothing" };

export const apps = [
  <InvigilProvider key="client" client={client}>
    <InvigilErrorBoundary fallback={{ FORBIDDEN: "no", other: ({ kind }) => <i>{kind}</i> }} />
  </InvigilProvider>,
  <InvigilProvider key="session" session={session} />,
  // @ts-expect-error
  <InvigilProvider key="both" client={client} session={session} />,
  // @ts-expect-error
  <InvigilProvider key="none" />,
];
