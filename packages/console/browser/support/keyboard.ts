import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** The element that has the focus, and whether a person sees that it has. */
const lookAtFocus = (page: Page) =>
  page.evaluate(async () => {
    // The outline fades in, by one frame at least. Spinners never end.
    await Promise.allSettled(
      document
        .getAnimations()
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY)
        .map(({ finished }) => finished),
    );
    const element = document.activeElement;
    // Between the end of the page and its begin, the focus is at the browser's own buttons.
    if (!element || element === document.body) return { what: "the browser", isSeen: true };
    const what = element.outerHTML.slice(0, 120);
    const hasRing = (one: Element | null): boolean => {
      if (!one) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      const { width, height, bottom, right, top, left } = one.getBoundingClientRect();
      const isInside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      return (
        outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 && width > 1 && height > 1 && isInside
      );
    };
    // Fields have a border of another colour.
    const hasBorder = (): boolean => {
      if (!element.matches("input, textarea, select")) return false;
      const probe = document.createElement("i");
      probe.style.color = "var(--input-bd-focus)";
      element.after(probe);
      const { color } = getComputedStyle(probe);
      probe.remove();
      const field = element.closest("[class*=Input-input]") ?? element;
      return getComputedStyle(field).borderTopColor === color;
    };
    // Choices and fields for files are hidden, and what stands around or beside them shows it.
    const isSeen =
      hasRing(element) ||
      hasRing(element.closest("label")) ||
      hasRing(element.nextElementSibling) ||
      hasBorder();
    return { what, isSeen };
  });

export const hasFocus = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element === document.activeElement);

/** Presses Tab until an element has the focus, and sees at each stop that the focus is visible. */
export const tabTo = async (target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> => {
  const page = target.page();
  await target.waitFor({ state: "attached" });
  const stops: string[] = [];
  while (!(await hasFocus(target))) {
    await page.keyboard.press(key);
    const { what, isSeen } = await lookAtFocus(page);
    stops.push(what);
    expect(isSeen, `the focus is seen at ${what}`).toBe(true);
    if (stops.length > 120)
      throw new Error(`Tab does not lead to ${String(target)}, but to ${stops.slice(-20).join(" ")}`);
  }
};

/** Goes to a button or link by Tab, and presses it. */
export const pressByKey = async (target: Locator): Promise<void> => {
  await tabTo(target);
  await target.page().keyboard.press("Enter");
};

/** Writes with an input method: the text is composed, confirmed by Enter, and then there. */
export const compose = async (page: Page, { typed, chosen }: { typed: string; chosen: string }) => {
  const session = await page.context().newCDPSession(page);
  const { length } = typed;
  await session.send("Input.imeSetComposition", {
    text: typed,
    selectionStart: length,
    selectionEnd: length,
  });
  // The key that ends a composition, as input methods send it.
  await session.send("Input.dispatchKeyEvent", {
    type: "rawKeyDown",
    key: "Enter",
    code: "Enter",
    windowsVirtualKeyCode: 229,
  });
  await session.send("Input.insertText", { text: chosen });
  await session.send("Input.dispatchKeyEvent", {
    type: "keyUp",
    key: "Enter",
    code: "Enter",
    windowsVirtualKeyCode: 13,
  });
  await session.detach();
};
