import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useAction } from "./use-action.js";

const render = (does: () => Promise<unknown>) => {
  const queryClient = new QueryClient();
  const { result, unmount } = renderHook(() => useAction(does), {
    wrapper: ({ children }) => <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>,
  });
  return { result, unmount, cache: queryClient.getMutationCache() };
};

it("keeps no answer, which may be a secret", async () => {
  const { result, unmount, cache } = render(() => Promise.resolve("a token"));
  act(() => result.current.run());
  await expect.poll(() => cache.getAll().map(({ state }) => state.status)).toEqual(["success"]);
  expect(JSON.stringify(cache.getAll().map(({ state }) => state))).not.toContain("a token");
  unmount();
  await expect.poll(() => cache.getAll()).toEqual([]);
});

it("can be run again after it failed, and forgets the failure only when it does not run", async () => {
  let finish = () => {};
  const does = vi
    .fn<() => Promise<unknown>>()
    .mockRejectedValueOnce(new Error("no"))
    .mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)));
  const { result } = render(does);
  act(() => result.current.run());
  await expect.poll(() => result.current.error).toEqual(new Error("no"));
  act(() => result.current.forget());
  await expect.poll(() => result.current.error).toBeUndefined();
  act(() => result.current.run());
  await expect.poll(() => result.current.isRunning).toBe(true);
  act(() => {
    result.current.forget();
    result.current.run();
  });
  expect(result.current.isRunning).toBe(true);
  expect(does).toHaveBeenCalledTimes(2);
  act(() => finish());
  await expect.poll(() => result.current.isRunning).toBe(false);
});
