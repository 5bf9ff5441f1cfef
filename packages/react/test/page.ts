import { JSDOM } from "jsdom";
import type { Environment } from "vitest/runtime";

/** What a page has of its own although Node has it, too. */
const OF_THE_PAGE = ["navigator", "localStorage", "sessionStorage"];

/**
 * A page in which the server runs as well, with Node's own classes: vitest's jsdom replaces those that they share, and the server's libraries
 * compare with them.
 */
const page: Environment = {
  name: "page",
  viteEnvironment: "ssr",
  setup(global: Record<string, unknown>) {
    const { window } = new JSDOM("<!doctype html><body></body>", {
      url: "http://localhost/",
      pretendToBeVisual: true,
    });
    const names = Object.getOwnPropertyNames(window).filter(
      (name) => !(name in global) || OF_THE_PAGE.includes(name),
    );
    const before = new Map(names.map((name) => [name, Object.getOwnPropertyDescriptor(global, name)]));
    for (const name of names)
      Object.defineProperty(global, name, {
        configurable: true,
        writable: true,
        value: window[name as keyof typeof window],
      });
    return {
      teardown() {
        for (const [name, descriptor] of before) {
          if (descriptor) Object.defineProperty(global, name, descriptor);
          else delete global[name];
        }
        window.close();
      },
    };
  },
};
export default page;
