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

/** The cards of a room on one sheet. */
export interface Sheet {
  readonly roomId: string;
  readonly roomName: string;
  readonly isStaff: boolean;
  readonly number: number;
  readonly of: number;
  readonly cards: readonly Card[];
}

const CARDS_PER_SHEET = 8;

/** Puts cards onto sheets: each room begins a new one, and so do its candidates after its staff. */
export const sheetsOf = (cards: readonly Card[]): readonly Sheet[] => {
  const groups = new Map<string, Card[]>();
  for (const card of cards) {
    const key = `${card.roomId} ${card.role === "examinee" ? "examinee" : "staff"}`;
    groups.set(key, [...(groups.get(key) ?? []), card]);
  }
  return [...groups.values()].flatMap((group) => {
    const of = Math.ceil(group.length / CARDS_PER_SHEET);
    const [first] = group;
    if (!first) return [];
    return Array.from({ length: of }, (_, n) => ({
      roomId: first.roomId,
      roomName: first.roomName,
      isStaff: first.role !== "examinee",
      number: n + 1,
      of,
      cards: group.slice(n * CARDS_PER_SHEET, (n + 1) * CARDS_PER_SHEET),
    }));
  });
};

/** Where a code is typed, as people type it. */
export const placeToType = ({ code = "", url }: Pick<Card, "code" | "url">): string =>
  url.slice(0, url.length - code.length - 1).replace(/^https?:\/\//, "");
