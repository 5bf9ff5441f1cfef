import type { AuditEntry } from "@invigil/client";
import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { inputOf, NO_FILTER, useAudit } from "./use-audit.js";

const entry = (id: string, procedure: string, outcome = "ok"): AuditEntry => ({
  id,
  time: new Date(0),
  actorId: "admin",
  actorRole: "admin",
  procedure,
  outcome,
  times: 1,
  address: "127.0.0.1",
  entryPoint: "trpc",
  requestId: "q",
  credential: "session",
});
const query = (pages: readonly AuditEntry[][], hasNextPage: boolean) => ({
  data: { pages: pages.map((entries) => ({ entries })) },
  error: null,
  isFetching: false,
  hasNextPage,
  fetchNextPage: vi.fn(() => Promise.resolve()),
  refetch: vi.fn(() => Promise.resolve()),
});

it("narrows what was read by its outcome, and asks the server for the rest", () => {
  const pages = [
    [entry("3", "room.end", "FORBIDDEN"), entry("2", "room.end")],
    [entry("1", "exam.get", "ended")],
  ];
  const shown = (outcome: "all" | "done" | "refused") => {
    const { result } = renderHook(() => useAudit(query(pages, false), { ...NO_FILTER, outcome }));
    return [result.current.shown.map(({ id }) => id), result.current.active, result.current.isPart];
  };
  expect(shown("all")).toEqual([["3", "2", "1"], 0, false]);
  expect(shown("refused")).toEqual([["3"], 1, false]);
  expect(shown("done")).toEqual([["2", "1"], 1, false]);
  const asked = { ...NO_FILTER, actor: "t1", from: "2026-01-02T08:00", to: "nonsense" };
  expect(inputOf(asked, "Asia/Shanghai")).toEqual({
    pageSize: 100,
    actorId: "t1",
    withReads: false,
    withNames: true,
    since: new Date(Date.UTC(2026, 0, 2)),
  });
  const { result } = renderHook(() => useAudit(query(pages, false), asked));
  expect([result.current.active, result.current.isPart]).toEqual([3, true]);
  const readsOf = (search: Partial<typeof NO_FILTER> | object) =>
    inputOf({ ...NO_FILTER, ...search }, "Asia/Shanghai").withReads;
  expect([readsOf({}), readsOf({ reads: "shown" }), readsOf({ procedure: "audit.list" })]).toEqual([
    false,
    true,
    true,
  ]);
});

it("reads five pages without being asked", () => {
  const four = query([[], [], [], []], true);
  renderHook(() => useAudit(four, NO_FILTER));
  expect(four.fetchNextPage).toHaveBeenCalledOnce();
  const five = query([[], [], [], [], []], true);
  renderHook(() => useAudit(five, NO_FILTER));
  expect(five.fetchNextPage).not.toHaveBeenCalled();
});
