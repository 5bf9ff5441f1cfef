import type { Card, ExamSummary } from "@invigil/schema";
import { escapeHtml } from "../../platform/html.js";
import { type TimeFormatter, timeFormatter } from "../time.js";
import { STYLE } from "./style.js";
import { type CardTexts, type Language, TEXTS } from "./texts.js";

/** The number of cards that fit on a sheet, and of staff with codes and with links, whose QR codes are larger. */
const CARDS_PER_SHEET = 8;
const STAFF_PER_SHEET = { codes: 7, links: 5 } as const;

/** An HTML text. Interpolated values are escaped, except for HTML values. */
class Html {
  constructor(readonly text: string) {}
}
type Piece = string | Html | readonly Html[];
const htmlOf = (piece: Piece): string => {
  if (typeof piece === "string") return escapeHtml(piece);
  return piece instanceof Html ? piece.text : piece.map(({ text }) => text).join("");
};
const html = (parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  new Html(parts.map((text, index) => text + htmlOf(pieces[index] ?? "")).join(""));

const link = (url: string, text: string): Html => html`<a href="${url}" rel="noreferrer">${text}</a>`;
const NOTHING = html``;
const qr = (code: Card["qr"]): Html =>
  code
    ? html`<svg viewBox="0 0 ${`${code.size} ${code.size}`}" shape-rendering="crispEdges" role="img" aria-label="QR code"><path stroke="#000" d="${code.path}"/></svg>`
    : NOTHING;

/** A time range. If both times are on the same day, the date is written once. */
const timeRange = (from: Date, to: Date, local: TimeFormatter): string => {
  const [day, hours] = ["yyyy-MM-dd", "HH:mm"];
  if (local(from, day) !== local(to, day)) return `${local(from)} – ${local(to)}`;
  return `${local(from, day)} ${local(from, hours)}\u00a0–\u00a0${local(to, hours)}`;
};

/** A card with codes. Other cards have links alone, which are too long to be typed. */
type CodedCard = Card & { readonly code: string };
const isCoded = (card: Card): card is CodedCard => card.code !== undefined;

/** The exam of the cards, the time zone of the printed times, and the language. */
export interface CardsOptions {
  readonly exam: Pick<ExamSummary, "name" | "startTime" | "endTime">;
  readonly timeZone: string;
  readonly language: Language;
  /** What people sit the exam with: the vendor's apps on a phone and a PC, or cameras. */
  readonly sitWith: "apps" | "cameras";
}

interface Page extends CardsOptions {
  readonly local: TimeFormatter;
  readonly texts: CardTexts;
}

/** The address at which a code is typed, as people type it. */
const placeToType = ({ code, url }: CodedCard): string =>
  url.slice(0, -`/${code}`.length).replace(/^https:\/\//, "");

const codeToType = (code: string): Html =>
  html`<b class="code">${code.split("-").map((part, n, all) => html`<span>${part}${n < all.length - 1 ? "-" : ""}</span>`)}</b>`;

const device = (label: string | undefined, code: string, picture: Card["qr"]): Html =>
  html`<section>${qr(picture)}<div>${label === undefined ? NOTHING : html`<p>${label}</p>`}${codeToType(code)}</div></section>`;

/** The lines about a person and their exam. */
const about = (person: Card, { exam, local, texts }: Page): Html => {
  const extra = Math.round((person.examEndTime.getTime() - exam.endTime.getTime()) / 60_000);
  const more = extra > 0 ? html`<p>${texts.extraMinutes(extra)}</p>` : NOTHING;
  return html`<h2>${person.name}</h2><p class="id">${person.userId}</p>
<p>${exam.name}</p><p>${person.roomName}</p><p class="time">${timeRange(exam.startTime, person.examEndTime, local)}</p>${more}`;
};

const codeCard = (person: CodedCard, page: Page): Html => {
  const { howTo, secret } = page.texts;
  const { code, pcCode } = person;
  const labels = page.texts.devices[page.sitWith];
  // One code needs no name.
  const [main, pc, how] =
    pcCode === undefined
      ? [undefined, NOTHING, howTo.one]
      : [labels.main, device(labels.pc, pcCode, person.pcQr), howTo.devices];
  return html`<article class="card coded"><div>${about(person, page)}</div><div class="devices">${device(main, code, person.qr)}${pc}</div>
<p class="secret">${how(placeToType(person))}<br>${secret}</p></article>`;
};

const linkCard = (person: Card, page: Page): Html => {
  const { pcPage, secret } = page.texts;
  const pc =
    person.pcUrl === undefined
      ? NOTHING
      : html`<p class="pc">${link(person.pcUrl, pcPage[page.sitWith])}</p>`;
  return html`<article class="card">${qr(person.qr)}<div>${about(person, page)}
${pc}<p class="secret">${secret}</p></div></article>`;
};

const card = (person: Card, page: Page): Html =>
  isCoded(person) ? codeCard(person, page) : linkCard(person, page);

const staffRow = (person: Card, { roles, watchingPage }: CardTexts): Html => {
  const { role, name, userId, url } = person;
  const who = html`<td>${roles[role]}</td><td>${name}</td><td>${userId}</td>`;
  return isCoded(person)
    ? html`<tr>${who}<td>${codeToType(person.code)}</td><td>${qr(person.qr)}</td></tr>`
    : html`<tr>${who}<td>${link(url, watchingPage)}</td><td>${qr(person.qr)}</td></tr>`;
};

const staffTable = (staff: readonly Card[], { texts }: Page, isOfOne: boolean): Html => {
  const { columns, staffNote, howTo } = texts;
  const [first] = staff;
  const coded = first && isCoded(first) ? first : undefined;
  // The rows of one person's sheet are named after their rooms.
  const heads = [
    columns.role,
    isOfOne ? columns.room : columns.name,
    columns.id,
    coded ? columns.type : columns.link,
    columns.scan,
  ];
  const how = coded ? html`${howTo.one(placeToType(coded))}<br>` : NOTHING;
  return html`<table class="${coded ? "coded" : "linked"}"><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>${staff.map((person) => staffRow(person, texts))}</tbody></table>
<p class="note">${how}${staffNote}</p>`;
};

const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));

