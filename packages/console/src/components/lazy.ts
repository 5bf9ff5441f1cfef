import { type ComponentType, lazy } from "react";
import { loadAhead } from "./idle.js";

/**
 * A part that is loaded when it is first shown, or before, when the browser has nothing else to do: what a person opens is then there at
 * once, also while the network is away.
 */
export const lazyComponent = <Props extends object>(
  load: () => Promise<{ readonly default: ComponentType<Props> }>,
) => {
  loadAhead(load);
  return lazy(load);
};
