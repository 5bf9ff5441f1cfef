import type { Card, ParticipantRole } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { qrCode } from "../../platform/qr.js";
import { CARDS_TAIL, cardsHead, roomSheets } from "./page.js";
import type { Language } from "./texts.js";

const exam = {
  name: "Maths",
  startTime: new Date("2026-11-26T01:00:00Z"),
  endTime: new Date("2026-11-26T03:30:00Z"),
};
const joining = (userId: string, role: ParticipantRole, more: Partial<Card> = {}): Card => ({
  userId,
  name: `Name of ${userId}`,
  role,
  roomId: "r1",
  roomName: "Room 1",
  url: `https://exam.example/?userId=${userId}&token=t`,
  ...(role === "examinee" && { pcUrl: `https://exam.example/?userId=${userId}&token=t#/pc` }),
  examEndTime: exam.endTime,
  qr: qrCode(`https://exam.example/?userId=${userId}&token=t`),
  tokenId: `token of ${userId}`,
  expiresAt: exam.endTime,
  ...more,
});
const coded = (userId: string, role: ParticipantRole, more: Partial<Card> = {}): Card => {
  const { tokenId: _, url: __, pcUrl: ___, ...person } = joining(userId, role);
  const at = "https://proctor.example/j";
  return {
    ...person,
    code: "ABCD-EFGH-2345",
    url: `${at}/ABCD-EFGH-2345`,
    qr: qrCode(`${at}/ABCD-EFGH-2345`),
    ...(role === "examinee" && {
      pcCode: "JKMN-PQRS-6789",
      pcUrl: `${at}/JKMN-PQRS-6789`,
      pcQr: qrCode(`${at}/JKMN-PQRS-6789`),
    }),
    ...more,
  };
};
const parts = (
  links: readonly Card[],
  about = exam,
  language: Language = "en",
  sitWith: "apps" | "cameras" = "apps",
): string[] => {
  const of = { exam: about, timeZone: "Asia/Shanghai", language, sitWith };
  const rooms = [...new Set(links.map(({ roomId }) => roomId))];
  const sheetsOf = (room: string) => [
    ...roomSheets(
      links.filter(({ roomId }) => roomId === room),
      of,
    ),
  ];
  return [cardsHead(of), ...rooms.flatMap(sheetsOf), CARDS_TAIL];
};
const page = (...of: Parameters<typeof parts>): string => parts(...of).join("");
const sheets = (text: string): string[] => text.split('<section class="sheet">').slice(1);
const many = (text: string, what: string): number => text.split(what).length - 1;

