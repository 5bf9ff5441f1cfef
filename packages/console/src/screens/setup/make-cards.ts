import type { CardPageCards as Card, InvigilClient } from "@invigil/client";

export type Whom = "everybody" | "examinee" | "staff";

const ROLES = {
  everybody: [undefined],
  examinee: ["examinee"],
  staff: ["teacher", "inspector"],
} as const;

/** The number of cards of a call: drawing a code takes the server a moment. */
const PAGE = { withQr: 100, without: 500 };

interface MadeCards {
  readonly as: "codes" | "links";
  readonly cards: readonly Card[];
}

/** Makes the cards of people of an exam, page by page. */
export const makeCards = async (
  client: InvigilClient,
  {
    examId,
    roomId,
    whom,
    withQr,
    signal,
    onProgress,
  }: {
    readonly examId: string;
    readonly roomId?: string | undefined;
    readonly whom: Whom;
    readonly withQr: boolean;
    readonly signal?: AbortSignal;
    readonly onProgress?: (made: number) => void;
  },
): Promise<MadeCards> => {
  const cards: Card[] = [];
  let as: MadeCards["as"] = "codes";
  for (const role of ROLES[whom])
    for (let after: { roomId: string; userId: string } | undefined; ; ) {
      const page = await client.exam.cards.mutate(
        { examId, roomId, role, withQr, limit: withQr ? PAGE.withQr : PAGE.without, after },
        { ...(signal && { signal }) },
      );
      cards.push(...page.cards);
      as = page.as;
      onProgress?.(cards.length);
      after = page.next;
      if (!after) break;
    }
  return { as, cards };
};

/** Until when the first of the cards is valid. */
export const validUntil = (cards: readonly Card[]): Date | undefined =>
  cards.reduce<Date | undefined>(
    (first, { expiresAt }) => (first === undefined || expiresAt < first ? expiresAt : first),
    undefined,
  );

/** The codes of one person: staff of several rooms have one for each. */
export type PersonCards = readonly [Card, ...Card[]];

/** Cards on one sheet. */
export interface Sheet {
  readonly key: string;
  /** Undefined: the cards of staff of several rooms. */
  readonly roomName: string | undefined;
  readonly isStaff: boolean;
  readonly number: number;
  readonly of: number;
  readonly people: readonly PersonCards[];
}

const CARDS_PER_SHEET = 8;
/** How many codes stand beside each other on a card of several rooms, which is as wide as a sheet. */
const CODES_PER_ROW = 3;
/** How many codes a sheet has space for, on one card. */
const MOST_CODES = 15;

/** How many cards of one room are as high: each takes 64 mm. A card of several has 24 mm for who it is of, and 40 mm for each row of codes. */
export const rowsOf = (cards: PersonCards): number =>
  Math.ceil((24 + 40 * Math.ceil(cards.length / CODES_PER_ROW)) / 64);
const placesOf = (cards: PersonCards): number => (cards.length === 1 ? 1 : 2 * rowsOf(cards));

/** Divides a list at the sizes of what it holds. */
const divide = <Thing>(
  things: readonly Thing[],
  most: number,
  sizeOf: (thing: Thing) => number,
): Thing[][] => {
  const parts: Thing[][] = [];
  let left = 0;
  for (const thing of things) {
    if (sizeOf(thing) > left) {
      parts.push([]);
      left = most;
    }
    parts.at(-1)?.push(thing);
    left -= sizeOf(thing);
  }
  return parts;
};

const addTo = <Thing>(groups: Map<string, Thing[]>, key: string, thing: Thing): void =>
  void groups.set(key, [...(groups.get(key) ?? []), thing]);

/**
 * Puts cards onto sheets: each room begins a new one, and so do its candidates after its staff. Staff of several rooms have one card, on sheets
 * after those of the rooms.
 */
export const sheetsOf = (cards: readonly Card[]): readonly Sheet[] => {
  const people = new Map<string, Card[]>();
  for (const card of cards)
    addTo(people, card.role === "examinee" ? `${card.roomId} ${card.userId}` : `staff ${card.userId}`, card);
  const groups = new Map<string, PersonCards[]>();
  const several: PersonCards[] = [];
  for (const person of people.values())
    for (const [first, ...others] of divide(person, MOST_CODES, () => 1)) {
      if (!first) continue;
      if (person.length > 1) several.push([first, ...others]);
      else addTo(groups, `${first.roomId} ${first.role === "examinee" ? "examinee" : "staff"}`, [first]);
    }
  return [...groups, ["several", several] as const].flatMap(([key, group]) => {
    const sheets = divide(group, CARDS_PER_SHEET, placesOf);
    return sheets.map((people, n) => ({
      key: `${key} ${n}`,
      roomName: group === several ? undefined : group[0]?.[0].roomName,
      isStaff: group[0]?.[0].role !== "examinee",
      number: n + 1,
      of: sheets.length,
      people,
    }));
  });
};

/** Where a code is typed, as people type it. */
export const placeToType = ({ code = "", url }: Pick<Card, "code" | "url">): string =>
  url.slice(0, url.length - code.length - 1).replace(/^https?:\/\//, "");
