import { signals } from "@invigil/schema";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detailsOf, openRongWorld, type RongWorld } from "../../../test/support/rongcloud.js";
import { given } from "../../../test/support/secrets.js";

const ROOM = {
  groupId: "r1",
  name: "Maths & more: 数学 100% + é",
  creatorId: "t1",
  members: ["t1", "s1", "s2"],
};
const people = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);

let fixture: RongWorld;
beforeEach(async () => {
  fixture = await openRongWorld();
});
afterEach(async () => {
  expect(fixture.vendor.refusals).toEqual([]);
  await fixture[Symbol.asyncDispose]();
});

/** The parameters of all calls since then, by action. */
const sent = () => fixture.vendor.calls.map(({ action, params }) => [action, params]);
const membersOf = (groupId: string) => [...(fixture.vendor.groups.get(groupId)?.members ?? [])];

describe("a login", () => {
  it("is the vendor's token for the person", async () => {
    expect(await fixture.im.issueToken({ userId: "pc_s-1", role: "admin" })).toBe(
      given("rong-token-1-of-pc_s-1"),
    );
    expect(sent()).toEqual([
      [
        "user/getToken",
        [
          ["userId", "pc_s-1"],
          ["name", "pc_s-1"],
          ["portraitUri", ""],
        ],
      ],
    ]);
  });
});

describe("a room's group", () => {
  it("is created with all members once, including the creator", async () => {
    expect(await fixture.im.createGroup({ ...ROOM, members: ["s1", "s2", "s1"] })).toEqual({ groupId: "r1" });
    expect(sent()).toEqual([
      [
        "group/create",
        [
          ["userId", "t1"],
          ["userId", "s1"],
          ["userId", "s2"],
          ["groupId", "r1"],
          ["groupName", ROOM.name],
        ],
      ],
    ]);
    expect(fixture.vendor.groups.get("r1")?.name).toBe(ROOM.name);
  });

  it("is filled by further calls if one cannot contain all members", async () => {
    const members = ["t1", ...people(2400)];
    await fixture.im.createGroup({ ...ROOM, members });
    expect(sent().map(([action]) => action)).toEqual(["group/create", "group/join", "group/join"]);
    expect(
      fixture.vendor.calls.map(({ params }) => params.filter(([name]) => name === "userId").length),
    ).toEqual([1000, 1000, 401]);
    expect(membersOf("r1")).toEqual(members);
    expect(fixture.vendor.groups.get("r1")?.name).toBe(ROOM.name);
  });

  it("adds and removes people", async () => {
    await fixture.im.createGroup(ROOM);
    await fixture.im.members?.join("r1", ["s3", "s4"]);
    expect(membersOf("r1")).toEqual(["t1", "s1", "s2", "s3", "s4"]);
    await fixture.im.members?.leave("r1", ["s1", "s3"]);
    expect(membersOf("r1")).toEqual(["t1", "s2", "s4"]);
    expect(sent().slice(1)).toEqual([
      [
        "group/join",
        [
          ["userId", "s3"],
          ["userId", "s4"],
          ["groupId", "r1"],
        ],
      ],
      [
        "group/quit",
        [
          ["userId", "s1"],
          ["userId", "s3"],
          ["groupId", "r1"],
        ],
      ],
    ]);
  });

  it("changes with as many calls as necessary, and none for an empty list", async () => {
    await fixture.im.createGroup(ROOM);
    await fixture.im.members?.join("r1", people(1001));
    await fixture.im.members?.leave("r1", people(1001));
    await fixture.im.members?.join("r1", []);
    await fixture.im.members?.leave("r1", []);
    expect(sent().map(([action]) => action)).toEqual([
      "group/create",
      "group/join",
      "group/join",
      "group/quit",
      "group/quit",
    ]);
    expect(membersOf("r1")).toEqual(["t1"]);
  });

  it("is deleted, even if it does not exist", async () => {
    await fixture.im.createGroup(ROOM);
    await fixture.im.deleteGroup?.("r1");
    expect(fixture.vendor.groups.size).toBe(0);
    await fixture.im.deleteGroup?.("r1");
    const dismissed = [
      "group/dismiss",
      [
        ["userId", "invigil_pc"],
        ["groupId", "r1"],
      ],
    ];
    expect(sent().slice(1)).toEqual([dismissed, dismissed]);
  });
});

