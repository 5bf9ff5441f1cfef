import { describe, expect, it } from "vitest";
import { MAX_RECEIVERS, sendMessageInput } from "./messages.js";
import { signals } from "./signals.js";

it("the length of a list of logins is judged before any of them is read", () => {
  let isRead = false;
  const trap = {
    get length() {
      isRead = true;
      return 0;
    },
  };
  const { success, error } = sendMessageInput.safeParse({
    roomId: "r",
    type: 30_001,
    data: {},
    to: Array.from({ length: MAX_RECEIVERS + 1 }, (_, index) => (index === 0 ? trap : "x")),
  });
  expect({ success, issues: error?.issues.map(({ message }) => message), isRead }).toEqual({
    success: false,
    issues: [`must be at most ${MAX_RECEIVERS} logins`],
    isRead: false,
  });
});

const read = (sent: object) => sendMessageInput.safeParse({ roomId: "r", type: 30_001, ...sent });
const faultsIn = (sent: object) =>
  read(sent).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

describe("a message that is sent", () => {
  it.each([[{ a: [1, null, "x"] }], ["text"], [0], [null], [false], ["\u0000 \uD800"], [deep(31)]])(
    "says %j",
    (data) => {
      expect(read({ data }).data).toEqual({
        roomId: "r",
        type: 30_001,
        camera: "main",
        text: JSON.stringify(data),
      });
    },
  );

  it("keeps its text byte for byte", () => {
    const text = '{ "n": 1.0,\t"big": 12345678901234567890 }';
    expect(read({ text }).data?.text).toBe(text);
  });

  it.each([
    [{}, "data is required"],
    [{ data: 1, text: "1" }, "text must not be sent together with data"],
    [{ text: "{" }, "text must be JSON"],
    [{ text: '{"a":{"__proto__":1}}' }, "text must not use the name '__proto__'"],
    [{ data: { constructor: 1 } }, "data must not use the name 'constructor'"],
    [{ data: deep(32) }, "data must not be nested deeper than 32 levels"],
    [{ data: Number.NaN }, "data must contain only finite numbers"],
    [{ data: 1n }, "data must be JSON"],
    [{ data: { at: new Date(0) } }, "data must be JSON"],
    [{ type: 30_000, data: {} }, "type must be a signal's number, or above 30000"],
    [
      { type: signals.startCall.type, data: { sid: 1 } },
      "data does not match the signal startCall: sid Invalid input: expected string, received number",
    ],
    [
      { type: signals.startCall.type, text: '{"sid":"1","more":{"prototype":1}}' },
      "text must not use the name 'prototype'",
    ],
  ])("is refused: %o", (sent, fault) => {
    expect(faultsIn(sent)).toEqual([fault]);
  });
});
