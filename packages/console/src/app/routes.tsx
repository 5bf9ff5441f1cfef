import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { parseSearch, stringifySearch } from "../components/search.js";
import { search as administrationSearch } from "../screens/administration/search.js";
import { search as candidateSearch } from "../screens/candidate/search.js";
import { search as candidatesSearch } from "../screens/candidates/search.js";
import { search as examsSearch } from "../screens/exams/search.js";
import { search as recordsSearch } from "../screens/records/search.js";
import { search as roomSearch } from "../screens/room/search.js";
import { search as setupSearch } from "../screens/setup/search.js";
import { consolePath } from "./addresses.js";
import { ErrorPage, NotFoundPage } from "./error-pages.js";
import { RoomAddress } from "./room-address.js";
import { Root } from "./root.js";
import { type LazyScreen, lazyScreen } from "./screen.js";

/** A screen of an exam. When one is shown, the others are loaded ahead: each opens at once then, and also without a network. */
const ofExam = (...[texts, load]: Parameters<typeof lazyScreen>): LazyScreen =>
  lazyScreen(texts, load, () => Object.values(EXAM_SCREENS));
const EXAM_SCREENS = {
  overview: ofExam(["overview", "watching"], () => import("../screens/overview/screen.js")),
  candidates: ofExam(["candidates", "watching"], () => import("../screens/candidates/screen.js")),
  candidate: ofExam(["candidate", "watching"], () => import("../screens/candidate/screen.js")),
  room: ofExam(["room", "watching"], () => import("../screens/room/screen.js")),
  records: ofExam(["records"], () => import("../screens/records/screen.js")),
  setup: ofExam(["setup", "watching"], () => import("../screens/setup/screen.js")),
};

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFoundPage,
});

const exams = createRoute({
  getParentRoute: () => root,
  path: "/",
  ...examsSearch,
  component: lazyScreen(["exams"], () => import("../screens/exams/screen.js")),
});
const overview = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId",
  component: EXAM_SCREENS.overview,
});
const candidates = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/candidates",
  ...candidatesSearch,
  component: EXAM_SCREENS.candidates,
});
const candidate = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/candidates/$userId",
  ...candidateSearch,
  component: EXAM_SCREENS.candidate,
});
const room = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/rooms/$roomId",
  ...roomSearch,
  component: EXAM_SCREENS.room,
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
  ...recordsSearch,
  component: EXAM_SCREENS.records,
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/exams/$examId/setup/{-$step}",
  ...setupSearch,
  component: EXAM_SCREENS.setup,
});
const administration = createRoute({
  getParentRoute: () => root,
  path: "/admin/{-$part}",
  ...administrationSearch,
  component: lazyScreen(["administration", "audit"], () => import("../screens/administration/screen.js")),
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