describe("an announcement", () => {
  const announce = (type: number, data: string, userIds?: readonly string[]) =>
    fixture.im.announce({ groupId: "r1", type, data, userIds });
  beforeEach(() => fixture.im.createGroup(ROOM));

  it.each([
    [signals.streamPublished.type, "ART:StreamPublish"],
    [signals.streamStopped.type, "ART:StreamStop"],
  ])("of a stream (%i) has its own type and unchanged data", async (type, objectName) => {
    const data = '{"userId": "s1", "note": "a+b=c&d é 数学 100%"}';
    await announce(type, data);
    expect(sent().slice(1)).toEqual([
      [
        "message/group/publish",
        [
          ["fromUserId", "invigil_pc"],
          ["toGroupId", "r1"],
          ["objectName", objectName],
          ["content", data],
          ["isPersisted", "0"],
        ],
      ],
    ]);
    expect(fixture.vendor.messages).toEqual([
      { groupId: "r1", from: "invigil_pc", objectName, content: data, heardBy: ["t1", "s1", "s2"] },
    ]);
  });

  it("of another signal is a message that contains its type", async () => {
    await announce(signals.endRoom.type, '{"sid":"x1"}');
    expect(fixture.vendor.messages).toMatchObject([
      { objectName: "ART:Message", content: '{"sid":"x1","type":20010}' },
    ]);
  });

  it("reaches only its receivers", async () => {
    await announce(signals.streamStopped.type, '{"userId":"s1"}', ["s2", "t1"]);
    expect(fixture.vendor.calls.at(-1)?.params.filter(([name]) => name === "toUserId")).toEqual([
      ["toUserId", "s2"],
      ["toUserId", "t1"],
    ]);
    expect(fixture.vendor.messages).toMatchObject([{ heardBy: ["s2", "t1"] }]);
  });

  it("is not sent without receivers, and succeeds in an empty group", async () => {
    await announce(signals.streamStopped.type, '{"userId":"s1"}', []);
    expect(fixture.vendor.messages).toEqual([]);
    await fixture.im.announce({ groupId: "r2", type: signals.streamStopped.type, data: '{"userId":"s1"}' });
    expect(fixture.vendor.messages).toMatchObject([{ groupId: "r2", heardBy: [] }]);
  });

  it("is sent in several calls to more people than one call allows", async () => {
    await fixture.im.members?.join("r1", people(1500));
    await announce(signals.streamStopped.type, '{"userId":"s1"}', people(1500));
    expect(fixture.vendor.messages.map(({ heardBy }) => heardBy.length)).toEqual([1000, 500]);
    expect(new Set(fixture.vendor.messages.flatMap(({ heardBy }) => heardBy)).size).toBe(1500);
  });
});

describe("the check", () => {
  it("has no side effects", async () => {
    await fixture.im.check?.();
    expect(sent()).toEqual([["user/checkOnline", [["userId", "invigil_pc"]]]]);
    fixture.vendor.fault("main", "bad signature");
    expect(await detailsOf(fixture.im.check?.() ?? Promise.resolve())).toMatchObject({
      provider: "rong_cloud",
      action: "user/checkOnline",
      fault: "refused",
      code: "1004",
    });
  });
});

describe("a refusal of the vendor", () => {
  const refusedAs = async (call: Promise<unknown>) => {
    const details = await detailsOf(call);
    return [details?.action, details?.fault, details?.code, fixture.vendor.refusals.splice(0).length];
  };

  it("is reported with its code, for invalid ids and groups that are too large", async () => {
    const dotted = fixture.im.createGroup({ ...ROOM, members: ["a.b"] });
    expect(await refusedAs(dotted)).toEqual(["group/create", "refused", "1002", 1]);
    expect(fixture.vendor.groups.size).toBe(0);

    const crowded = fixture.im.createGroup({ ...ROOM, members: people(3001) });
    expect(await refusedAs(crowded)).toEqual(["group/join", "refused", "405", 0]);
    // The partial group is deleted like any other.
    await fixture.im.deleteGroup?.("r1");
    expect(fixture.vendor.groups.size).toBe(0);
  });
});
