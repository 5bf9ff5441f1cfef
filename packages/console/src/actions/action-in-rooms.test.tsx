import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { ActionInRooms } from "./action-in-rooms.js";

it("asks again when people have been moved or removed, and names them", async () => {
  const calls: [string, readonly string[]][] = [];
  const targets = ["Wang Fang", "Li Wei", "Zhao Min"].map((name) => ({ id: name, name }));
  const part = (rooms: { readonly [Name in string]: string }) => (
    <ActionInRooms
      title="?"
      action="Give"
      targets={targets}
      roomOf={({ id }) => rooms[id]}
      run={async (batch, roomId) => {
        calls.push([roomId, batch.map(({ id }) => id)]);
        return undefined;
      }}
      onClose={() => undefined}
    />
  );
  const { draw } = await renderPart(part({ "Wang Fang": "r1", "Li Wei": "r1", "Zhao Min": "r1" }), {
    screen: "watching",
  });
  await draw(part({ "Wang Fang": "r1", "Li Wei": "r2" }));
  const give = screen.getByRole("button", { name: "Give" });
  await userEvent.click(give);
  expect(screen.getByRole("alert").textContent).toContain("This has changed since you were asked.");
  const { textContent } = screen.getByRole("dialog");
  expect(textContent).toContain("Zhao Min · No longer in the room: others moved or removed them.");
  expect(textContent).toContain("Li Wei · Others have moved them to another room.");
  expect(calls).toEqual([]);
  await userEvent.click(give);
  await screen.findByText("1 of 3 failed.", { selector: "p" });
  expect(calls).toEqual([
    ["r1", ["Wang Fang"]],
    ["r2", ["Li Wei"]],
  ]);
});
