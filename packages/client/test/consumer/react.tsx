// Checked by process-published.test.ts in an empty React project, against tRPC's own binding. A `@ts-expect-error` is an error itself when
// nothing is wrong below it, so an `any` is found too.
import {
  type AppRouter,
  createInvigilClient,
  type LiveRoom,
  type LiveSnapshot,
  type RoomSnapshot,
  type RouterOutputs,
} from "@invigil/client";
import { QueryClient, useMutation, useQuery } from "@tanstack/react-query";
import { createTRPCContext, createTRPCOptionsProxy, useSubscription } from "@trpc/tanstack-react-query";
import { useSyncExternalStore } from "react";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

const invigil = createInvigilClient({ url: "http://127.0.0.1:7001", token: "a token" });
const queryClient = new QueryClient();
const trpc = createTRPCOptionsProxy<AppRouter>({ client: invigil, queryClient });

export const Room = ({ roomId }: { roomId: string }) => {
  const { data, error } = useQuery(trpc.room.get.queryOptions({ roomId }));
  holds<Equal<typeof data, RouterOutputs["room"]["get"] | undefined>>();
  const end = useMutation(
    trpc.room.end.mutationOptions({
      onSuccess: (ended) => {
        holds<Equal<typeof ended, true>>();
        return queryClient.invalidateQueries(trpc.room.get.queryFilter({ roomId }));
      },
    }),
  );
  useSubscription(trpc.room.onEvent.subscriptionOptions({ roomId }));
  // @ts-expect-error
  trpc.room.get.queryOptions({ roomId: 7 });
  // @ts-expect-error
  void trpc.room.noSuchProcedure;
  return (
    <button type="button" onClick={() => end.mutate({ roomId })}>
      {error?.data?.reason ?? data?.createdAt.toISOString()}
    </button>
  );
};

export const Presence = ({ room }: { room: LiveRoom }) => {
  const snapshot = useSyncExternalStore(room.subscribe, room.getSnapshot);
  holds<Equal<typeof snapshot, LiveSnapshot<RoomSnapshot>>>();
  return <output>{snapshot.error?.message ?? snapshot.state?.presence.length}</output>;
};

const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();
export const Name = () => useQuery(useTRPC().auth.whoami.queryOptions()).data?.userId;
export const App = () => (
  <TRPCProvider trpcClient={invigil} queryClient={queryClient}>
    <Name />
  </TRPCProvider>
);
