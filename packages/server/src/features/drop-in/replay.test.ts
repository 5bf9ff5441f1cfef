import { type SignalName, signals } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { StoredMessage } from "../im/service.js";
import { COMMAND_TYPES, commandsToReplay } from "./replay.js";

const NOW = Date.parse("2026-01-02T03:04:05Z");

interface Given {
  readonly sid?: string;
  readonly to?: readonly string[];
  readonly agoMs?: number;
  readonly by?: "server";
}
/** Stored messages, with ids from 1. */
const stored = (...given: readonly (readonly [name: SignalName, more: Given])[]): StoredMessage[] =>
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
const replayed = (messages: readonly StoredMessage[], login = "e1") =>
  [...commandsToReplay(messages, { login, now: new Date(NOW) })].toSorted((a, b) => a - b);

describe("a page that missed commands receives", () => {
  it.each([
    ["startCall", "endCall"],
    ["startLiveBroadcast", "stopLiveBroadcast"],
    ["broadcastAudio", "stopAudioBroadcast"],
  ] as const)("the last of %s and %s", (start, stop) => {
    expect(replayed(stored([start, {}]))).toEqual([1]);
    expect(replayed(stored([start, {}], [stop, {}]))).toEqual([2]);
    expect(replayed(stored([stop, {}]))).toEqual([1]);
    expect(replayed(stored([start, {}], [stop, {}], [start, { sid: "2" }]))).toEqual([3]);
    // The app repeats commands.
    expect(replayed(stored([start, {}], [start, {}], [start, {}]))).toEqual([3]);
  });

  it("the last command of each state, independently", () => {
    const missed = stored(
      ["startCall", {}],
      ["startLiveBroadcast", {}],
      ["broadcastAudio", {}],
      ["stopLiveBroadcast", {}],
    );
    expect(replayed(missed)).toEqual([1, 3, 4]);
  });

  it("no start of a clip that began long ago, however often it was repeated", () => {
    expect(replayed(stored(["broadcastAudio", { agoMs: 15_000 }]))).toEqual([1]);
    expect(replayed(stored(["broadcastAudio", { agoMs: 15_001 }]))).toEqual([]);
    const repeated = stored(["broadcastAudio", { agoMs: 16_000 }], ["broadcastAudio", { agoMs: 4_000 }]);
    expect(replayed(repeated)).toEqual([]);
    // A different clip.
    const another = stored(
      ["broadcastAudio", { agoMs: 60_000 }],
      ["broadcastAudio", { sid: "2", agoMs: 4_000 }],
    );
    expect(replayed(another)).toEqual([2]);
    // A call lasts until its end.
    expect(replayed(stored(["startCall", { agoMs: 600_000 }]))).toEqual([1]);
  });

  it("the last reset, but no call or broadcast that it stopped", () => {
    const missed = stored(
      ["startCall", {}],
      ["startLiveBroadcast", {}],
      ["broadcastAudio", {}],
      ["reset", {}],
    );
    expect(replayed(missed)).toEqual([3, 4]);
    expect(replayed(stored(["reset", {}], ["reset", {}], ["startCall", {}]))).toEqual([2, 3]);
  });

  it("the end of the room, and nothing else", () => {
    expect(replayed(stored(["startCall", {}], ["endRoom", {}], ["endRoom", {}], ["reset", {}]))).toEqual([3]);
  });

  it("no removal by the server, because the page is in the room again", () => {
    const to = ["e1", "pc_e1"];
    expect(replayed(stored(["endUser", { by: "server", to }]))).toEqual([]);
    expect(replayed(stored(["endUser", { to }]))).toEqual([1]);
  });

  it("no commands for other logins, which also stop nothing", () => {
    // Sent to the whole room. The data names the recipients.
    const missed = stored(["startCall", { to: ["e1"] }], ["endCall", { to: ["e2", "pc_e1"] }]);
    expect(replayed(missed)).toEqual([1]);
    expect(replayed(missed, "pc_e1")).toEqual([2]);
    expect(replayed(missed, "e3")).toEqual([]);
  });
});

it("lists the types of all commands", () => {
  expect(COMMAND_TYPES).toEqual([20002, 20003, 20006, 20008, 20010, 20011, 20013, 20015, 20020]);
});