describe("the page of cards", () => {
  it("has a card with name, room, time and PC page for each examinee", () => {
    const text = page([joining("e1", "examinee")]);
    expect(many(text, 'class="card"')).toBe(1);
    for (const part of ["Maths", "Room 1", "Name of e1", '<p class="id">e1</p>', "PC page"])
      expect(text).toContain(part);
    expect(text).toContain('href="https://exam.example/?userId=e1&amp;token=t#/pc"');
    expect(text).toContain("2026-11-26 09:00\u00a0–\u00a011:30 (Asia/Shanghai)");
    expect(text).not.toContain("extra minutes");
  });

  it("includes a candidate's extra minutes, even across midnight", () => {
    const until = (time: string) => page([joining("e1", "examinee", { examEndTime: new Date(time) })]);
    const half = until("2026-11-26T04:00:00Z");
    expect(half).toContain('<p class="time">2026-11-26 09:00\u00a0–\u00a012:00</p>');
    expect(half).toContain("with 30 extra minutes");
    expect(until("2026-11-26T16:30:00Z")).toContain(
      '<p class="time">2026-11-26 09:00 – 2026-11-27 00:30</p>',
    );
  });

  it("separates rooms, and the staff of a room from its examinees, with eight cards per sheet", () => {
    const beside = { roomId: "r2", roomName: "Room 2" };
    const examinees = Array.from({ length: 17 }, (_, n) => joining(`e${n}`, "examinee"));
    const text = page([
      joining("t1", "teacher"),
      joining("i1", "inspector"),
      ...examinees,
      joining("e99", "examinee", beside),
    ]);
    expect(
      sheets(text).map((sheet) => [
        /<h1>(.*?)<\/h1>/.exec(sheet)?.[1],
        many(sheet, "<td>teacher</td>") + many(sheet, "<td>inspector</td>"),
        many(sheet, 'class="card"'),
        many(sheet, "<svg"),
      ]),
    ).toEqual([
      ["Room 1", 2, 0, 2],
      ["Room 1", 0, 8, 8],
      ["Room 1", 0, 8, 8],
      ["Room 1", 0, 1, 1],
      ["Room 2", 0, 1, 1],
    ]);
    expect(text).toContain("sheet 2 of 3");
  });

  it("has a code to scan and a code to type for each device, with the place to type them", () => {
    const text = page([coded("e1", "examinee")]);
    expect(many(text, "<svg")).toBe(2);
    for (const part of ["Phone", "Computer", "type it at proctor.example/j<", "Name of e1", "Room 1"])
      expect(text).toContain(part);
    const typed = [...text.matchAll(/<b class="code">(.*?)<\/b>/g)].map(([, code = ""]) =>
      code.replaceAll(/<\/?span>/g, ""),
    );
    expect(typed).toEqual(["ABCD-EFGH-2345", "JKMN-PQRS-6789"]);
    // Nobody can follow a link on paper.
    expect(text).not.toContain("<a ");
  });

  it("names cameras where people sit the exam in a browser, and has one code for one camera", () => {
    const both = page([coded("e1", "examinee"), joining("e2", "examinee")], exam, "en", "cameras");
    for (const part of ["First camera", "Second camera", "Page of the second camera"])
      expect(both).toContain(part);
    expect(page([coded("e1", "examinee")], exam, "zh", "cameras")).toContain("第二机位");
    const { pcCode: _, pcUrl: __, pcQr: ___, ...one } = coded("e1", "examinee");
    const text = page([one], exam, "en", "cameras");
    expect([many(text, "<svg"), many(text, '<b class="code">')]).toEqual([1, 1]);
    expect(text).toContain("Scan your code, or type it at proctor.example/j");
    for (const part of ["First", "Second", "Phone", "Computer", "each device"])
      expect(text).not.toContain(part);
  });

  it("has seven of the staff on a sheet with codes", () => {
    const staff = Array.from({ length: 8 }, (_, n) => coded(`t${n}`, "teacher"));
    const found = sheets(page(staff));
    expect(found.map((sheet) => [many(sheet, '<b class="code">'), many(sheet, "<svg")])).toEqual([
      [7, 7],
      [1, 1],
    ]);
    expect(found[0]).toContain("Scan your code, or type it at proctor.example/j");
  });

  it("speaks Chinese", () => {
    const late = { examEndTime: new Date("2026-11-26T04:00:00Z") };
    const people = [coded("t1", "teacher"), coded("i1", "inspector"), coded("e1", "examinee", late)];
    const text = page([...people, joining("e2", "examinee")], exam, "zh");
    expect(text).toContain('<html lang="zh-CN">');
    for (const part of [
      "手机",
      "电脑",
      "监考老师",
      "巡考",
      "含加时 30 分钟",
      "第 1 页，共 1 页",
      "proctor.example/j 输入",
    ])
      expect(text).toContain(part);
    const visible = text.replaceAll(
      /<style>.*<\/style>|<[^>]*>|Name of|Maths|Room|Asia.Shanghai|proctor.example/gs,
      "",
    );
    expect(visible.match(/[a-z]{3,}/g)).toEqual(null);
  });

  it("escapes every value", () => {
    const evil = `<img src=x onerror="alert('1')">&amp;`;
    const safe = "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;";
    const odd = { name: evil, userId: evil, roomName: evil, url: `x:${evil}`, pcUrl: `x:${evil}` };
    const text = page([joining("t", "teacher", odd), joining("e", "examinee", odd)], { ...exam, name: evil });
    expect(text).not.toContain("<img");
    expect(text).not.toContain('onerror="');
    // The title, two sheet headers with exam and room, the name, id and link of the row, and the name, id, exam, room and link of the card.
    expect(many(text, safe)).toBe(1 + 2 * 2 + 3 + 5);
  });

  it("loads no resources and runs no scripts", () => {
    const text = page([joining("t1", "teacher"), joining("e1", "examinee")]);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/<script|<link|<img|@import|url\(|\bsrc=/);
  });

  it("is written in small parts", () => {
    const examinees = Array.from({ length: 100 }, (_, n) => joining(`e${n}`, "examinee"));
    expect(parts(examinees).length).toBe(1 + 13 + 1);
  });
});
