import { describe, expect, it } from "vitest";
import {
  parseSignal,
  type Role,
  roles,
  type SignalKind,
  type SignalName,
  sendersOf,
  signalName,
  signals,
} from "./index.js";

// Safe: the keys of the list are the names.
const names = Object.keys(signals) as SignalName[];

describe("the list of signals", () => {
  it("has the vendor's numbers, each once and in order", () => {
    expect(names.map((name) => signals[name].type)).toEqual(
      Array.from({ length: 22 }, (_, index) => 20_000 + index),
    );
  });

  it("is that of the vendor's page", () => {
    expect(Object.fromEntries(names.map((name) => [signals[name].type, name]))).toEqual({
      20000: "streamStopped",
      20001: "streamPublished",
      20002: "startCall",
      20003: "endCall",
      20004: "callConnected",
      20005: "callDisconnected",
      20006: "startLiveBroadcast",
      20007: "liveBroadcastStarted",
      20008: "stopLiveBroadcast",
      20009: "liveBroadcastStopped",
      20010: "endRoom",
      20011: "broadcastAudio",
      20012: "audioBroadcastStarted",
      20013: "stopAudioBroadcast",
      20014: "audioBroadcastStopped",
      20015: "reset",
      20016: "enteredRoom",
      20017: "publishSucceeded",
      20018: "publishFailed",
      20019: "cheatDetected",
      20020: "endUser",
      20021: "userEnded",
    });
  });

  it("says which of them the server sends", () => {
    expect(names.filter((name) => signals[name].sender === "server")).toEqual([
      "streamStopped",
      "streamPublished",
    ]);
    expect(names.filter((name) => signals[name].sender === "either")).toEqual(["endRoom", "endUser"]);
  });

  it("says who may send which of them", () => {
    const sentBy = (role: Role) => names.filter((name) => sendersOf(signals[name].type).includes(role));
    const ofKind = (...kinds: SignalKind[]) => names.filter((name) => kinds.includes(signals[name].kind));
    expect(ofKind("command")).toEqual([
      "startCall",
      "endCall",
      "startLiveBroadcast",
      "stopLiveBroadcast",
      "endRoom",
      "broadcastAudio",
      "stopAudioBroadcast",
      "reset",
      "endUser",
    ]);
    expect(ofKind("news")).toEqual(["streamStopped", "streamPublished"]);
    expect(ofKind("report")).toEqual(["enteredRoom", "publishSucceeded", "publishFailed", "cheatDetected"]);
    for (const role of ["admin", "teacher"] as const)
      expect(sentBy(role)).toEqual(ofKind("command", "answer", "report"));
    expect(sentBy("examinee")).toEqual(ofKind("answer", "report"));
    expect(sentBy("inspector")).toEqual([]);
    expect(sendersOf(30_001)).toEqual(roles);
  });

  it("is looked up by number", () => {
    for (const name of names) expect(signalName(signals[name].type)).toBe(name);
    for (const other of [0, 19_999, 20_022, 30_001, Number.NaN]) expect(signalName(other)).toBeUndefined();
  });
});

describe("a signal", () => {
  it("is read from its number and its text", () => {
    expect(parseSignal(20_001, '{"userId":"u1"}')).toEqual({
      name: "streamPublished",
      data: { userId: "u1" },
    });
    expect(parseSignal(20_002, '{"sid":"s","receiverIdList":["u1","pc_u2"]}')).toEqual({
      name: "startCall",
      data: { sid: "s", receiverIdList: ["u1", "pc_u2"] },
    });
  });

  it("keeps what is not known of it", () => {
    const more = { sid: "s", audio: { id: "a", url: "https://audio.example/x" }, n: 1 };
    expect(parseSignal(20_011, JSON.stringify(more))?.data).toEqual(more);
    expect(parseSignal(20_019, '{"message":"m"}')?.data).toEqual({ message: "m" });
    expect(parseSignal(20_007, '{"sid":""}')?.name).toBe("liveBroadcastStarted");
    expect(parseSignal(20_007, '{"sid":null,"receiverIdList":null}')?.name).toBe("liveBroadcastStarted");
  });

  it.each([
    ["of a number that none has", 20_022, '{"sid":"s"}'],
    ["that is no JSON", 20_001, "userId=u1"],
    ["that is no object", 20_016, '"text"'],
    ["about nobody", 20_000, "{}"],
    ["that commands without an id", 20_010, '{"receiverIdList":["u1"]}'],
    ["whose receivers are no list", 20_010, '{"sid":"s","receiverIdList":"u1"}'],
  ])("%s is none", (_, type, data) => {
    expect(parseSignal(type, data)).toBeUndefined();
  });
});
