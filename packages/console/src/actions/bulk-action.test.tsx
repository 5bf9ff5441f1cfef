import { Notifications } from "@mantine/notifications";
import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { NotThereError } from "../components/error-note.js";
import { BulkAction } from "./bulk-action.js";
import type { Target } from "./bulk-run.js";

const SUBJECTS = ["Wang Fang", "Li Wei", "Zhao Min"].map((name, n) => ({ id: `e${n}`, name }));

it("shows who it is for, does it for each once, says what failed, and tries those again", async () => {
  const calls: string[] = [];
  let isBroken = true;
  const run = async ([target]: readonly Target[]) => {
    calls.push(target?.id ?? "");
    if (isBroken && target?.id === "e1") throw new Error("no");
    return undefined;
  };
  await renderPart(
    <BulkAction
      title="New links for 3 people?"
      action="Give"
      targets={SUBJECTS}
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
  const run = (batch: readonly Target[]) => {
    batches.push(batch.length);
    return Promise.resolve(
      new Map(batch.filter(({ id }) => id === "e0").map(({ id }) => [id, new Error("no")])),
    );
  };
  await renderPart(
    <BulkAction
      title="?"
      action="Give"
      targets={SUBJECTS}
      run={run}
      batchSize={2}
      onClose={() => undefined}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("1 of 3 failed.", { selector: "p" });
  expect(batches).toEqual([2, 1]);
});

it("finds those who are not there among the people of a call, which did nothing for the others either", async () => {
  const many = Array.from({ length: 9 }, (_, n) => ({ id: `e${n}`, name: `Person ${n}` }));
  const done: string[] = [];
  const run = (batch: readonly Target[]) => {
    if (batch.some(({ id }) => ["e2", "e7"].includes(id)))
      return Promise.reject(new NotThereError("Not there."));
    done.push(...batch.map(({ id }) => id));
    return Promise.resolve(undefined);
  };
  await renderPart(
    <BulkAction title="?" action="Give" targets={many} run={run} batchSize={9} onClose={() => undefined} />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("2 of 9 failed.", { selector: "p" });
  expect(done.sort()).toEqual(["e0", "e1", "e3", "e4", "e5", "e6", "e8"]);
  const failed = screen
    .getAllByRole("listitem")
    .filter(({ textContent }) => textContent?.includes("Not there."));
  expect(failed.map(({ textContent }) => textContent)).toEqual(["Person 2Not there.", "Person 7Not there."]);
});

it("is for those for whom it was begun, although the view has others by then", async () => {
  const part = (targets: readonly Target[]) => (
    <BulkAction
      title="?"
      action="Give"
      targets={targets}
      run={() => Promise.resolve(undefined)}
      onClose={() => undefined}
    />
  );
  const { draw } = await renderPart(part(SUBJECTS));
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("Done for 3 people.", { selector: "p" });
  await draw(part(SUBJECTS.slice(2)));
  expect(screen.getAllByRole("listitem")).toHaveLength(3);
});

it("counts what is done while it runs", async () => {
  const finish: (() => void)[] = [];
  const run = () => new Promise<undefined>((resolve) => finish.push(() => resolve(undefined)));
  await renderPart(
    <BulkAction title="?" action="Give" targets={SUBJECTS} run={run} onClose={() => undefined} />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await act(async () => finish[0]?.());
  await screen.findByText("1 of 3 done");
});

it("for one, closes when it is done, and offers to take it back", async () => {
  const [one] = SUBJECTS;
  const onClose = vi.fn();
  const undone: string[] = [];
  let isBroken = true;
  await renderPart(
    <>
      <Notifications />
      <BulkAction
        title="?"
        action="Give"
        targets={SUBJECTS.slice(0, 1)}
        run={() => (isBroken ? Promise.reject(new Error("no")) : Promise.resolve(undefined))}
        told={(done) => `Given to ${done.map(({ name }) => name).join()}.`}
        undo={async (done) => void undone.push(...done.map(({ id }) => id))}
        onClose={onClose}
      />
    </>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("This was not done", { selector: "p" });
  expect(onClose).not.toHaveBeenCalled();
  isBroken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again for 1 person" }));
  await screen.findByText("Given to Wang Fang.");
  expect(onClose).toHaveBeenCalledOnce();
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(undone).toEqual([one?.id]);
});

it("for many, offers to take back what was done when the dialog is closed", async () => {
  const undone: string[] = [];
  await renderPart(
    <>
      <Notifications />
      <BulkAction
        title="?"
        action="Give"
        targets={SUBJECTS}
        run={async ([{ id }]) => {
          if (id === "e1") throw new Error("no");
          return undefined;
        }}
        undo={async (done) => void undone.push(...done.map((target) => target.id))}
        onClose={() => undefined}
      />
    </>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  await screen.findByText("1 of 3 failed.", { selector: "p" });
  await userEvent.click(screen.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(undone).toEqual(["e0", "e2"]);
});

it("tells what was done and what failed of an action whose dialog was closed while it ran, and offers to take it back", async () => {
  const undone: string[] = [];
  const answers: (() => void)[] = [];
  const part = (isOpen: boolean) => (
    <>
      <Notifications />
      {isOpen && (
        <BulkAction
          title="?"
          action="Give"
          targets={SUBJECTS}
          run={([{ id }]) =>
            new Promise((resolve, reject) => {
              answers.push(() => (id === "e1" ? reject(new Error("no")) : resolve(undefined)));
            })
          }
          undo={async (done) => void undone.push(...done.map((target) => target.id))}
          onClose={() => undefined}
        />
      )}
    </>
  );
  const { draw } = await renderPart(part(true));
  await userEvent.click(screen.getByRole("button", { name: "Give" }));
  answers[0]?.();
  await screen.findByText("1 of 3 done");
  await userEvent.click(screen.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
  await draw(part(false));
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  for (const answer of answers.slice(1)) answer();
  await screen.findByText("1 of 3 failed.");
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(undone).toEqual(["e0", "e2"]);
});

it("makes calls for groups, of which none is mixed", async () => {
  const batches: string[][] = [];
  const run = (batch: readonly Target[]) => {
    batches.push(batch.map(({ id }) => id));
    return Promise.resolve(undefined);
  };
  await renderPart(
    <BulkAction
      title="?"
      action="Give"
      targets={SUBJECTS}
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

const CHANGED = {
  en: "This has changed since you were asked. Check it, and confirm again.",
  "zh-CN": "以上内容已有变化，请核对后再次确认。",
} as const;

it.each(["en", "zh-CN"] as const)(
  "asks again when others have changed what it is about, and a double click is no answer to that, in %s",
  async (locale) => {
    const run = vi.fn(() => Promise.resolve(undefined));
    const part = (premise: string) => (
      <BulkAction
        title="?"
        action="Give"
        targets={SUBJECTS}
        premise={() => premise}
        run={run}
        onClose={() => undefined}
      />
    );
    const { draw } = await renderPart(part("running"), { locale });
    await draw(part("paused"));
    expect(screen.queryByRole("alert")).toBeNull();
    const give = screen.getByRole("button", { name: "Give" });
    await userEvent.dblClick(give);
    expect(screen.getByRole("alert").textContent).toBe(CHANGED[locale]);
    await draw(part("ended"));
    await userEvent.dblClick(give);
    expect(run).not.toHaveBeenCalled();
    await userEvent.dblClick(give);
    await expect.poll(() => run).toHaveBeenCalledTimes(SUBJECTS.length);
  },
);

it("asks the server before it begins, once, and not for a dialog that has been closed", async () => {
  const run = vi.fn(() => Promise.resolve(undefined));
  const answers: ((isSame: boolean) => void)[] = [];
  const foresee = () => new Promise<boolean>((resolve) => answers.push(resolve));
  const part = (
    <BulkAction {...{ title: "?", action: "Give", targets: SUBJECTS, run, foresee }} onClose={vi.fn()} />
  );
  const { draw } = await renderPart(part);
  const give = screen.getByRole("button", { name: "Give" });
  await userEvent.click(give);
  await userEvent.click(give);
  await act(async () => answers[0]?.(false));
  await screen.findByText(CHANGED.en);
  await userEvent.click(give);
  expect(answers).toHaveLength(2);
  await draw(null);
  await act(async () => answers[1]?.(true));
  expect(run).not.toHaveBeenCalled();
});
