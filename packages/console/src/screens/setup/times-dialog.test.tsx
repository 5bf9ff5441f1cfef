import { createInvigilClient, type Exam } from "@invigil/client";
import { InvigilProvider } from "@invigil/react";
import { Notifications } from "@mantine/notifications";
import { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, within } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { type Locale, loadTexts } from "../../texts/texts.js";
import { type Setup, SetupContext } from "./context.js";
import { Details } from "./details.js";
import { DraftsProvider } from "./drafts.js";
import { byRoom } from "./people.js";

// jsdom has no fonts, to which boxes that grow with their text listen.
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });

const MINUTE = 60_000;
/** The beginning of an exam of two hours, an hour ago. The form knows no seconds. */
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
const at = (minutes: number) => new Date(START + minutes * MINUTE);
const clock = (minutes: number) =>
  new Intl.DateTimeFormat("en", {
    timeZone: "Asia/Shanghai",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at(minutes));

// Safe: the form and the dialog read no more of these.
const exam = {
  id: "x",
  name: "Maths",
  startTime: at(0),
  endTime: at(120),
  controlledBy: "rooms",
  cameras: "one",
  scheduledAudio: [],
  manualAudio: [],
} as unknown as Exam;
const people = (over: boolean) =>
  byRoom(
    [
      { id: "r1", status: "in_progress", createdAt: at(-600) },
      { id: "r2", status: "ended", createdAt: at(-600) },
    ] as unknown as Parameters<typeof byRoom>[0],
    [
      { userId: "a", name: "Li Na", role: "examinee", extraMinutes: 0, roomId: "r1" },
      { userId: "b", name: "王芳", role: "examinee", extraMinutes: 100, roomId: "r1" },
      { userId: "c", name: "Gone", role: "examinee", extraMinutes: 0, roomId: "r2" },
      { userId: "t", name: "Zhou", role: "teacher", extraMinutes: 0, roomId: "r1" },
    ].map((person) => ({
      ...person,
      ...(over && { attempt: { status: "finished", givesBack: false, pausedMs: 0, extendedMinutes: 0 } }),
    })) as unknown as Parameters<typeof byRoom>[1],
  );

interface Called {
  readonly path: string;
  readonly input: { readonly [Name in string]: unknown };
}

/** A server that has the times of the exam. */
const openServer = () => {
  const calls: Called[] = [];
  const times = { startTime: at(0), endTime: at(120) };
  const answer = () => ({
    result: {
      data: {
        json: { ...exam, ...times },
        meta: { values: { startTime: ["Date"], endTime: ["Date"] } },
      },
    },
  });
  const client = createInvigilClient({
    url: "http://127.0.0.1:1",
    token: "t",
    retry: false,
    batch: false,
    fetch: async (url, init) => {
      const path = new URL(String(url)).pathname.replace(/^.*\/trpc\//, "");
      if (path === "exam.update") {
        const { json } = (await new Request(url, init).json()) as { json: Called["input"] };
        calls.push({ path, input: json });
        if (typeof json.startTime === "string") times.startTime = new Date(json.startTime);
        if (typeof json.endTime === "string") times.endTime = new Date(json.endTime);
      }
      return Response.json(answer());
    },
  });
  return { client, calls, times };
};

/** The form on a page that reads the people when it is refreshed. */
function Page({ setup, found }: { setup: Setup; found: Pick<Setup, "people"> }) {
  const [read, setRead] = useState(found);
  return (
    <SetupContext value={{ ...setup, ...read, refresh: async () => setRead({ ...found }) }}>
      <DraftsProvider owner="t">
        <Details />
      </DraftsProvider>
    </SetupContext>
  );
}

const openDetails = async (locale: Locale, over = false) => {
  const server = openServer();
  const found = { people: people(over) };
  const setup: Setup = {
    examId: "x",
    exam,
    items: [],
    checkedAt: undefined,
    people: found.people,
    peopleError: undefined,
    isReadOnly: false,
    refresh: () => Promise.resolve(),
  };
  await Promise.all([loadTexts(locale, "watching"), loadTexts(locale, "setup")]);
  sessionStorage.clear();
  await renderPart(
    <InvigilProvider client={server.client} queryClient={new QueryClient()}>
      <Notifications />
      <Page setup={setup} found={found} />
    </InvigilProvider>,
    { locale, screen: "setup" },
  );
  const type = (label: string | RegExp, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  return { ...server, type, found };
};

const WORDS = {
  en: {
    minutes: "Length in minutes",
    save: "Save",
    title: "Change the times for 2 candidates?",
    over: "For 1 candidate the exam is over at once.",
    endsNow: "over at once",
    verb: "Change the times, and end it for 1",
    reason: "Reason",
    message: "Message to the candidate (optional)",
    undo: "Undo",
    again: `The times were changed again since, to ${clock(0)}–${clock(90)}. They stay as they are.`,
  },
  "zh-CN": {
    minutes: "时长（分钟）",
    save: "保存",
    title: "更改 2 名考生的考试时间？",
    over: "1 名考生的考试将立即结束。",
    endsNow: "立即结束",
    verb: "更改时间，1 人立即结束",
    reason: "原因",
    message: "给考生的说明（选填）",
    undo: "撤销",
    again: `时间之后又被改为 ${clock(0)}–${clock(90)}，未作撤销。`,
  },
} as const;

it.each(["en", "zh-CN"] as const)(
  "asks before the times of a running exam change: for whom, from when to when, and why (%s)",
  async (locale) => {
    const words = WORDS[locale];
    const { type, calls, times } = await openDetails(locale);
    type(words.minutes, "5");
    fireEvent.click(screen.getAllByRole("button", { name: words.save })[0] ?? document.body);
    const dialog = within(await screen.findByRole("dialog", { name: words.title }));
    expect(calls).toEqual([]);
    expect(dialog.getByRole("alert").textContent).toBe(words.over);
    // Those for whom it would be over come first. Who sits in a room that has ended is not concerned, nor are staff.
    const [first, second, ...others] = dialog.getAllByRole("listitem").map(({ textContent }) => textContent);
    expect(others).toEqual([]);
    for (const part of ["Li Na", clock(120), clock(5), words.endsNow]) expect(first).toContain(part);
    for (const part of ["王芳", clock(220), clock(105)]) expect(second).toContain(part);
    expect(second).not.toContain(words.endsNow);
    const button = dialog.getByRole<HTMLButtonElement>("button", { name: words.verb });
    expect(button.disabled).toBe(true);
    fireEvent.change(dialog.getByLabelText(words.reason), { target: { value: "technical" } });
    fireEvent.change(dialog.getByLabelText(words.message), { target: { value: "Fire alarm" } });
    fireEvent.click(button);
    const undo = await screen.findByRole("button", { name: words.undo });
    expect(calls).toEqual([
      {
        path: "exam.update",
        input: {
          examId: "x",
          startTime: at(0).toISOString(),
          endTime: at(5).toISOString(),
          reason: { code: "technical", message: "Fire alarm" },
        },
      },
    ]);
    expect(screen.queryByRole("dialog")).toBeNull();
    // Somebody else has changed them since.
    times.endTime = at(90);
    fireEvent.click(undo);
    await screen.findByText(words.again);
    expect(calls).toHaveLength(1);
  },
);

it("takes the change back as a mistake, with a reason of its own", async () => {
  const { type, calls } = await openDetails("en");
  type("Length in minutes", "150");
  fireEvent.click(screen.getAllByRole("button", { name: "Save" })[0] ?? document.body);
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.queryByRole("alert")).toBeNull();
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "technical" } });
  fireEvent.click(dialog.getByRole("button", { name: "Change the times" }));
  fireEvent.click(await screen.findByRole("button", { name: "Undo" }));
  await screen.findByText("Undone.");
  expect(calls.map(({ input }) => input)).toMatchObject([
    { endTime: at(150).toISOString(), reason: { code: "technical" } },
    { startTime: at(0).toISOString(), endTime: at(120).toISOString(), reason: { code: "mistake" } },
  ]);
});

