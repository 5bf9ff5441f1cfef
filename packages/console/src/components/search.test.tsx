import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { FilterBar, SearchField } from "./filter-bar.js";
import {
  list,
  oneOf,
  parseSearch,
  searchOf,
  sorting,
  stringifySearch,
  text,
  useRouteSearch,
  whole,
} from "./search.js";

const search = searchOf({
  state: oneOf(["all", "disconnected"], "all"),
  q: text(),
  red: whole(5),
  rooms: list(),
  sort: sorting(["name", "state"], { column: "name", descending: false }),
});

type Values = ReturnType<typeof search.validateSearch>;

function Probe() {
  // The types of routes are those of the console's own.
  const [values, change] = useRouteSearch("/" as never) as unknown as readonly [
    Values,
    (changed: Partial<Values>, options?: { readonly replace?: boolean }) => void,
  ];
  return (
    <FilterBar shown={3} total={10} onClear={() => change({ state: "all", q: "" })}>
      <output>{JSON.stringify(values)}</output>
      <SearchField value={values.q} onChange={(q) => change({ q }, { replace: true })} />
      <button type="button" onClick={() => change({ state: "disconnected", rooms: ["r1", "r2"], red: 7 })}>
        filter
      </button>
    </FilterBar>
  );
}

const open = async (address: string) => {
  const history = createMemoryHistory({ initialEntries: [address] });
  const root = createRootRoute();
  const route = createRoute({ getParentRoute: () => root, path: "/", component: Probe, ...search });
  const router = createRouter({
    routeTree: root.addChildren([route]),
    history,
    parseSearch,
    stringifySearch,
  });
  await renderPart(<RouterProvider router={router as never} />);
  await screen.findByRole("searchbox");
  return history;
};
const values = () =>
  JSON.parse(document.querySelector("output")?.textContent ?? "") as Record<string, unknown>;

it("reads what the address says, and what it says wrongly counts as absent", async () => {
  await open("/?state=nonsense&red=x&sort=-state&rooms=a,b&q=1&other=kept");
  expect(values()).toMatchObject({
    state: "all",
    q: "1",
    red: 5,
    rooms: ["a", "b"],
    sort: { column: "state", descending: true },
  });
});

it("writes into the address what differs from the usual, and going back takes it back", async () => {
  const history = await open("/?other=kept");
  await userEvent.click(screen.getByRole("button", { name: "filter" }));
  expect(history.location.search).toBe("?other=kept&state=disconnected&red=7&rooms=r1%2Cr2");
  await userEvent.type(screen.getByRole("searchbox"), "wang");
  await expect.poll(() => values().q).toBe("wang");
  await userEvent.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(history.location.search).toBe("?other=kept&red=7&rooms=r1%2Cr2");
  await expect.poll(() => screen.getByRole("searchbox")).toHaveProperty("value", "");
  await act(async () => history.back());
  await expect.poll(() => values().q).toBe("wang");
  await act(async () => history.back());
  await expect.poll(() => values().state).toBe("all");
});

it("says how many rows the filters hide", async () => {
  await open("/");
  screen.getByText("7 hidden by filters");
});
