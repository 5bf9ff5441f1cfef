import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { parseSearch, stringifySearch } from "../parts/search-state.js";
import { consolePath } from "./addresses.js";
import { ErrorPage, NotFoundPage } from "./error-pages.js";
import { RoomAddress } from "./room-address.js";
import { Root } from "./root.js";
import { lazyScreen } from "./screen.js";

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFoundPage,
  // Each screen reads its own part of the URL (`useSearchState`).
  validateSearch: (search: { readonly [Name in string]: unknown }): { [Name in string]?: string } =>
    Object.fromEntries(
      Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
});

const exams = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyScreen(["exams"], () => import("../screens/exams/screen.js")),
});
const overview = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId",
  component: lazyScreen(["overview", "watching"], () => import("../screens/overview/screen.js")),
});
const candidates = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/candidates",
  component: lazyScreen(["candidates", "watching"], () => import("../screens/candidates/screen.js")),
});
const candidate = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/candidates/$userId",
  component: lazyScreen(["candidate", "watching"], () => import("../screens/candidate/screen.js")),
});
const room = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/rooms/$roomId",
  component: lazyScreen(["room", "watching"], () => import("../screens/room/screen.js")),
});
const roomAddress = createRoute({
  getParentRoute: () => root,
  path: "/rooms/$roomId",
  component: RoomAddress,
});
const running = createRoute({
  getParentRoute: () => root,
  path: "/running",
  component: lazyScreen([], () => import("./running-exam.js")),
});
const records = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/records",
  component: lazyScreen(["records"], () => import("../screens/records/screen.js")),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/setup/{-$step}",
  component: lazyScreen(["setup"], () => import("../screens/setup/screen.js")),
});
const administration = createRoute({
  getParentRoute: () => root,
  path: "/admin/{-$part}",
  component: lazyScreen(["administration"], () => import("../screens/administration/screen.js")),
});

const routeTree = root.addChildren([
  exams,
  running,
  overview,
  candidates,
  candidate,
  room,
  roomAddress,
  records,
  setup,
  administration,
]);

export const createConsoleRouter = () =>
  createRouter({
    routeTree,
    basepath: consolePath(),
    parseSearch,
    stringifySearch,
    defaultErrorComponent: ErrorPage,
    scrollRestoration: false,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
