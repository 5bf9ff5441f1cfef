import { createInvigilClient } from "@invigil/client";
import { InvigilProvider, useInvigil, useRoom } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";

const client = createInvigilClient({ url: "http://127.0.0.1:7001" });

const Room = ({ roomId }: { roomId: string }) => {
  const names = useRoom(roomId, ({ state }) => state?.members.map(({ name }) => name));
  const { data } = useQuery(useInvigil().room.get.queryOptions({ roomId }));
  const createdAt: Date | undefined = data?.createdAt;
  return <p title={createdAt?.toISOString()}>{names?.join(", ")}</p>;
};

export const App = () => (
  <InvigilProvider client={client}>
    <Room roomId="r1" />
  </InvigilProvider>
);
