// What rows/type-check.mjs checks it beside: the same app of a router that has these two procedures and no others.
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import superjson from "superjson";
import type { AppRouter } from "./two-procedures.mjs";

const client = createTRPCClient<AppRouter>({
  links: [httpBatchLink({ url: "http://127.0.0.1:7001/trpc", transformer: superjson })],
});

export const endRoom = async (roomId: string): Promise<string> => {
  const room = await client.room.get.query({ roomId });
  const ended: boolean = await client.room.end.mutate({ roomId: room.id });
  return `${room.name}, ${room.createdAt.toISOString()}: ${ended}`;
};
