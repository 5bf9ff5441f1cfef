import {
  cardPageSchema,
  cardsInput,
  joinCodeSchema,
  joinLinkSchema,
  joinLinksInput,
  linkOfCodeInput,
  linkOfCodeSchema,
  revokedSeatSchema,
  revokeLinksInput,
} from "@invigil/schema";
import { originOf } from "../../trpc/context.js";
import { publicProcedure, teachers } from "../../trpc/procedures.js";
import type { CardService } from "./cards.js";
import type { CodeService } from "./codes.js";
import type { LinkService } from "./links.js";

export const createJoinProcedures = ({
  cards,
  codes,
  links,
}: {
  cards: CardService;
  codes: CodeService;
  links: LinkService;
}) => ({
  exam: {
    // Allowed when the disk is full, like `room.joinCodes`, because it may create codes.
    cards: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates cards with which people join their rooms, to be printed or mailed.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        charges: ["writeRows"],
        rows: 500,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(cardsInput)
      .output(cardPageSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => cards.page(caller, await open(input), input)),
  },
  room: {
    joinLinks: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates links with which people join their rooms.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        rows: 1000,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(joinLinksInput)
      .output(joinLinkSchema.array())
      .mutation(async ({ ctx: { open }, input }) => links.join(await open(input), input)),
    // When the disk is full, people must still get in. Their codes are few: two for each person.
    joinCodes: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates codes with which people join their rooms.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        charges: ["writeRows"],
        rows: 1000,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(joinLinksInput)
      .output(joinCodeSchema.array())
      .mutation(async ({ ctx: { caller, open }, input }) => codes.make(caller, await open(input), input)),
    linkOfCode: publicProcedure
      .meta({
        sentence: "Exchanges a join code for a link to its room, as the page at `/j` does.",
        audited: "access",
        charges: ["writes"],
        bodyKib: 4,
        allowedWhenDiskFull: true,
      })
      .input(linkOfCodeInput)
      .output(linkOfCodeSchema)
      .mutation(({ ctx, input }) =>
        codes.linkOf(input.code, originOf(ctx, "room.linkOfCode"), ctx.reachedAt?.()),
      ),
    revokeLinks: teachers("roomToRun")
      .meta({
        sentence: "Revokes the links, codes and tokens of people for a room.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
        charges: ["writeRows"],
        allowedWhenDiskFull: true,
      })
      .input(revokeLinksInput)
      .output(revokedSeatSchema.array())
      .mutation(async ({ ctx: { caller, open }, input }) =>
        links.revoke(caller, await open(input), input.userIds),
      ),
  },
});
