import { createInvigilClient } from "@invigil/client";
import { InvigilProvider } from "@invigil/react";
import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import type { ControlAct } from "./acts.js";
import { ControlDialog } from "./control.js";

// jsdom has no fonts, to which boxes that grow with their text listen.
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });

const MINUTE = 60_000;
const at = (minutes: number) => Date.UTC(2026, 11, 3, 9) + minutes * MINUTE;
const attemptOf = (more: object = {}) => ({
  status: "running",
  givesBack: true,
  pausedMs: 0,
  extendedMinutes: 0,
  ...more,
});
const changed = (userId: string, endsIn: number, attempt: object = {}) => ({
  userId,
  outcome: "changed",
  attempt: attemptOf(attempt),
  endsAt: at(endsIn),
});
const over = (userId: string, status: string) => ({
  userId,
  outcome: "refused",
  refusal: "over",
  attempt: attemptOf({ status }),
  endsAt: at(60),
});
type Answer = ReturnType<typeof changed | typeof over>;

/** A server that answers decisions with what `room` says of each room. */
const openServer = () => {
  const room: { [Id in string]: readonly Answer[] | "away" | "ended" } = {};
  /** The decisions that were more than a question. */
  const decided: { readonly path: string; readonly roomId: string; readonly reason: object }[] = [];
  const answer = (data: unknown) => Response.json({ result: { data } });
  const client = createInvigilClient({
    url: "http://127.0.0.1:1",
    token: "t",
    retry: false,
    batch: false,
    fetch: async (url, init) => {
      const path = new URL(String(url)).pathname.replace(/^.*\/trpc\//, "");
      if (path === "exam.get")
        return answer({
          json: { id: "x", controlledBy: "rooms", startTime: at(0), endTime: at(60) },
          meta: { values: { startTime: ["Date"], endTime: ["Date"] } },
        });
      const { json } = (await new Request(url, init).json()) as {
        json: { readonly roomId: string; readonly dryRun?: boolean; readonly reason: object };
      };
      const people = room[json.roomId] ?? [];
      if (people === "away") throw new TypeError("Failed to fetch");
      if (people === "ended")
        return Response.json(
          {
            error: {
              json: {
                message: "ended",
                code: -32009,
                data: { code: "CONFLICT", httpStatus: 409, path, reason: "ROOM_ENDED", requestId: "r1" },
              },
            },
          },
          { status: 409 },
        );
      if (!json.dryRun) decided.push({ path, roomId: json.roomId, reason: json.reason });
      return answer({
        json: { people: people.map((one) => ({ ...one, endsAt: new Date(one.endsAt) })), remaining: 0 },
        meta: { values: Object.fromEntries(people.map((_, n) => [`people.${n}.endsAt`, ["Date"]])) },
      });
    },
  });
  return { client, room, decided };
};

const PERSON = { id: "e1", userId: "e1", name: "王芳", roomId: "r1" };
const ROOMS = [
  { id: "r1", name: "Hall 1" },
  { id: "r2", name: "Hall 2" },
];
const CHANGED = "This has changed since you were asked. Check it, and confirm again.";

const openDialog = async (
  kind: ControlAct,
  receivers: readonly (typeof PERSON | (typeof ROOMS)[number])[],
  before: ReturnType<typeof openServer>["room"],
) => {
  const { client, room, decided } = openServer();
  Object.assign(room, before);
  const onClose = vi.fn();
  await renderPart(
    <InvigilProvider client={client} queryClient={new QueryClient()}>
      <ControlDialog
        kind={kind}
        of={receivers === ROOMS ? "rooms" : "people"}
        receivers={receivers}
        roomOf={(one) => ("roomId" in one ? one.roomId : one.id)}
        examId="x"
        onClose={onClose}
      />
    </InvigilProvider>,
    { screen: "watching" },
  );
  const dialog = within(screen.getByRole("dialog"));
  const choose = (name: string) => fireEvent.click(dialog.getByRole("radio", { name }));
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "technical" } });
  return { dialog, choose, room, decided, onClose };
};

