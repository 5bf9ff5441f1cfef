import { act, fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { SearchField } from "./filter-bar.js";

/** A page whose address follows later, as when it is busy. */
let come: (text: string) => void;
const passedOn = vi.fn<(text: string) => void>();
function SlowPage() {
  const [text, setText] = useState("");
  come = setText;
  return <SearchField value={text} onChange={passedOn} />;
}

it("keeps what was typed since an earlier text came back, and follows the address otherwise", async () => {
  await renderPart(<SlowPage />);
  const field = screen.getByRole("searchbox");
  for (const value of ["o", "ou", "ouy"]) {
    fireEvent.change(field, { target: { value } });
    await expect.poll(() => passedOn.mock.lastCall).toEqual([value]);
  }
  for (const text of ["o", "ou", "ouy"]) {
    act(() => come(text));
    expect(field).toHaveProperty("value", "ouy");
  }
  // Going back, and clearing the filters.
  for (const text of ["ou", ""]) {
    act(() => come(text));
    expect(field).toHaveProperty("value", text);
  }
});
