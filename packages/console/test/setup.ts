import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Mantine and the table ask a browser for things that jsdom lacks: media queries, observers, and sizes, because it draws nothing.
const media = (query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {},
});
Object.defineProperty(window, "matchMedia", { configurable: true, value: media });
Object.defineProperty(globalThis, "ResizeObserver", {
  configurable: true,
  value: class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
});
const sizes = { offsetWidth: 1000, clientWidth: 1000, offsetHeight: 349, clientHeight: 349 };
for (const [name, value] of Object.entries(sizes))
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
Element.prototype.scrollTo = () => undefined;
Element.prototype.scrollIntoView = () => undefined;

// Longer than a busy machine takes. The default is a second.
configure({ asyncUtilTimeout: 60_000 });
afterEach(() => {
  cleanup();
  localStorage.clear();
});
