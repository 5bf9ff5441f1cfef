import { createInvigilClient } from "@invigil/client";
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createServerAvailability } from "./server-availability.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A page with a query, over a network that a test cuts. */
const openPage = () => {
  let isCut = false;
  const calls = { query: 0, ask: 0 };
  const fetch = async (): Promise<Response> => {
    throw new TypeError("Failed to fetch");
  };
  const { installation } = createInvigilClient({ url: "http://127.0.0.1:1", fetch, retry: false });
  const call = async (name: keyof typeof calls) => {
    calls[name] += 1;
    if (isCut) await installation.info.query();
    return calls[name];
  };
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false, networkMode: "always" } },
  });
  queryClient.mount();
  const reach = createServerAvailability(queryClient, () => call("ask"));
  const watch = (key: string) => {
    const observer = new QueryObserver(queryClient, { queryKey: [key], queryFn: () => call("query") });
    observer.subscribe(() => undefined);
    return observer;
  };
  return {
    calls,
    reach,
    watch,
    cut: (next: boolean) => {
      isCut = next;
    },
  };
};

it("asks again for what the network lost once the server answers, and says since when it does not", async () => {
  const { calls, reach, watch, cut } = openPage();
  cut(true);
  const query = watch("lost");
  await vi.waitFor(() => expect(reach.awaySince.get()).toBeDefined(), { timeout: 60_000 });
  expect(query.getCurrentResult().isError).toBe(true);
  const asked = calls.ask;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(calls).toEqual({ query: 1, ask: asked + 5 });
  cut(false);
  await vi.advanceTimersByTimeAsync(2000);
  expect(reach.awaySince.get()).toBeUndefined();
  expect(query.getCurrentResult().data).toBe(2);
});

it("pauses before it repeats a call that fails alone", async () => {
  const { calls, reach, watch, cut } = openPage();
  cut(true);
  watch("lost");
  await vi.waitFor(() => expect(calls.query).toBe(1), { timeout: 60_000 });
  cut(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect([reach.awaySince.get(), calls.query]).toEqual([undefined, 1]);
});
