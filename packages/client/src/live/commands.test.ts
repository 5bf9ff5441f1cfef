import { TRPCClientError } from "@trpc/client";
import { expect, test, vi } from "vitest";
import { thrownBy } from "../../test/thrown-by.js";
import { type CommandOptions, type CommandRoom, sendCommand } from "./commands.js";

type Answer = (login: string, data: { readonly sid?: unknown }) => void;

/** A room that passes each message to `hears`, which may answer. */
const setUp = (
  hears: (message: { round: number; to: readonly string[] | undefined }, answer: Answer) => void,
) => {
  const listeners = new Set<Answer>();
  const sent: { data: object; to: readonly string[] | undefined }[] = [];
  const closing = new AbortController();
  const tell: Answer = (login, data) => {
    for (const listener of listeners) listener(login, data);
  };
  const send = vi.fn<CommandRoom["send"]>(async (data, to) => {
    sent.push({ data, to });
    hears({ round: sent.length, to }, tell);
  });
  const room: CommandRoom = {
    closing: closing.signal,
    onAnswer(_, listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    send,
  };
  const run = (expected: readonly string[], options: CommandOptions = {}, everybody = false) =>
    sendCommand(room, "startCall", { sid: "s1", expected, everybody }, { everyMs: 1, ...options });
  return { run, sent, send, closing, listeners };
};

test("repeats the command for receivers who have not answered, and reports who never did", async () => {
  const { run, sent, listeners } = setUp(({ round }, answer) => {
    if (round === 1) answer("e1", { sid: "s1" });
    if (round === 3) answer("e2", { sid: "s1" });
  });
  const result = await run(["e1", "e2", "e3"], { data: { url: "rtmp://there" } });
  expect(result).toEqual({ sid: "s1", answered: ["e1", "e2"], silent: ["e3"] });
  expect(sent.map(({ to }) => to)).toEqual([
    ["e1", "e2", "e3"],
    ["e2", "e3"],
    ["e2", "e3"],
    ["e3"],
    ["e3"],
    ["e3"],
  ]);
  expect(sent[1]?.data).toEqual({ sid: "s1", url: "rtmp://there", receiverIdList: ["e2", "e3"] });
  expect(listeners.size).toBe(0);
});

test("does not wait when everybody has answered", async () => {
  const hour = 3_600_000;
  const early = setUp((_, answer) => answer("e1", { sid: "s1" }));
  expect(await early.run(["e1"], { everyMs: hour })).toEqual({ sid: "s1", answered: ["e1"], silent: [] });
  const late = setUp((_, answer) => setImmediate(() => answer("e1", { sid: "s1" })));
  expect((await late.run(["e1"], { everyMs: hour })).answered).toEqual(["e1"]);
  expect([early.sent.length, late.sent.length]).toEqual([1, 1]);
});

test("ignores answers of others, answers to other commands, and repeated answers", async () => {
  const { run } = setUp(({ round }, answer) => {
    answer("e9", { sid: "s1" });
    answer("e1", { sid: "s2" });
    answer("e1", {});
    if (round > 1) answer("e2", { sid: "s1" });
  });
  expect(await run(["e1", "e2"], { times: 2 })).toEqual({ sid: "s1", answered: ["e2"], silent: ["e1"] });
});

test("the first message is for the whole room, repetitions are for those who have not answered", async () => {
  const { run, sent } = setUp(({ round }, answer) => {
    if (round === 1) answer("e1", { sid: "s1" });
  });
  await run(["e1", "e2"], { times: 1 }, true);
  expect(sent).toEqual([
    { data: { sid: "s1" }, to: undefined },
    { data: { sid: "s1", receiverIdList: ["e2"] }, to: ["e2"] },
  ]);
});

test("a room without examinees gets one message; an empty list of receivers gets none", async () => {
  const room = setUp(() => undefined);
  expect(await room.run([], {}, true)).toEqual({ sid: "s1", answered: [], silent: [] });
  expect(room.sent).toHaveLength(1);
  const nobody = setUp(() => undefined);
  await nobody.run([]);
  expect(nobody.sent).toHaveLength(0);
});

test("a command for more receivers than a message may name is sent to the whole room", async () => {
  const many = Array.from({ length: 1001 }, (_, n) => `e${n}`);
  const { run, sent } = setUp(({ round }, answer) => {
    if (round === 2) answer("e0", { sid: "s1" });
  });
  await run(many, { times: 2 });
  expect(sent.map(({ to }) => to?.length)).toEqual([undefined, undefined, 1000]);
});

test("a failed message is repeated; a refused one ends the command", async () => {
  const { run, send } = setUp((_, answer) => answer("e1", { sid: "s1" }));
  send.mockRejectedValueOnce(new TypeError("no network"));
  expect((await run(["e1"])).answered).toEqual(["e1"]);
  expect(send).toHaveBeenCalledTimes(2);

  const data = { reason: "FORBIDDEN", httpStatus: 403 };
  const error = TRPCClientError.from({ error: { code: -32_003, message: "no", data } });
  send.mockClear().mockRejectedValueOnce(error);
  expect(await thrownBy(run(["e1"]))).toBe(error);
  expect(send).toHaveBeenCalledOnce();
});

test("a command that was never sent rejects", async () => {
  const { run, send, listeners } = setUp(() => undefined);
  const error = new TypeError("no network");
  send.mockRejectedValue(error);
  expect(await thrownBy(run(["e1"], { times: 3 }))).toBe(error);
  expect(send).toHaveBeenCalledTimes(4);
  expect(listeners.size).toBe(0);
});

test.each(["by its caller", "by the room's end", "before it began"])("is aborted %s", async (how) => {
  const caller = new AbortController();
  const reason = new Error("left the page");
  const { run, sent, closing, listeners } = setUp(() =>
    setImmediate(() => (how === "by its caller" ? caller : closing).abort(reason)),
  );
  if (how === "before it began") caller.abort(reason);
  expect(await thrownBy(run(["e1"], { everyMs: 3_600_000, signal: caller.signal }))).toBe(reason);
  expect(sent).toHaveLength(how === "before it began" ? 0 : 1);
  expect(listeners.size).toBe(0);
});
