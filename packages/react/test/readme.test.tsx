import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { InvigilProvider } from "../src/index.js";
import { Room } from "./five-lines.js";
import { fixture, TEACHER } from "./world.js";

const read = (path: string) => readFileSync(join(resolve(import.meta.dirname, ".."), path), "utf8");

test("the README shows a live room of five lines, which compiles and works", async () => {
  const [, shown = ""] = /^```tsx\n(.*?)^```$/ms.exec(read("README.md")) ?? [];
  expect(shown.trim().split("\n")).toHaveLength(5);
  expect(read("test/five-lines.tsx")).toContain(shown);

  await using at = await fixture();
  const client = await at.client(TEACHER);
  render(
    <InvigilProvider client={client}>
      <Room roomId={at.room.id} />
    </InvigilProvider>,
  );
  await screen.findByText("E1");
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e4", name: "Wang Fang", role: "examinee" }],
  });
  await screen.findByText("Wang Fang");
  await screen.findByLabelText("live");
});
