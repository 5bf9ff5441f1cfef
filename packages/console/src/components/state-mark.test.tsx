import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { type State, StateMark, TONES } from "./state-mark.js";

// Safe: an object has the keys of its type.
const STATES = Object.keys(TONES) as State[];

describe.each(["en", "zh-CN"] as const)("in %s", (locale) => {
  it("each state has a mark, a word and a colour, and no word stands for two", async () => {
    const { container } = await renderPart(
      STATES.map((state) => (
        <li key={state}>
          <StateMark state={state} count={3} />
        </li>
      )),
      { locale },
    );
    const items = screen.getAllByRole("listitem");
    expect(new Set(items.map((item) => item.textContent)).size).toBe(STATES.length);
    expect(container.querySelectorAll("li svg[data-tone]")).toHaveLength(STATES.length);
  });
});

it("says since when, in the exam's zone", async () => {
  await renderPart(<StateMark state="disconnected" since={new Date("2020-05-06T02:07:12Z")} />);
  expect(document.querySelector("time")?.textContent).toContain("10:07:12");
  expect(document.body.textContent).toContain("Disconnected since");
});

it("calls detections red from the number that the viewer sets", async () => {
  const { draw, container } = await renderPart(<StateMark state="detections" count={4} redFrom={5} />);
  const tone = () => container.querySelector("svg")?.getAttribute("data-tone");
  expect(tone()).toBe("amber");
  await draw(<StateMark state="detections" count={5} redFrom={5} />);
  expect(tone()).toBe("red");
});
