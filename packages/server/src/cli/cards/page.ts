import type { ExamSummary, JoinLink } from "@invigil/schema";
import { type TimeFormatter, timeFormatter } from "../time.js";
import { qrSvg } from "./qr.js";
import { STYLE } from "./style.js";

/** The number of cards and of staff that fit on a sheet. */
const CARDS_PER_SHEET = 8;
const STAFF_PER_SHEET = 5;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

/** An HTML text. Interpolated values are escaped, except for HTML values. */
class Html {
  constructor(readonly text: string) {}
}
type Piece = string | Html | readonly Html[];
const htmlOf = (piece: Piece): string => {
  if (typeof piece === "string") return escaped(piece);
  return piece instanceof Html ? piece.text : piece.map(({ text }) => text).join("");
};
const html = (parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  new Html(parts.map((text, index) => text + htmlOf(pieces[index] ?? "")).join(""));

const link = (url: string, text: string): Html => html`<a href="${url}" rel="noreferrer">${text}</a>`;
const qr = (url: string): Html => new Html(qrSvg(url));

/** A time range. If both times are on the same day, the date is written once. */
const timeRange = (from: Date, to: Date, local: TimeFormatter): string => {
  const [day, hours] = ["yyyy-MM-dd", "HH:mm"];
  if (local(from, day) !== local(to, day)) return `${local(from)} – ${local(to)}`;
  return `${local(from, day)} ${local(from, hours)}\u00a0–\u00a0${local(to, hours)}`;
};

/** The exam of the cards, and the time zone of the printed times. */
export interface CardsOptions {
  readonly exam: Pick<ExamSummary, "name" | "startTime" | "endTime">;
  readonly timeZone: string;
}

const card = (person: JoinLink, exam: CardsOptions["exam"], local: TimeFormatter): Html => {
  const extra = Math.round((person.examEndTime.getTime() - exam.endTime.getTime()) / 60_000);
  const more = extra > 0 ? html`<p>with ${String(extra)} extra minutes</p>` : "";
  const pc = person.pcUrl === undefined ? "" : html`<p class="pc">${link(person.pcUrl, "PC page")}</p>`;
  return html`<article class="card">${qr(person.url)}<div><h2>${person.name}</h2><p class="id">${person.userId}</p>
<p>${exam.name}</p><p>${person.roomName}</p><p class="time">${timeRange(exam.startTime, person.examEndTime, local)}</p>${more}
${pc}<p class="secret">Secret: whoever scans it acts as you.</p></div></article>`;
};

const staffRow = ({ role, name, userId, url }: JoinLink): Html =>
  html`<tr><td>${role}</td><td>${name}</td><td>${userId}</td><td>${link(url, "Watching page")}</td><td>${qr(url)}</td></tr>`;

const staffTable = (staff: readonly JoinLink[]): Html =>
  html`<table><thead><tr><th>Role</th><th>Name</th><th>Id</th><th>Link</th><th>QR code</th></tr></thead><tbody>${staff.map(staffRow)}</tbody></table>
<p class="note">Keep this sheet from the examinees: whoever opens a link acts as that person.</p>`;

const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));

const subtitle = ({ exam, timeZone }: CardsOptions): string =>
  `${exam.name} · ${timeRange(exam.startTime, exam.endTime, timeFormatter(timeZone))} (${timeZone})`;

/** The start of the page. */
export const cardsHead = ({ exam }: CardsOptions): string =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${exam.name}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<style>${new Html(STYLE)}</style></head><body>
`.text;
export const CARDS_TAIL = "</body></html>\n";

/** The sheets of one room: first those for its staff, then the cards of its examinees. */
export function* roomSheets(people: readonly JoinLink[], options: CardsOptions): Generator<string> {
  const local = timeFormatter(options.timeZone);
  const line = subtitle(options);
  const roomName = people[0]?.roomName ?? "";
  const sheet = (part: string, content: Html): string =>
    html`<section class="sheet"><header><h1>${roomName}</h1><p>${line} · ${part}</p></header>${content}</section>
`.text;
  const staff = chunks(
    people.filter(({ role }) => role !== "examinee"),
    STAFF_PER_SHEET,
  );
  for (const [n, some] of staff.entries())
    yield sheet(`staff, sheet ${n + 1} of ${staff.length}`, staffTable(some));
  const cards = chunks(
    people.filter(({ role }) => role === "examinee"),
    CARDS_PER_SHEET,
  );
  for (const [n, some] of cards.entries()) {
    const content = html`<div class="cards">${some.map((person) => card(person, options.exam, local))}</div>`;
    yield sheet(`sheet ${n + 1} of ${cards.length}`, content);
  }
}
