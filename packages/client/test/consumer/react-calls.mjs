// Run by process-published.test.ts in an empty React project against a live server: prints what tRPC's own binding got.
import { createInvigilClient } from "@invigil/client";
import { QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";

const client = createInvigilClient({ url: process.env.INVIGIL_URL, token: process.env.INVIGIL_TOKEN });
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
const trpc = createTRPCOptionsProxy({ client, queryClient });

const created = await queryClient
  .getMutationCache()
  .build(queryClient, trpc.room.create.mutationOptions())
  .execute({ name: "From React" });
const room = await queryClient.fetchQuery(trpc.room.get.queryOptions({ roomId: created.id }));
const kept = queryClient.getQueryData(trpc.room.get.queryKey({ roomId: created.id }));
const { data } = await queryClient
  .fetchQuery(trpc.room.get.queryOptions({ roomId: "none" }))
  .catch((error) => error);
console.log(JSON.stringify({ name: kept.name, isDate: room.createdAt instanceof Date, reason: data.reason }));
