import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { useLabels } from "./labels.js";

const PEOPLE = [
  { userId: "e1", name: "Li Wei" },
  { userId: "e2", name: " ｌｉ  wei" },
  { userId: "e3", name: "Li Wen" },
  { userId: "t1", name: "Zhou" },
  // Of two rooms.
  { userId: "t1", name: "Zhou" },
];

function Labels() {
  return [...useLabels(PEOPLE)].map(([userId, label]) => <li key={userId}>{label}</li>);
}

describe("what people are called", () => {
  it.each([
    ["en", ["Li Wei (e1)", "ｌｉ  wei (e2)", "Li Wen", "Zhou"]],
    ["zh-CN", ["Li Wei（e1）", "ｌｉ  wei（e2）", "Li Wen", "Zhou"]],
  ] as const)("is the name, with the id where another has the same name, in %s", async (locale, labels) => {
    await renderPart(<Labels />, { locale });
    expect(screen.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual(labels);
  });
});
