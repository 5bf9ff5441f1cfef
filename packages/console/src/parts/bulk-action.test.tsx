import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { BulkAction } from "./bulk-action.js";
import type { Subject } from "./bulk-run.js";

const SUBJECTS = ["Wang Fang", "Li Wei", "Zhao Min"].map((name, n) => ({ id: `e${n}`, name }));

it("shows who it is for, does it for each once, says what failed, and tries those again", async () => {
  const calls: string[] = [];
  let isBroken = true;
  const run = async ([subject]: readonly Subject[]) => {
    calls.push(subject?.id ?? "");
    if (isBroken && subject?.id === "e1") throw new Error("no");
    return undefined;
  };
  await renderPart(
    <BulkAction
      title="New links for 3 people?"
      action="Give"
      subjects={SUBJECTS}
      run={run}
      onClose={() => undefined}
    />,
  );
  expect(screen.getByRole("dialog").textContent).toContain("3 people Wang Fang, Li Wei, and Zhao Min");
  await userEvent.dblClick(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("1 of 3 failed.", { selector: "p" });
  expect(calls.sort()).toEqual(["e0", "e1", "e2"]);
  // Those that failed come first.
  expect(screen.getAllByRole("listitem")[0]?.textContent).toContain("Li Wei");
  isBroken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again for 1 person" }));
  await screen.findByText("Done for 3 people.", { selector: "p" });
  expect(calls).toHaveLength(4);
});

it("makes calls for batches, of which some may fail in part", async () => {
  const batches: number[] = [];
  const run = (batch: readonly Subject[]) => {
    batches.push(batch.length);
    return Promise.resolve(
      new Map(batch.filter(({ id }) => id === "e0").map(({ id }) => [id, new Error("no")])),
    );
  };
  await renderPart(
    <BulkAction
      title="?"
      action="Give"
      subjects={SUBJECTS}
      run={run}
      batchSize={2}
      onClose={() => undefined}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("1 of 3 failed.", { selector: "p" });
  expect(batches).toEqual([2, 1]);
});

it("counts what is done while it runs", async () => {
  const finish: (() => void)[] = [];
  const run = vi.fn(() => new Promise<undefined>((resolve) => finish.push(() => resolve(undefined))));
  await renderPart(
    <BulkAction
      title="?"
      action="Give"
      subjects={SUBJECTS}
      run={run}
      concurrency={1}
      onClose={() => undefined}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  expect(run).toHaveBeenCalledOnce();
  await act(async () => finish[0]?.());
  await screen.findByText("1 of 3 done");
  expect(run).toHaveBeenCalledTimes(2);
});

it("makes calls for groups, of which none is mixed", async () => {
  const batches: string[][] = [];
  const run = (batch: readonly Subject[]) => {
    batches.push(batch.map(({ id }) => id));
    return Promise.resolve(undefined);
  };
  await renderPart(
    <BulkAction
      title="?"
      action="Give"
      subjects={SUBJECTS}
      run={run}
      batchSize={2}
      groupOf={({ id }) => (id === "e1" ? "Room 2" : "Room 1")}
      resultOf={({ name }) => <a href="/new">link of {name}</a>}
      onClose={() => undefined}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByRole("link", { name: "link of Li Wei" });
  expect(batches).toEqual([["e0", "e2"], ["e1"]]);
});
