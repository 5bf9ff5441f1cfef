import { type AppRouter, createInvigilClient, type LiveExam } from "@invigil/client";
import { QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { expect, test, vi } from "vitest";
import { patchQueries } from "../src/patches.js";

/** What a newer server may send. */
const event = { type: "a_type_of_the_future", id: "7", roomId: "r1", time: new Date() };

test("queries of people ask again after an event of an unknown type, and others after the next event", async () => {
  const queryClient = new QueryClient();
  const queries = createTRPCOptionsProxy<AppRouter, { keyPrefix: true }>({
    client: createInvigilClient({ url: "http://localhost" }),
    queryClient,
    keyPrefix: "invigil",
  });
  const keys = [
    queries.exam.people.queryKey({ examId: "x1" }),
    queries.room.list.queryKey({ examId: "x1" }),
  ] as const;
  for (const key of keys) queryClient.setQueryData<unknown>(key, {});
  // Safe: it has what the patches use.
  const live = {
    examId: "x1",
    state: undefined,
    subscribe: () => () => undefined,
    async *[Symbol.asyncIterator]() {
      yield event;
      yield { ...event, type: "room_deleted" };
    },
  } as unknown as LiveExam;
  const stop = patchQueries(queries, queryClient)(live);
  await vi.waitFor(() => {
    for (const key of keys) expect(queryClient.getQueryState(key)?.isInvalidated).toBe(true);
  });
  stop();
});
