import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { cutEntry, pageEntry, staffEntries } from "../../live/timeline.js";
import { Feed } from "./feed.js";

it.each([
  ["en", "Before this, the list of who came and left is incomplete"],
  ["zh-CN", "在此之前的上线和掉线记录已不完整"],
] as const)("says below what happened from when on it knows, in %s", async (locale, words) => {
  const since = new Date("2026-01-02T03:04:05Z");
  await renderPart(
    <Feed
      label="What happened"
      entries={[pageEntry({ userId: "e1", camera: "main", since }), cutEntry(since)]}
      place="Hall A"
      nameOf={() => "王芳"}
      hasOlder={false}
      isLoadingOlder={false}
      onOlder={() => undefined}
      empty=""
    />,
    { locale, screen: "watching" },
  );
  const lines = screen.getAllByRole("listitem").map(({ textContent }) => textContent);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain("王芳");
  expect(lines[1]).toContain("11:04:05");
  expect(lines[1]).toContain(words);
});

it.each([
  [
    "en",
    undefined,
    "Zhou changed the end of the exam of 2 candidates from 11:00 to 10:40: Technical problem",
  ],
  [
    "en",
    "e1",
    "Zhou changed the end of the exam from 11:00 to 10:40; it begins at 09:00 instead of 08:00: Technical problem",
  ],
  ["zh-CN", undefined, "Zhou将 2 名考生的考试结束时间由 11:00 改为 10:40（技术故障）"],
  ["zh-CN", "e1", "Zhou将考试结束时间由 11:00 改为 10:40；开始时间由 08:00 改为 09:00（技术故障）"],
] as const)(
  "says from when to when the times of an exam were changed, in %s, of %s",
  async (locale, own, words) => {
    const at = (time: string) => new Date(`2026-01-02T${time}+08:00`);
    const told = ["e1", "e2"].map((userId, id) => ({
      id,
      userId,
      kind: "times" as const,
      by: { userId: "t1", role: "teacher" as const, name: "Zhou" },
      reason: "technical" as const,
      message: "Fire alarm",
      time: at("10:00"),
      ends: { from: at("11:00"), to: at("10:40") },
      ...(own && { starts: { from: at("08:00"), to: at("09:00") } }),
    }));
    await renderPart(
      <Feed
        label="What happened"
        entries={staffEntries(own ? told.slice(0, 1) : told)}
        place="Hall A"
        nameOf={(userId) => (userId === "t1" ? "Zhou" : "王芳")}
        {...(own && { own })}
        hasOlder={false}
        isLoadingOlder={false}
        onOlder={() => undefined}
        empty=""
      />,
      { locale, screen: "watching" },
    );
    const lines = screen.getAllByRole("listitem").map(({ textContent }) => textContent);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(words);
    expect(lines[0]).toContain("Fire alarm");
  },
);
