import { expect, test } from "vitest";
import { type SignalName, signalName, signals } from "../index.js";
import { nameOfType, typeOfSignal } from "./signal-types.js";

// Safe: the keys of the list are the names.
const names = Object.keys(signals) as SignalName[];

test("the numbers of the signals are those of the schemas", () => {
  expect(names.map(typeOfSignal)).toEqual(names.map((name) => signals[name].type));
  expect(names.map((name) => nameOfType(signals[name].type))).toEqual(names);
  for (const type of [0, 19_999, 20_022, 30_001]) expect(nameOfType(type)).toBe(signalName(type));
});
