import { describe, expect, it } from "vitest";
import { socketUrl } from "./app-sign.js";
import { ImErrors } from "./errors.js";

const sign = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("socketUrl", () => {
  it.each([
    ["http://127.0.0.1:7001", "ws://127.0.0.1:7001/im"],
    ["https://exam.example", "wss://exam.example/im"],
    ["https://exam.example/proctor/", "wss://exam.example/proctor/im"],
    ["https://prüfung.example/試/??>>~", "wss://prüfung.example/試/??>>~/im"],
  ])("is derived from %s: %s", (url, socket) => {
    expect(socketUrl(sign({ v: 1, url }))).toBe(socket);
  });

  it.each([
    undefined,
    "",
    "demo sign",
    "gibberish",
    sign(null),
    sign({ v: 2, url: "https://exam.example" }),
    sign({ v: 1 }),
    sign({ v: 1, url: "javascript:alert(1)" }),
    Buffer.from([0xff, 0xfe]).toString("base64url"),
  ])("refuses %j", (appSign) => {
    expect(() => socketUrl(appSign)).toThrow(expect.objectContaining({ code: ImErrors.ERROR_INVALID_PARAM }));
  });
});
