import { describe, expect, it } from "vitest";
import type { TestAppOptions } from "../src/app/testing.js";
import { qrCode } from "../src/platform/qr.js";
import { APPS, openExamsFixture } from "./support/exams-fixture.js";
import { EVERYTHING } from "./support/procedure-calls.js";
import { reasonOf } from "./support/reason.js";

const LINKS: TestAppOptions = { config: { apps: APPS } };

/** A server at whose own page people sit exams. */
const OWN_PAGE: TestAppOptions = {
  config: {
    apps: { watchUrl: APPS.watchUrl, examineeUrl: undefined },
    publicUrl: "https://invigil.example",
    streamService: "embedded",
  },
};

describe("cards of the candidate's page", () => {
  it("have a second code only if the exam needs a second camera", async () => {
    await using fixture = await openExamsFixture(OWN_PAGE);
    const { admin, room } = fixture;
    const { examId, id: roomId } = room;
    const of = { examId, roomId, role: "examinee" } as const;
    const cardOf = async (as: "codes" | "links") =>
      (await admin.exam.cards({ ...of, as, userIds: ["examinee1"] })).cards[0];
    const hasSecond = async () => {
      const [coded, linked] = [await cardOf("codes"), await cardOf("links")];
      const [joinCode] = await admin.room.joinCodes({ roomId, role: "examinee" });
      const [joinLink] = await admin.room.joinLinks({ roomId, role: "examinee" });
      const { seats } = await admin.participant.diagnose({ examId, userId: "examinee1" });
      return [
        coded?.pcCode,
        coded?.pcQr,
        linked?.pcUrl,
        joinCode?.pcUrl,
        joinLink?.pcUrl,
        seats[0]?.codes.pc,
      ].map((one) => one !== undefined);
    };
    expect(await hasSecond()).toEqual([false, false, false, false, false, false]);
    await admin.exam.update({ examId, cameras: "both" });
    expect(await hasSecond()).toEqual([true, true, true, true, true, true]);

    // A printed code keeps leading to the second camera.
    const pcCode = (await cardOf("codes"))?.pcCode ?? "";
    await admin.exam.update({ examId, cameras: "one" });
    expect(new URL((await admin.room.linkOfCode({ code: pcCode })).url).hash).toBe("#/pc");
  });

  it("have both codes where the exam is sat in an app, which has a page for the PC", async () => {
    await using fixture = await openExamsFixture(EVERYTHING);
    const { admin, room } = fixture;
    const { cards } = await admin.exam.cards({ examId: room.examId, role: "examinee" });
    expect(cards.map(({ pcCode }) => pcCode !== undefined)).toEqual(cards.map(() => true));
  });
});

describe("cards", () => {
  it("have the codes that `room.joinCodes` gives, and QR codes of their addresses", async () => {
    await using fixture = await openExamsFixture(EVERYTHING);
    const { admin, room } = fixture;
    const codes = await admin.room.joinCodes({ examId: room.examId });
    const { as, cards, next } = await admin.exam.cards({ examId: room.examId });
    expect({ as, next }).toEqual({ as: "codes" });
    expect(cards).toEqual(
      codes.map((code) => ({
        ...code,
        qr: qrCode(code.url),
        ...(code.pcUrl !== undefined && { pcQr: qrCode(code.pcUrl) }),
      })),
    );
    expect(cards.filter(({ pcQr }) => pcQr)).toHaveLength(3);
  });

  it("have links where the server has no codes, or when asked, and no QR codes when not asked", async () => {
    await using fixture = await openExamsFixture(LINKS);
    const { admin, room } = fixture;
    const page = await admin.exam.cards({ examId: room.examId, roomId: room.id, withQr: false });
    expect(page.as).toBe("links");
    const links = await admin.room.joinLinks({ roomId: room.id });
    expect(page.cards.map(({ userId }) => userId)).toEqual(links.map(({ userId }) => userId));
    expect(page.cards.every(({ qr, code, tokenId }) => !qr && !code && tokenId)).toBe(true);
    await using coded = await openExamsFixture(EVERYTHING);
    const other = await coded.admin.exam.cards({ examId: coded.room.examId, as: "links" });
    expect(other.cards.every(({ url, qr }) => url.includes("token=") && qr?.path === qrCode(url).path)).toBe(
      true,
    );
  });

  it("come in pages, each card once, and for chosen people and roles alone", async () => {
    await using fixture = await openExamsFixture(EVERYTHING);
    const { admin, room, sibling } = fixture;
    const { examId } = room;
    const all = (await admin.exam.cards({ examId, withQr: false })).cards.map(({ userId }) => userId);
    const paged: string[] = [];
    let after: { roomId: string; userId: string } | undefined;
    do {
      const page = await admin.exam.cards({ examId, withQr: false, limit: 3, after });
      paged.push(...page.cards.map(({ userId }) => userId));
      after = page.next;
    } while (after);
    expect(paged).toEqual(all);
    const userIds = ["examinee2", "examinee3", "nobody"];
    const chosen = await admin.exam.cards({ examId, userIds });
    expect(chosen.cards.map(({ userId, roomId }) => [userId, roomId])).toEqual([
      ["examinee2", room.id],
      ["examinee3", sibling.id],
    ]);
    expect((await admin.exam.cards({ examId, role: "inspector" })).cards).toHaveLength(2);
  });

  it("of another exam's room are refused, and of an ended room are none", async () => {
    await using fixture = await openExamsFixture(EVERYTHING);
    const { admin, room, other } = fixture;
    const { examId } = room;
    expect(await reasonOf(admin.exam.cards({ examId, roomId: other.id }))).toBe("ROOM_NOT_FOUND");
    await admin.room.end({ roomId: room.id });
    expect(await reasonOf(admin.exam.cards({ examId, roomId: room.id }))).toBe("ROOM_ENDED");
    const { cards } = await admin.exam.cards({ examId, role: "examinee" });
    expect(cards.map(({ userId }) => userId)).toEqual(["examinee3"]);
  });
});
