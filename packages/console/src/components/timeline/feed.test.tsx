import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { cutEntry, pageEntry } from "../../live/timeline.js";
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