it.each([
  ["ended", [over("e1", "terminated")], "Their exam has ended. Reopen it first."],
  ["paused", [{ ...changed("e1", 60, { status: "paused" }), outcome: "unchanged" }], "no change"],
  ["extended", [changed("e1", 75, { status: "paused", extendedMinutes: 15 })], "18:15"],
] as const)("asks again about a candidate whom another invigilator has %s since", async (_, after, says) => {
  const { dialog, choose, room, decided, onClose } = await openDialog("time", [PERSON], {
    r1: [changed("e1", 60, { status: "paused", givesBack: true })],
  });
  choose("Pause");
  fireEvent.change(dialog.getByLabelText("Message to the candidate (optional)"), {
    target: { value: "Please wait." },
  });
  await dialog.findByText("This changes 1 candidate.");
  room.r1 = after;
  const pause = dialog.getByRole("button", { name: "Pause" });
  await userEvent.dblClick(pause);
  expect((await dialog.findByText(CHANGED)).getAttribute("role")).toBe("alert");
  expect(dialog.getByRole("list").textContent).toContain(says);
  expect(decided).toEqual([]);
  await userEvent.dblClick(pause);
  await expect
    .poll(() => decided)
    .toMatchObject([{ path: "attempt.pause", reason: { code: "technical", message: "Please wait." } }]);
  expect(onClose.mock.calls.length).toBe(says.startsWith("Their") ? 0 : 1);
});

it("does not ask again because time has passed, which is given back", async () => {
  const { dialog, room, decided } = await openDialog("reopen", [PERSON], {
    r1: [changed("e1", 65, { pausedMs: 5 * MINUTE })],
  });
  await dialog.findByText("This changes 1 candidate.");
  room.r1 = [changed("e1", 67, { pausedMs: 7 * MINUTE })];
  await userEvent.dblClick(dialog.getByRole("button", { name: "Reopen their exam" }));
  await expect.poll(() => decided).toMatchObject([{ path: "attempt.reopen" }]);
});

it("asks again about rooms when one has ended or somebody has come, and not when people finish", async () => {
  const { dialog, choose, room, decided } = await openDialog("time", ROOMS, {
    r1: [changed("e1", 60), changed("e2", 60)],
    r2: [changed("e3", 60)],
  });
  choose("Pause");
  await dialog.findByText("This changes 3 candidates.");
  room.r1 = "ended";
  const pause = dialog.getByRole("button", { name: "Pause" });
  await userEvent.click(pause);
  await dialog.findByText(CHANGED);
  dialog.getByText("This changes 1 candidate.");
  dialog.getByText("The room has ended. An administrator can reopen it.");
  room.r2 = [changed("e3", 60), changed("e4", 60)];
  await userEvent.click(pause);
  await dialog.findByText("This changes 2 candidates.");
  expect(decided).toEqual([]);
  room.r2 = [over("e3", "finished"), changed("e4", 60)];
  await userEvent.click(pause);
  await expect.poll(() => decided).toMatchObject([{ roomId: "r2" }]);
});

it("says why it was not done when the server cannot be asked, and keeps what was typed", async () => {
  const { dialog, choose, room, decided } = await openDialog("time", [PERSON], { r1: [changed("e1", 60)] });
  choose("Pause");
  const message = dialog.getByLabelText<HTMLTextAreaElement>("Message to the candidate (optional)");
  fireEvent.change(message, { target: { value: "Please wait." } });
  await dialog.findByText("This changes 1 candidate.");
  const before = room.r1 ?? [];
  room.r1 = "away";
  const pause = dialog.getByRole("button", { name: "Pause" });
  await userEvent.click(pause);
  await dialog.findByText("This was not done");
  expect([message.value, message.isConnected]).toEqual(["Please wait.", true]);
  room.r1 = before;
  await userEvent.click(pause);
  await expect
    .poll(() => decided)
    .toMatchObject([{ reason: { code: "technical", message: "Please wait." } }]);
});