it("asks for no reason where the change concerns nobody", async () => {
  const { type, calls } = await openDetails("en", true);
  type("Length in minutes", "5");
  fireEvent.click(screen.getAllByRole("button", { name: "Save" })[0] ?? document.body);
  const dialog = within(await screen.findByRole("dialog", { name: "Change the times?" }));
  dialog.getByText("It changes nothing for anybody who is in the exam.");
  expect(dialog.queryByLabelText("Reason")).toBeNull();
  fireEvent.click(dialog.getByRole("button", { name: "Change the times" }));
  await screen.findByRole("button", { name: "Undo" });
  expect(calls[0]?.input).not.toHaveProperty("reason");
});

it("asks again when it would be over for others than were shown, and keeps the reason", async () => {
  const { type, calls, found } = await openDetails("en");
  type("Length in minutes", "5");
  fireEvent.click(screen.getAllByRole("button", { name: "Save" })[0] ?? document.body);
  const dialog = within(await screen.findByRole("dialog"));
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "technical" } });
  const [first, ...others] = found.people.entries;
  if (first) found.people = { ...found.people, entries: [{ ...first, extraMinutes: 100 }, ...others] };
  fireEvent.click(dialog.getByRole("button", { name: "Change the times, and end it for 1" }));
  await dialog.findByText("This has changed since you were asked. Check it, and confirm again.");
  expect(calls).toEqual([]);
  fireEvent.click(dialog.getByRole("button", { name: "Change the times" }));
  await expect.poll(() => calls).toMatchObject([{ input: { reason: { code: "technical" } } }]);
});
