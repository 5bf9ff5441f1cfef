import { type SignalName, signals } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { StoredMessage } from "../im/service.js";
import { COMMANDS, stillTrue } from "./replay.js";

const NOW = Date.parse("2026-01-02T03:04:05Z");

interface Given {
  readonly sid?: string;
  readonly to?: readonly string[];
  readonly agoMs?: number;
  readonly by?: "server";
}
/** Messages as they are kept, numbered from 1. */
const kept = (...given: readonly (readonly [name: SignalName, more: Given])[]): StoredMessage[] =>
  given.map(([name, { sid = "s", to, agoMs = 0, by }], index) => ({
    id: index + 1,
    roomId: "r",
    type: signals[name].type,
    data: JSON.stringify({ sid, receiverIdList: to }),
    senderId: by ?? "t1",
    senderRole: by ?? "teacher",
    senderCamera: "main",
    recipients: null,
    createdAt: new Date(NOW - agoMs),
  }));
const told = (messages: readonly StoredMessage[], login = "e1") =>
  [...stillTrue(messages, { login, now: new Date(NOW) })].toSorted((a, b) => a - b);

describe("of the commands that a page missed, it is told", () => {
  it.each([
    ["startCall", "endCall"],
    ["startLiveBroadcast", "stopLiveBroadcast"],
    ["broadcastAudio", "stopAudioBroadcast"],
  ] as const)("the last of %s and %s", (start, stop) => {
    expect(told(kept([start, {}]))).toEqual([1]);
    expect(told(kept([start, {}], [stop, {}]))).toEqual([2]);
    expect(told(kept([stop, {}]))).toEqual([1]);
    expect(told(kept([start, {}], [stop, {}], [start, { sid: "2" }]))).toEqual([3]);
    // Repeated by the app.
    expect(told(kept([start, {}], [start, {}], [start, {}]))).toEqual([3]);
  });

  it("each state's, apart", () => {
    const missed = kept(
      ["startCall", {}],
      ["startLiveBroadcast", {}],
      ["broadcastAudio", {}],
      ["stopLiveBroadcast", {}],
    );
    expect(told(missed)).toEqual([1, 3, 4]);
  });

  it("nothing of a clip that began long ago, however often that was repeated", () => {
    expect(told(kept(["broadcastAudio", { agoMs: 15_000 }]))).toEqual([1]);
    expect(told(kept(["broadcastAudio", { agoMs: 15_001 }]))).toEqual([]);
    const repeated = kept(["broadcastAudio", { agoMs: 16_000 }], ["broadcastAudio", { agoMs: 4_000 }]);
    expect(told(repeated)).toEqual([]);
    // Another clip.
    const another = kept(
      ["broadcastAudio", { agoMs: 60_000 }],
      ["broadcastAudio", { sid: "2", agoMs: 4_000 }],
    );
    expect(told(another)).toEqual([2]);
    // A call lasts until it is ended.
    expect(told(kept(["startCall", { agoMs: 600_000 }]))).toEqual([1]);
  });

  it("the last reset, and no call or broadcast that it ended", () => {
    const missed = kept(["startCall", {}], ["startLiveBroadcast", {}], ["broadcastAudio", {}], ["reset", {}]);
    expect(told(missed)).toEqual([3, 4]);
    expect(told(kept(["reset", {}], ["reset", {}], ["startCall", {}]))).toEqual([2, 3]);
  });

  it("the room's end, and nothing else", () => {
    expect(told(kept(["startCall", {}], ["endRoom", {}], ["endRoom", {}], ["reset", {}]))).toEqual([3]);
  });

  it("nothing of its removal by the server, because it is in the room again", () => {
    const to = ["e1", "pc_e1"];
    expect(told(kept(["endUser", { by: "server", to }]))).toEqual([]);
    expect(told(kept(["endUser", { to }]))).toEqual([1]);
  });

  it("nothing that is for others, and nothing is undone by that", () => {
    // Sent to the whole room: the data says whom it is for.
    const missed = kept(["startCall", { to: ["e1"] }], ["endCall", { to: ["e2", "pc_e1"] }]);
    expect(told(missed)).toEqual([1]);
    expect(told(missed, "pc_e1")).toEqual([2]);
    expect(told(missed, "e3")).toEqual([]);
  });
});

it("commands are all signals that tell somebody to do something", () => {
  expect(COMMANDS).toEqual([20002, 20003, 20006, 20008, 20010, 20011, 20013, 20015, 20020]);
});
