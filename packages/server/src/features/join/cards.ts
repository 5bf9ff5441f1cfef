import type { Card, CardPage, CardsInput } from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import { InvigilError } from "../../platform/errors.js";
import { createPace } from "../../platform/pace.js";
import { qrCode } from "../../platform/qr.js";
import type { CodeService, SeatRef } from "./codes.js";
import type { LinkService, SeatsOf } from "./links.js";

/** How many QR codes are drawn in one turn of the event loop. */
const DRAWN_AT_ONCE = 20;

export type CardService = ReturnType<typeof createCardService>;

export const createCardService = ({ links, codes }: { links: LinkService; codes: CodeService }) => {
  /** @param last the last seat of a page that may have a next one */
  const pageOf = async (
    as: CardPage["as"],
    people: readonly Card[],
    { withQr, last }: { readonly withQr: boolean; readonly last: SeatRef | undefined },
  ): Promise<CardPage> => {
    const cards: Card[] = [];
    const pace = createPace(DRAWN_AT_ONCE);
    for (const person of people) {
      const { url, pcUrl, pcCode } = person;
      // A link is opened on the PC itself. A camera could not scan it there, and its code is large.
      const pcQr = pcCode !== undefined && pcUrl !== undefined && { pcQr: qrCode(pcUrl) };
      cards.push(withQr ? { ...person, qr: qrCode(url), ...pcQr } : person);
      await pace(withQr ? 1 : 0);
    }
    const next = last && { roomId: last.roomId, userId: last.userId };
    return { as, cards, ...(next && { next }) };
  };

  return {
    /** Makes cards for the people of an exam, with their join codes or links: with the checks of `LinkService.join`. */
    async page(
      caller: ActingCaller,
      of: SeatsOf,
      { examId, as, withQr, userIds, ...page }: CardsInput,
    ): Promise<CardPage> {
      if (!("rooms" in of) && of.examId !== examId)
        throw new InvigilError("ROOM_NOT_FOUND", `There is no room ${of.id} in the exam ${examId}.`);
      const input = { ...page, userIds: userIds && new Set(userIds) };
      if ((as ?? (codes.missingSetting === undefined ? "codes" : "links")) === "codes") {
        const { codes: made, last } = await codes.makePage(caller, of, input);
        return pageOf("codes", made, { withQr, last });
      }
      const made = await links.forSeats(of, input, (...seat) => links.ofSeat(...seat));
      return pageOf("links", made, { withQr, last: made.length < page.limit ? undefined : made.at(-1) });
    },
  };
};
