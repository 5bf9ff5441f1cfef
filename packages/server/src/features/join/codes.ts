import {
  type CodeState,
  isOver,
  type JoinCode,
  type JoinLinksInput,
  type LinkOfCode,
  type ParticipantRole,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../../config/config.js";
import type { AccessLog } from "../../domain/access-log.js";
import type { ActingCaller, Origin } from "../../domain/calls.js";
import type { RoomKey } from "../../domain/room-exams.js";
import {
  formatJoinCode,
  type JoinCodes,
  type JoinPage,
  type JoinSeat,
  parseJoinCode,
  randomJoinCode,
} from "../../identity/join-codes.js";
import { type TokenIssuer, unauthenticated } from "../../identity/tokens.js";
import { networkOf } from "../../limits/network.js";
import type { RateLimits } from "../../limits/rates.js";
import { invalidInput } from "../../platform/errors.js";
import type { CodeStore, PageToCode } from "./codes-store.js";
import {
  ignoreExamOver,
  type LinkService,
  type MakeForSeat,
  requiredUrl,
  type SeatsInput,
  type SeatsOf,
} from "./links.js";
import { examineeUrlOf, hasSecondPage, secondPageOf } from "./rules.js";
import type { WrongCodes } from "./wrong-codes.js";

/**
 * Returns where a reserved code leads now. Undefined: nowhere.
 * @param base see `Context.reachedAt`
 */
type Lead = (base: string | undefined) => Promise<URL | undefined>;

/** Names the seat of a person. */
export type SeatRef = Pick<JoinCode, "roomId" | "userId">;

/** The path below which codes lead to the web apps. It is part of printed cards. */
export const JOIN_PATH = "/j";
/** How many codes one transaction writes. */
const CODES_PER_WRITE = 500;

/** A person whose codes are not written yet. */
interface Draft {
  readonly room: RoomKey;
  readonly about: Omit<JoinCode, "code" | "url" | "pcCode" | "pcUrl">;
  readonly pages: readonly [main: PageToCode, pc?: PageToCode];
}

/** Splits pages into groups for one transaction each. Their people are sorted by room. */
function* groupsOf(drafts: readonly Draft[]): Generator<{ room: RoomKey; pages: PageToCode[] }> {
  let group: { room: RoomKey; pages: PageToCode[] } | undefined;
  for (const { room, pages } of drafts) {
    const isFull = group !== undefined && group.pages.length + pages.length > CODES_PER_WRITE;
    if (group && (isFull || group.room.roomId !== room.roomId)) yield group;
    if (!group || isFull || group.room.roomId !== room.roomId) group = { room, pages: [] };
    group.pages.push(...pages.filter((page) => page !== undefined));
  }
  if (group) yield group;
}

export type CodeService = ReturnType<typeof createCodeService>;

export const createCodeService = ({
  store,
  links,
  codes,
  wrongCodes,
  rates,
  tokens,
  accessLog,
  log,
  config,
}: {
  store: CodeStore;
  links: LinkService;
  codes: JoinCodes;
  wrongCodes: WrongCodes;
  rates: RateLimits;
  tokens: TokenIssuer;
  accessLog: Pick<AccessLog, "note" | "noteEnded">;
  log: FastifyBaseLogger;
  config: Pick<Config, "publicUrl" | "apps" | "auth" | "streamService">;
}) => {
  const { publicUrl, apps, auth } = config;
  // Without logins, the secret and the codes would end with the process.
  /** The setting without which there are no codes, if it is missing. */
  const missingSetting =
    auth === "off" ? "INVIGIL_AUTH=required" : publicUrl === undefined ? "INVIGIL_PUBLIC_URL" : undefined;

  const assertConfigured = (role: ParticipantRole): void => {
    if (missingSetting !== undefined) requiredUrl(undefined, missingSetting, "join codes");
    if (role === "examinee")
      requiredUrl(examineeUrlOf(config), "INVIGIL_EXAMINEE_APP_URL", "the join codes of examinees");
    else requiredUrl(apps.watchUrl, "INVIGIL_WATCH_APP_URL", "the join codes of teachers and inspectors");
  };

  /** The codes of a page of a seat, by their digests. */
  const byDigest = (seat: JoinSeat): ReadonlyMap<string, string> =>
    new Map([...codes.of(seat)].map((code) => [codes.digest(code), code]));
  /** Whether a digest is that of a code of the seat, or of one with which the person was moved to it. */
  const isCurrent = async (seat: JoinSeat, digest: string): Promise<boolean> =>
    byDigest(seat).has(digest) ||
    (await store.roomsOf(seat.examId, seat.userId)).some((roomId) =>
      byDigest({ ...seat, roomId }).has(digest),
    );

  const draftOf: MakeForSeat<Draft> = async ({ room, person, generation }, exam) => {
    const { userId, name, role } = person;
    assertConfigured(role);
    const { id: roomId, name: roomName, examId } = room;
    const endsAt = links.endsAtFor(person, exam);
    const expiresAt = tokens.lastExpiry(endsAt);
    const about = {
      userId,
      name,
      role,
      roomId,
      roomName,
      examEndTime: endsAt,
      expiresAt,
    };
    const pageOf = (page: JoinPage): PageToCode => {
      const codesFrom = (from: string) => byDigest({ examId, roomId: from, userId, page, generation });
      return { userId, page, codes: codesFrom(roomId), codesFrom };
    };
    return {
      room: { examId, roomId },
      about,
      pages:
        role === "examinee" && hasSecondPage(config, exam)
          ? [pageOf("main"), pageOf("pc")]
          : [pageOf("main")],
    };
  };

  /** Writes the codes of people, who are sorted by room. Leaves out people who have left since they were read. */
  const assign = async (caller: ActingCaller, drafts: readonly Draft[]): Promise<JoinCode[]> => {
    const chosen = new Map<PageToCode, string>();
    for (const { room, pages } of groupsOf(drafts)) {
      const { codes: given, written } = await store.assign(room, pages, caller);
      rates.charge({ caller, examId: room.examId }, { writeRows: written });
      for (const [index, code] of given.entries()) {
        const page = pages[index];
        if (page && code !== undefined) chosen.set(page, formatJoinCode(code));
      }
    }
    return drafts.flatMap(({ about, pages: [main, pc] }) => {
      const code = chosen.get(main);
      if (code === undefined) return [];
      const pcCode = pc && chosen.get(pc);
      return [{ ...about, code, url: urlOf(code), ...(pcCode && { pcCode, pcUrl: urlOf(pcCode) }) }];
    });
  };
  /** The codes that lead to no seat of the database. */
  const reserved = new Map<string, Lead>();
  const urlOf = (code: string): string => `${publicUrl}${JOIN_PATH}/${code}`;

  const service = {
    missingSetting,
    /**
     * Gives people their join codes, and returns these: of the same people, in the same order and with the same pages as
     * `LinkService.join`. A seat has the same codes each time, until its links are revoked.
     */
    make: async (caller: ActingCaller, of: SeatsOf, input: JoinLinksInput): Promise<JoinCode[]> =>
      assign(caller, await links.forSeats(of, input, draftOf)),
    /**
     * The same for some people, with the last seat of a page that may have a next one: people who have left since they were read have no
     * code.
     */
    async makePage(
      caller: ActingCaller,
      of: SeatsOf,
      input: SeatsInput & { readonly limit: number },
    ): Promise<{ readonly codes: JoinCode[]; readonly last?: SeatRef | undefined }> {
      const drafts = await links.forSeats(of, input, draftOf);
      const last = drafts.length < input.limit ? undefined : drafts.at(-1)?.about;
      return { codes: await assign(caller, drafts), last };
    },

    /**
     * Returns a seat, with whether its codes work and until when links do that are made now. Undefined if the person is not in the room. Checks
     * no permissions: for use by other services.
     */
    async seatNow(place: RoomKey & { readonly userId: string }) {
      const [seat, digests] = await Promise.all([store.seat(place), store.digestsOf(place)]);
      if (!seat) return undefined;
      const stateOf = async (page: JoinPage): Promise<CodeState> => {
        const made = digests.get(page);
        if (made === undefined) return "none";
        return (await isCurrent({ ...place, page, generation: seat.generation }, made))
          ? "current"
          : "outdated";
      };
      const states = {
        main: await stateOf("main"),
        ...(seat.role === "examinee" && hasSecondPage(config, seat.exam) && { pc: await stateOf("pc") }),
      };
      return { ...seat, states, linksUntil: tokens.lastUse(links.endsAtFor(seat, seat.exam)) };
    },

    /** Returns a new code that leads where `lead` says, for as long as this server runs. */
    reserve(lead: Lead): string {
      const code = randomJoinCode();
      reserved.set(code, lead);
      return formatJoinCode(code);
    },

    /**
     * Returns the address of the web app, with a new token, to which a code leads now. `mistyped`: this cannot be a code. `unknown`: no
     * person has the code, its links were revoked, its person left, or their room or exam is over.
     * @param base see `Context.reachedAt`
     * @throws TOO_MANY_REQUESTS
     */
    async enter(typed: string, origin: Origin, base?: string): Promise<URL | "mistyped" | "unknown"> {
      const code = parseJoinCode(typed);
      if (code === undefined) return "mistyped";
      const lead = reserved.get(code);
      if (lead) return (await lead(base)) ?? "unknown";
      const found = await wrongCodes.lookUp(networkOf(origin.address), () => store.find(codes.digest(code)));
      const seat = found && (await store.seat(found));
      if (!seat) return "unknown";
      const { userId, page, ...room } = found;
      const { role, generation, roomStatus } = seat;
      rates.take({ caller: { userId, role, roomId: room.roomId } }, { writes: 1 });
      const isOpen = role !== "examinee" || (roomStatus === "in_progress" && !isOver(seat.times.attempt));
      const refuse = (reason: string): "unknown" => {
        accessLog.noteEnded({ userId, role, generation, ...room }, reason, origin);
        return "unknown";
      };
      if (!(await isCurrent({ ...found, generation }, codes.digest(code)))) return refuse("LINKS_REVOKED");
      if (!isOpen) return refuse("ROOM_ENDED");
      const place = { id: room.roomId, examId: room.examId, name: seat.roomName };
      const link = await links
        .ofSeat({ room: place, person: { ...seat, userId }, generation }, seat.exam)
        .catch(ignoreExamOver);
      if (!link) return refuse("EXAM_OVER");
      log.info({ ...origin, ...room, userId, page, tokenId: link.tokenId }, "join code used");
      // The audit does not keep what examinees get for themselves, here as elsewhere.
      if (role !== "examinee")
        accessLog.note(
          { userId, role, generation, ...room, origin, audited: "access" },
          { ...room, people: [userId], subject: link.tokenId },
        );
      // A code that was printed while the exam needed both cameras still leads to the second one.
      return new URL(page === "pc" && role === "examinee" ? secondPageOf(link.url) : link.url);
    },

    /** The same for callers of procedures. @throws INVALID_INPUT if it is mistyped; UNAUTHENTICATED if it is unknown */
    async linkOf(typed: string, origin: Origin, base?: string): Promise<LinkOfCode> {
      const entered = await service.enter(typed, origin, base);
      if (entered === "mistyped") throw invalidInput("code", "is mistyped");
      if (entered === "unknown") throw unauthenticated("The code does not work now.");
      return { url: entered.href };
    },
  };
  return service;
};
