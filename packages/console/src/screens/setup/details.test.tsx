import { createInvigilClient, type Exam } from "@invigil/client";
import { InvigilProvider, useInvigil } from "@invigil/react";
import { QueryClient } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { loadTexts } from "../../texts/texts.js";
import { type Setup, SetupContext } from "./context.js";
import { Details } from "./details.js";
import { DraftsProvider } from "./drafts.js";

// jsdom has no fonts, to which boxes that grow with their text listen.
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });

const examId = "x";
// Safe: the step reads no more of it.
const exam = {
  id: examId,
  name: "Maths",
  startTime: new Date("2026-01-02T01:00:00Z"),
  endTime: new Date("2026-01-02T03:00:00Z"),
  controlledBy: "rooms",
  cameras: "one",
  scheduledAudio: [],
  manualAudio: [],
} as unknown as Exam;
const setup: Setup = {
  examId,
  exam,
  items: [],
  checkedAt: undefined,
  people: undefined,
  peopleError: undefined,
  isReadOnly: false,
  refresh: () => Promise.resolve(),
};
const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });

/** Puts into the cache what the server would answer. */
function Answers({ usesCandidatePage, children }: { usesCandidatePage: boolean; children: ReactNode }) {
  const invigil = useInvigil();
  useState(() => {
    queryClient.setQueryData(invigil.installation.info.queryKey(), {
      auth: "required",
      isDemo: false,
      timeZone: "Asia/Shanghai",
      canWatch: usesCandidatePage,
      usesCandidatePage,
      restoreDays: 7,
    });
    queryClient.setQueryData(invigil.exam.consent.queryKey({ examId }), { version: 0 });
    queryClient.setQueryData([...invigil.cheat.getConfig.queryKey({ examId })], { data: "" });
  });
  return children;
}

it.each([
  [true, { page: true, app: false }],
  [false, { page: false, app: true }],
])("shows one list of what is detected: of the page or the app in use (page: %s)", async (page, shown) => {
  queryClient.clear();
  await loadTexts("en", "watching");
  const client = createInvigilClient({ url: "http://127.0.0.1:1", token: "t", retry: false });
  await renderPart(
    <InvigilProvider client={client} queryClient={queryClient}>
      <Answers usesCandidatePage={page}>
        <SetupContext value={setup}>
          <DraftsProvider owner="t">
            <Details />
          </DraftsProvider>
        </SetupContext>
      </Answers>
    </InvigilProvider>,
    { screen: "setup" },
  );
  expect({
    page: screen.queryByRole("checkbox", { name: "Left the page" }) !== null,
    app: screen.queryByRole("checkbox", { name: "Several people, PC" }) !== null,
  }).toEqual(shown);
});
