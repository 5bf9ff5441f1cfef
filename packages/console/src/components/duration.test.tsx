import { screen } from "@testing-library/react";
import { it } from "vitest";
import { renderPart } from "../../test/render.js";
import { useLength } from "./duration.js";

const MINUTE = 60_000;

function Lengths({ of }: { of: readonly number[] }) {
  const length = useLength();
  return <p>{of.map(length).join(", ")}</p>;
}

it.each([
  ["en", "0 min, 1 min, 59 min, 1 h, 2 h 5 min, 1 d, 1 d 20 h"],
  ["zh-CN", "0 分钟, 1 分钟, 59 分钟, 1 小时, 2 小时 5 分钟, 1 天, 1 天 20 小时"],
] as const)("says a length in words, in %s", async (locale, words) => {
  const lengths = [-1, 0.1, 59, 60, 125, 1440, 44 * 60].map((minutes) => minutes * MINUTE);
  await renderPart(<Lengths of={lengths} />, { locale });
  screen.getByText(words);
});
