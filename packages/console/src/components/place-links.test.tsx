import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from "@tanstack/react-router";
import { createEvent, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { PersonLink, RoomLink } from "./place-links.js";

const base = document.createElement("base");
base.href = "/below/console/";
beforeEach(() => document.head.append(base));
afterEach(() => base.remove());

const EXAM = "e/1";
/** A console below a path, as behind a proxy, with a link to each place. */
const open = async () => {
  const root = createRootRoute({
    component: () => (
      <>
        <PersonLink examId={EXAM} userId="王 芳?">
          person
        </PersonLink>
        <RoomLink examId={EXAM} roomId="r1">
          room
        </RoomLink>
        <Outlet />
      </>
    ),
  });
  const routeTree = root.addChildren(
    ["/exams/$examId/candidates/$userId", "/exams/$examId/rooms/$roomId"].map((path) =>
      createRoute({ getParentRoute: () => root, path, component: () => path }),
    ),
  );
  const history = createMemoryHistory({ initialEntries: ["/below/console/"] });
  const router = createRouter({ routeTree, history, basepath: "/below/console/" });
  await renderPart(<RouterProvider router={router as never} />);
  return { history, link: (name: string) => screen.findByRole<HTMLAnchorElement>("link", { name }) };
};
const ADDRESS = "/below/console/exams/e%2F1/candidates/%E7%8E%8B%20%E8%8A%B3%3F";

it("has the address of its place, which opens tabs and windows", async () => {
  const { history, link } = await open();
  const person = await link("person");
  expect(person.pathname).toBe(ADDRESS);
  expect((await link("room")).pathname).toBe("/below/console/exams/e%2F1/rooms/r1");
  for (const how of [{ ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { button: 1 }]) {
    const click = createEvent.click(person, how);
    fireEvent(person, click);
    expect(click.defaultPrevented).toBe(false);
  }
  expect(history.location.href).toBe("/below/console/");
});

it("leads there at a click, without reloading the page", async () => {
  const { history, link } = await open();
  const click = createEvent.click(await link("person"));
  fireEvent(await link("person"), click);
  expect(click.defaultPrevented).toBe(true);
  await screen.findByText("/exams/$examId/candidates/$userId");
  expect(history.location.pathname).toBe(ADDRESS);
});
