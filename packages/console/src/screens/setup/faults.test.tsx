// @vitest-environment jsdom
import { rosterFaultCodes } from "@invigil/schema";
import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { FaultSheet } from "./faults.js";

const fault = (row: number, cell: number, code: (typeof rosterFaultCodes)[number], detail?: string) => ({
  row,
  cell,
  column: "",
  value: "",
  person: "",
  code,
  detail,
  reason: `${code} ${row}`,
});

it("shows the sheet as it is, marks the cells, and says what is wrong with each", async () => {
  const sheet = {
    header: ["学号", "姓名"],
    rows: [
      { row: 2, cells: ["1001", "王芳"] },
      { row: 3, cells: ["1001", ""] },
    ],
  };
  await renderPart(
    <FaultSheet sheet={sheet} faults={[fault(3, 0, "repeated", "2"), fault(3, 1, "missing")]} />,
    {
      locale: "zh-CN",
      screen: "setup",
    },
  );
  const marked = screen.getAllByRole("cell").filter((cell) => "fault" in cell.dataset);
  expect(marked.map(({ textContent }) => textContent)).toEqual(["1001", ""]);
  const why = document.getElementById(marked[0]?.getAttribute("aria-describedby") ?? "");
  expect(
    within(why ?? document.body)
      .getAllByText(/./, { selector: "p" })
      .map(({ textContent }) => textContent),
  ).toEqual(["A3 学号 与第 2 行重复", "B3 姓名 不能为空"]);
});

it.each(["en", "zh-CN"] as const)("has words for every fault, in %s", async (locale) => {
  const sheet = { header: ["id"], rows: rosterFaultCodes.map((_, n) => ({ row: n + 2, cells: ["x"] })) };
  const faults = rosterFaultCodes.map((code, n) =>
    fault(n + 2, 0, code, code === "other_role" ? "teacher" : undefined),
  );
  await renderPart(<FaultSheet sheet={sheet} faults={faults} />, { locale, screen: "setup" });
  const said = [...document.querySelectorAll("p")].map(({ textContent }) => textContent);
  expect(said).toHaveLength(rosterFaultCodes.length);
  for (const text of said) expect(text).not.toContain("setup.roster");
  if (locale === "zh-CN") for (const text of said) expect(text).toMatch(/\p{Script=Han}/u);
});
