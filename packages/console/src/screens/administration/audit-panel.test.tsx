import type { AuditEntry } from "@invigil/client";
import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { EntryPanel } from "./audit-panel.js";

const names = { exams: new Map(), rooms: new Map(), people: new Map() };
const entry: AuditEntry = {
  id: "1",
  time: new Date(0),
  actorId: "t1",
  actorRole: "teacher",
  procedure: "exam.update",
  outcome: "ok",
  times: 1,
  subject:
    "2026-01-02T01:00:00.000Z/2026-01-02T03:00:00.000Z 2026-01-02T01:00:00.000Z/2026-01-02T01:05:00.000Z",
  address: "127.0.0.1",
  entryPoint: "trpc",
  requestId: "q",
  credential: "session",
};
const factsOf = (of: AuditEntry, locale: "en" | "zh-CN") =>
  renderPart(
    <EntryPanel entry={of} title="x" names={names} onClose={() => undefined} onFilter={() => undefined} />,
    { locale, screen: "administration" },
  ).then(() =>
    Object.fromEntries(
      screen
        .getAllByRole("term")
        .map((term) => [term.textContent, term.nextElementSibling?.textContent ?? ""]),
    ),
  );

it.each([
  ["en", "Times before", "Times after"],
  ["zh-CN", "更改前的时间", "更改后的时间"],
] as const)("shows the old and the new times of an exam, in %s", async (locale, before, after) => {
  const facts = await factsOf(entry, locale);
  expect(facts[before]).toMatch(/09:00 – .*11:00$/);
  expect(facts[after]).toMatch(/09:00 – .*09:05$/);
  expect(Object.values(facts).join()).not.toContain("2026-01-02T");
});

it("shows another subject as it is", async () => {
  const facts = await factsOf({ ...entry, procedure: "audio.delete", subject: "c1" }, "en");
  expect(Object.values(facts)).toContain("c1");
  expect(facts).not.toHaveProperty("Times before");
});
