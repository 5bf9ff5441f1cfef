import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { type Column, Table, type TableProps } from "./table.js";

interface Person {
  readonly id: string;
  readonly name: string;
}
const people = (...names: string[]): Person[] => names.map((name) => ({ id: name, name }));
const columns: readonly Column<Person>[] = [
  { id: "name", header: "Name", cell: ({ name }) => name, isSortable: true },
  { id: "wide", header: "Wide", cell: () => "only on wide screens", from: 2000 },
];
const table = (rows: readonly Person[], more: Partial<TableProps<Person>> = {}) => (
  <Table
    label="People"
    rows={rows}
    keyOf={({ id }) => id}
    nameOf={({ name }) => name}
    columns={columns}
    {...more}
  />
);
/** The names in the order in which they stand. */
const shown = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .sort((one, other) => Number(one.ariaRowIndex) - Number(other.ariaRowIndex))
    .map((row) => row.textContent);

function Chosen({ onOpen }: { onOpen: (person: Person) => void }) {
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  return (
    <>
      {table(people("A", "B", "C", "D"), { selection, onSelect: setSelection, onOpen })}
      <output>{[...selection].sort().join()}</output>
    </>
  );
}

describe("a table", () => {
  it("says how many rows there are, and draws those in sight", async () => {
    await renderPart(table(people(...Array.from({ length: 5000 }, (_, n) => `P${n}`))));
    expect(screen.getByRole("grid", { name: "People" }).getAttribute("aria-rowcount")).toBe("5001");
    expect(screen.getAllByRole("row").length).toBeLessThan(40);
    expect(screen.queryByRole("columnheader", { name: "Wide" })).toBeNull();
  });

  it("moves by j and k, and chooses by x, from anywhere on the page", async () => {
    const user = userEvent.setup();
    const { container } = await renderPart(<Chosen onOpen={() => undefined} />);
    const chosen = () => container.querySelector("output")?.textContent;
    const focused = () => document.activeElement?.textContent;
    await user.keyboard("x");
    // Nobody saw which row it would have chosen.
    expect([focused(), chosen()]).toEqual(["A", ""]);
    await user.keyboard("jjx");
    expect([focused(), chosen()]).toEqual(["C", "C"]);
    await user.keyboard("kx");
    expect([focused(), chosen()]).toEqual(["B", "B,C"]);
    await user.keyboard("kkkx");
    expect([focused(), chosen()]).toEqual(["A", "A,B,C"]);
  });

  it("draws each row once, also while it scrolls, and looks at all rows only when they change", async () => {
    const drawn = new Map<string, number>();
    const keyOf = vi.fn(({ id }: Person) => id);
    const counted: readonly Column<Person>[] = [
      {
        id: "name",
        header: "Name",
        cell({ name }) {
          drawn.set(name, (drawn.get(name) ?? 0) + 1);
          return name;
        },
      },
      ...columns.slice(1),
    ];
    const rows = people(...Array.from({ length: 5000 }, (_, n) => `P${n}`));
    await renderPart(table(rows, { columns: counted, keyOf }));
    const grid = screen.getByRole("grid");
    fireEvent.pointerEnter(grid, { pointerType: "mouse" });
    const looked = keyOf.mock.calls.length;
    grid.scrollTop = 64_000;
    fireEvent.scroll(grid);
    await screen.findByText("P2005");
    expect(Math.max(...drawn.values())).toBe(1);
    expect(keyOf).toHaveBeenCalledTimes(looked);
  });

  it("keeps rows where they are under the pointer, and says how many would change", async () => {
    const { draw } = await renderPart(table(people("A", "B", "C")));
    fireEvent.pointerEnter(screen.getByRole("grid"), { pointerType: "mouse" });
    await draw(table(people("C", "D", "A")));
    // C moves before A, B goes, and D comes.
    expect(shown()).toEqual(["A", "B", "C"]);
    await userEvent.click(screen.getByRole("button", { name: "Show 3 changes" }));
    expect(shown()).toEqual(["C", "D", "A"]);
    await draw(table(people("A")));
    expect(shown()).toEqual(["C", "D", "A"]);
    fireEvent.pointerLeave(screen.getByRole("grid"));
    expect(shown()).toEqual(["A"]);
  });

  it("shows what rows say at once, also while they are held", async () => {
    const { draw } = await renderPart(table(people("A", "B")));
    fireEvent.pointerEnter(screen.getByRole("grid"), { pointerType: "mouse" });
    await draw(table([{ id: "B", name: "B, renamed" }, ...people("A")]));
    expect(shown()).toEqual(["A", "B, renamed"]);
  });

  it("keeps rows where they are while one has the focus", async () => {
    const { draw } = await renderPart(table(people("A", "B")));
    screen.getByRole("row", { name: "A" }).focus();
    await draw(table(people("B", "A")));
    expect(shown()).toEqual(["A", "B"]);
  });

  it("follows at once when the person sorts or filters", async () => {
    const { draw } = await renderPart(table(people("A", "B"), { arrangement: "all" }));
    fireEvent.pointerEnter(screen.getByRole("grid"), { pointerType: "mouse" });
    await draw(table(people("B"), { arrangement: "some" }));
    expect(shown()).toEqual(["B"]);
  });

  it("says by which column it is sorted, and asks for another order", async () => {
    const onSort = vi.fn();
    await renderPart(table(people("A"), { sorting: { column: "name", descending: false }, onSort }));
    const header = screen.getByRole("columnheader", { name: "Name" });
    expect(header.getAttribute("aria-sort")).toBe("ascending");
    await userEvent.click(within(header).getByRole("button"));
    expect(onSort).toHaveBeenCalledWith({ column: "name", descending: true });
  });

  it("is used by keyboard alone: arrows, Space, Shift, Ctrl+A and Enter", async () => {
    const onOpen = vi.fn();
    await renderPart(<Chosen onOpen={onOpen} />);
    const user = userEvent.setup();
    const chosen = () => screen.getByText((_, element) => element?.tagName === "OUTPUT").textContent;
    const focused = () => document.activeElement?.getAttribute("data-key");
    screen.getByRole("row", { name: /A/ }).focus();
    await user.keyboard("{ArrowDown} ");
    await expect.poll(() => focused()).toBe("B");
    expect(chosen()).toBe("B");
    await user.keyboard("{Shift>}{ArrowDown}{/Shift}");
    await expect.poll(() => focused()).toBe("C");
    expect(chosen()).toBe("B,C");
    await user.keyboard("{Enter}");
    expect(onOpen).toHaveBeenCalledWith({ id: "C", name: "C" });
    await user.keyboard("{Control>}a{/Control}");
    expect(chosen()).toBe("A,B,C,D");
    await user.keyboard("{End}");
    await expect.poll(() => focused()).toBe("D");
  });

  it("chooses from one box to another with Shift, and opens no row by it", async () => {
    const onOpen = vi.fn();
    const onSelect = vi.fn();
    await renderPart(table(people("A", "B", "C"), { selection: new Set(), onSelect, onOpen }));
    const user = userEvent.setup();
    await user.click(screen.getByRole("checkbox", { name: "Select A" }));
    expect(onSelect).toHaveBeenLastCalledWith(new Set(["A"]));
    await user.keyboard("{Shift>}");
    await user.click(screen.getByRole("checkbox", { name: "Select C" }));
    expect(onSelect).toHaveBeenLastCalledWith(new Set(["A", "B", "C"]));
    expect(onOpen).not.toHaveBeenCalled();
  });
});
