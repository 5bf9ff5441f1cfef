import {
  type CameraNeed,
  type ExamTimes,
  endsAtOf,
  isOver,
  type JoinLink,
  type JoinLinksInput,
  MAX_LINKS_PER_CALL,
  type ParticipantRole,
  type RevokedSeat,
  type RevokeLinksInput,
  type Room,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { TokenIssuer } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { InvigilError, invalidInput, notInRoom, roomEnded } from "../../platform/errors.js";
import { createPace } from "../../platform/pace.js";
import type { ExamService } from "../exam/service.js";
import type { ParticipantService, RoomMember } from "../participant/service.js";
import { examineeUrlOf, hasSecondPage, secondPageOf } from "./rules.js";
import type { LinkStore } from "./store.js";

/** The place whose people get something: a room, or the rooms of an exam. */
export type SeatsOf = Opened<"roomToRun" | "roomsToRun">;
/** Which of the people get something. */
export type SeatsInput = Pick<JoinLinksInput, "role" | "after" | "limit"> & {
  /** Default: all people. */
  readonly userIds?: ReadonlySet<string> | undefined;
};

/** A person's place in a room, for which they get a link. */
export interface Seat {
  readonly room: Pick<Room, "id" | "examId" | "name">;
  readonly person: RoomMember;
  /** The generation of the seat's links. */
  readonly generation: number;
}
/** @throws EXAM_OVER if the person gets none */
export type MakeForSeat<Made extends object> = (seat: Seat, exam: ExamOfLinks) => Promise<Made>;

export interface LinkServiceDeps {
  readonly store: LinkStore;
  readonly exam: ExamService;
  readonly participant: ParticipantService;
  readonly tokens: TokenIssuer;
  readonly clock: () => Date;
  /** Called after tokens were revoked, so that open subscriptions check their tokens again. */
  readonly onAccessRevoked: () => void;
  readonly log: FastifyBaseLogger;
  readonly rates: RateLimits;
  readonly publicUrl: () => string;
  readonly config: Pick<Config, "apps" | "streamService">;
}

const ROLES: readonly ParticipantRole[] = ["teacher", "inspector", "examinee"];
/** The values of the watch app's `role` parameter. */
const WATCH_APP_ROLES = { teacher: "0", inspector: "1" } as const;

const ROOMS_AT_ONCE = 100;
/** The number of tokens to sign in one turn of the event loop. */
const SIGNED_AT_ONCE = 20;

const withQuery = (base: string, query: Readonly<Record<string, string>>): string => {
  const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${base}?${parts.join("&")}`;
};

/** Extra minutes differ, so the exam may be over for some people of a room and not for others. */
export const ignoreExamOver = (error: unknown): undefined => {
  if (!(error instanceof InvigilError && error.code === "EXAM_OVER")) throw error;
};
/** An exam, as far as links depend on it. */
export type ExamOfLinks = Pick<ExamTimes, "startTime" | "endTime"> & { readonly cameras: CameraNeed };

export const requiredUrl = (url: string | undefined, setting: string, what: string): string => {
  if (url !== undefined) return url;
  throw new InvigilError("PROVIDER_NOT_CONFIGURED", `${setting} is not set: ${what} need it.`);
};

export type LinkService = ReturnType<typeof createLinkService>;

export const createLinkService = ({
  store,
  exam: exams,
  participant,
  tokens,
  clock,
  onAccessRevoked,
  log,
  rates,
  publicUrl,
  config,
}: LinkServiceDeps) => {
  /** The rooms of the request, beginning with the one of the cursor. */
  async function* roomsFor(of: SeatsOf, { after }: SeatsInput): AsyncGenerator<Room, void> {
    if (!("rooms" in of)) {
      if (of.status === "ended") throw roomEnded(of.id);
      yield of;
      return;
    }
    const { exam, rooms: accessible } = of;
    for (let from = after?.roomId ?? ""; ; ) {
      const rooms = await store.ofExam(exam.id, { from, limit: ROOMS_AT_ONCE + 1 });
      for (const room of rooms.slice(0, ROOMS_AT_ONCE))
        if (accessible === "all" || accessible.includes(room.id)) yield room;
      const next = rooms[ROOMS_AT_ONCE];
      if (!next) return;
      from = next.id;
    }
  }

  const seatsOf = async (room: Room, roles: readonly ParticipantRole[]): Promise<Seat[]> => {
    const joining = roles.filter((role) => role !== "examinee" || room.status === "in_progress");
    // Read the generations first: a link that is created during a revocation then has the revoked generation.
    const key = { examId: room.examId, roomId: room.id };
    const generations = await store.generations(key);
    const people = await Promise.all(joining.map((role) => participant.members(key, role)));
    return people
      .flat()
      .filter(({ role, times }) => role !== "examinee" || !isOver(times.attempt))
      .map((person) => ({ room, person, generation: generations.get(person.userId) ?? 0 }));
  };

  /** The seats of the request, after the one of the cursor. */
  async function* seatsFor(of: SeatsOf, input: SeatsInput): AsyncGenerator<Seat, void> {
    const { role, after, userIds } = input;
    const roles = role === undefined ? ROLES : [role];
    for await (const room of roomsFor(of, input)) {
      const seats = await seatsOf(room, roles);
      // If the person of the cursor was removed, the room starts again at its first seat.
      const last =
        room.id === after?.roomId ? seats.findIndex(({ person }) => person.userId === after.userId) : -1;
      for (const seat of seats.slice(last + 1)) if (userIds?.has(seat.person.userId) ?? true) yield seat;
    }
  }

  const urlsOf = ({ room, person: { userId, role } }: Seat, exam: ExamOfLinks, token: string) => {
    const query = { roomId: room.id, userId, token };
    if (role !== "examinee") {
      const whose = "the links of teachers and inspectors";
      const watch = requiredUrl(config.apps.watchUrl, "INVIGIL_WATCH_APP_URL", whose);
      return { url: withQuery(watch, { ...query, role: WATCH_APP_ROLES[role] }) };
    }
    const sit = requiredUrl(
      examineeUrlOf(config, publicUrl),
      "INVIGIL_EXAMINEE_APP_URL",
      "the links of examinees",
    );
    const url = withQuery(sit, query);
    return { url, ...(hasSecondPage(config, exam) && { pcUrl: secondPageOf(url) }) };
  };

  /** Returns when the exam ends for a person. */
  const endsAtFor = (
    { times: { extraMinutes, attempt } }: Pick<RoomMember, "times">,
    exam: Pick<ExamOfLinks, "startTime" | "endTime">,
  ): Date => endsAtOf({ ...exam, extraMinutes }, attempt, clock());

  /** Creates the link of a seat. Checks no permissions. */
  const linkOf = async (seat: Seat, exam: ExamOfLinks): Promise<JoinLink> => {
    const { room, person, generation } = seat;
    const { userId, name, role } = person;
    const endsAt = endsAtFor(person, exam);
    const { token, tokenId, expiresAt } = await tokens.issueForExam({
      userId,
      role,
      roomId: room.id,
      generation,
      endsAt,
    });
    return {
      userId,
      name,
      role,
      roomId: room.id,
      roomName: room.name,
      ...urlsOf(seat, exam, token),
      examEndTime: endsAt,
      tokenId,
      expiresAt,
    };
  };

  /** Makes something for the seats for which `join` creates links, with the same checks. */
  const forSeats = async <Made extends object>(
    of: SeatsOf,
    input: SeatsInput,
    make: MakeForSeat<Made>,
  ): Promise<Made[]> => {
    const { limit, after } = input;
    const pace = createPace(SIGNED_AT_ONCE);
    const all: Awaited<ReturnType<typeof make>>[] = [];
    let exam: (ExamOfLinks & { readonly id: string }) | undefined;
    for await (const seat of seatsFor(of, input)) {
      if (limit === undefined && all.length === MAX_LINKS_PER_CALL)
        throw invalidInput(
          "limit",
          `is needed: these are more than ${MAX_LINKS_PER_CALL} links. Ask for them page by page`,
        );
      exam ??= "rooms" in of ? of.exam : { id: of.examId, ...(await exams.ofLinks(of.examId)) };
      const made = await make(seat, exam).catch(ignoreExamOver);
      if (made) all.push(made);
      if (all.length === limit) return all;
      await pace(1);
    }
    if (all.length === 0 && exam && !after)
      throw new InvigilError("EXAM_OVER", `The exam ${exam.id} is over: it cannot be joined any more.`);
    return all;
  };

  return {
    /**
     * Creates join links: by room, oldest first, then by role (teachers, inspectors, examinees), then in the order in which people were
     * added. Examinees get no link to an ended room, and people whose exam is over get no link at all. Without a limit, refuses to create
     * more links than fit into one answer.
     */
    join: (of: SeatsOf, input: JoinLinksInput): Promise<JoinLink[]> => forSeats(of, input, linkOf),
    ofSeat: linkOf,
    endsAtFor,
    forSeats,

    /**
     * Revokes links to a room: those of the given people, or of everyone except the caller. Every process
     * immediately refuses all earlier tokens of those people that are bound to the room. Links created afterwards
     * work.
     * @returns the affected seats: teachers last, each role in the order in which people were added
     * @throws PARTICIPANT_NOT_FOUND for a user id that is not in the room: nothing is revoked then
     */
    async revoke(
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"roomToRun">,
      userIds: RevokeLinksInput["userIds"],
    ): Promise<RevokedSeat[]> {
      rates.take({ caller, examId }, { writeRows: 0 });
      const outcome = await store.revokeLinks(
        { examId, roomId },
        userIds ? { userIds } : { exceptUserId: caller.userId },
        caller,
      );
      if ("notInRoom" in outcome) throw notInRoom({ roomId, userId: outcome.notInRoom });
      onAccessRevoked();
      const { length: seats } = outcome.seats;
      rates.charge({ caller, examId }, { writeRows: seats });
      log.info(
        { ...caller.origin, by: caller.userId, roomId, ...(userIds && { userIds }), seats },
        "links revoked",
      );
      return outcome.seats;
    },
    /**
     * Returns the current generation of a seat's links. Checks no permissions: for the command that signs tokens.
     */
    generation: (roomId: string, userId: string): Promise<number> => store.generation(roomId, userId),
  };
};