const subtitle = ({ exam, timeZone }: CardsOptions): string =>
  `${exam.name} · ${timeRange(exam.startTime, exam.endTime, timeFormatter(timeZone))} (${timeZone})`;

/** The start of the page. */
export const cardsHead = ({ exam, language }: CardsOptions): string =>
  html`<!doctype html>
<html lang="${TEXTS[language].lang}"><head><meta charset="utf-8"><title>${exam.name}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<style>${new Html(STYLE)}</style></head><body>
`.text;
export const CARDS_TAIL = "</body></html>\n";

/** The sheets of one room: first those for its staff, then the cards of its examinees. */
export function* roomSheets(people: readonly Card[], options: CardsOptions): Generator<string> {
  const page = { ...options, local: timeFormatter(options.timeZone), texts: TEXTS[options.language] };
  const line = subtitle(options);
  const roomName = people[0]?.roomName ?? "";
  const sheet = (part: string, content: Html): string =>
    html`<section class="sheet"><header><h1>${roomName}</h1><p>${line} · ${part}</p></header>${content}</section>
`.text;
  const members = people.filter(({ role }) => role !== "examinee");
  const isOfOne = members.length > 1 && members.every(({ userId }) => userId === members[0]?.userId);
  const staff = chunks(members, STAFF_PER_SHEET[members.every(isCoded) ? "codes" : "links"]);
  for (const [n, some] of staff.entries())
    yield sheet(page.texts.staffSheet(n + 1, staff.length), staffTable(some, page, isOfOne));
  const cards = chunks(
    people.filter(({ role }) => role === "examinee"),
    CARDS_PER_SHEET,
  );
  for (const [n, some] of cards.entries()) {
    const content = html`<div class="cards">${some.map((person) => card(person, page))}</div>`;
    yield sheet(page.texts.sheet(n + 1, cards.length), content);
  }
}
