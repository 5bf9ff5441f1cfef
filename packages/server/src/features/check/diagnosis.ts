import { type DiagnoseInput, type Diagnosis, imServerSchema, isOver, type Obstacle } from "@invigil/schema";
import type { Config } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError } from "../../platform/errors.js";
import { streamCarrierOf } from "../../providers/stream-carrier.js";
import type { MessageProviders } from "../../providers/types.js";
import type { Queries } from "../../storage/port.js";
import type { AccountService } from "../account/service.js";
import type { AuditService } from "../audit/service.js";
import type { CodeService } from "../join/service.js";
import type { RosterService } from "../roster/service.js";

export type DiagnosisService = ReturnType<typeof createDiagnosisService>;

/** Says why a person cannot enter: what an operator would otherwise look up in several places. */
export const createDiagnosisService = ({
  roster,
  codes,
  account,
  audit,
  messages,
  config,
  rates,
  together,
  clock,
}: {
  roster: Pick<RosterService, "placesOf">;
  codes: Pick<CodeService, "seatNow">;
  account: Pick<AccountService, "stateOf">;
  audit: Pick<AuditService, "refusalsOf">;
  messages: MessageProviders;
  config: Config;
  rates: RateLimits;
  together: Queries["together"];
  clock: () => Date;
}) => {
  const seatOf = async (examId: string, roomId: string, userId: string): Promise<Diagnosis["seats"]> => {
    const found = await codes.seatNow({ examId, roomId, userId });
    // They may have left since their rooms were read.
    if (!found) return [];
    const { roomName, roomStatus, role, generation, states, linksUntil, times } = found;
    const inTheWay: Readonly<Record<Obstacle, boolean>> = {
      room_ended: role === "examinee" && roomStatus === "ended",
      attempt_over: role === "examinee" && isOver(times.attempt),
      exam_over: linksUntil <= clock(),
      no_public_url: config.publicUrl === undefined,
    };
    // Safe: the object has the keys of its type.
    const obstacles = (Object.keys(inTheWay) as Obstacle[]).filter((one) => inTheWay[one]);
    return [{ roomId, roomName, roomStatus, role, generation, codes: states, linksUntil, obstacles }];
  };

  return {
    /** @throws FORBIDDEN, or PARTICIPANT_NOT_FOUND for those who may see the whole exam, if the person is in no room that the caller may see */
    async diagnose(
      caller: ActingCaller,
      of: Opened<"roomsToRun"> | Opened<"unbound">,
      { userId, examId }: DiagnoseInput,
    ): Promise<Diagnosis> {
      const scope = "exam" in of ? { examId: of.exam.id, rooms: of.rooms } : undefined;
      if (!scope && caller.role !== "admin")
        throw forbidden("Only administrators may ask without an exam: examId is required.");
      const isOpen = (roomId: string): boolean =>
        !scope || scope.rooms === "all" || scope.rooms.includes(roomId);
      const [places, ofAccount, refused] = await together(() =>
        Promise.all([
          scope && roster.placesOf(scope.examId, userId),
          account.stateOf(userId),
          audit.refusalsOf(userId, examId),
        ]),
      );
      rates.charge({ caller }, { readRows: refused.read });
      const rooms = places?.rooms.filter(({ roomId }) => isOpen(roomId)) ?? [];
      const unseated = scope?.rooms === "all" ? places?.unseated : undefined;
      if (scope && rooms.length === 0 && !unseated)
        throw scope.rooms === "all"
          ? new InvigilError("PARTICIPANT_NOT_FOUND", `There is no ${userId} in the exam ${scope.examId}.`)
          : forbidden(`${userId} is in no room of the exam ${scope.examId} that is open to you.`);
      const seats = scope
        ? await together(() => Promise.all(rooms.map(({ roomId }) => seatOf(scope.examId, roomId, userId))))
        : [];
      const { service: streams, isReady: canPublish } = streamCarrierOf(config);
      return {
        userId,
        isUnseated: unseated !== undefined,
        seats: seats.flat(),
        ...(ofAccount && { account: ofAccount }),
        refusals: refused.refusals.filter(({ roomId }) => roomId === undefined || isOpen(roomId)),
        provider: {
          messages: imServerSchema.options.filter((service) => messages[service] !== undefined),
          streams,
          canPublish,
        },
      };
    },
  };
};
