import { type DuplicatedExam, type DuplicateExamInput, FIRST_INSTANT, LAST_INSTANT } from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { examNotFound, invalidInput } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import type { AccessService } from "../access/service.js";
import { clipNotFound } from "../audio/rules.js";
import type { GroupService } from "../message-groups/service.js";
import { toNewPerson } from "../participant/rules.js";
import type { DuplicatesStore, PersonOfExam, RoomOfExam } from "./duplicates-store.js";
import type { ExamService } from "./service.js";

/** Returns each person once. A person in several rooms was added by hand, and gets one place. */
const eachOnce = (people: readonly PersonOfExam[]): PersonOfExam[] => {
  const byId = new Map<string, PersonOfExam>();
  for (const person of people) if (!byId.has(person.userId)) byId.set(person.userId, person);
  return [...byId.values()];
};

export type DuplicateService = ReturnType<typeof createDuplicateService>;

export const createDuplicateService = ({
  store,
  access,
  exams,
  groups,
  clock,
  ids,
  rates,
  quotas,
}: {
  readonly store: DuplicatesStore;
  readonly access: Pick<AccessService, "open" | "look">;
  readonly exams: ExamService;
  readonly groups: GroupService;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}) => {
  const assertQuotas = (examId: string, rooms: readonly RoomOfExam[]): void => {
    if (!quotas || rooms.length <= quotas.roomsPerExam) return;
    const most = quotas.roomsPerExam;
    throw quotaExceeded({ whose: `The exam ${examId}`, what: "rooms", held: rooms.length, most });
  };

  return {
    /**
     * Makes a new exam with the details, the audio schedule, the cheat config and the consent text of another, and on request with its rooms and people. It has no
     * records, messages or links. All of it appears at once.
     */
    async duplicate(
      caller: ActingCaller,
      { id: copyOf }: Opened<"wholeExam">,
      { name, withRooms, withPeople, ...times }: DuplicateExamInput,
    ): Promise<DuplicatedExam> {
      rates.take({ caller }, { rooms: 1, writeRows: 0 });
      await exams.assertMayCreate(await access.open(caller, "unbound"));
      const details = await store.details(copyOf);
      if (!details) throw examNotFound(copyOf);
      const startTime = times.startTime ?? details.startTime;
      const laterMs = startTime.getTime() - details.startTime.getTime();
      const later = (time: Date) => new Date(time.getTime() + laterMs);
      const endTime = times.endTime ?? later(details.endTime);
      if (endTime <= startTime) throw invalidInput("endTime", "must be after startTime");
      const audio = details.audio.map(({ clipId, startTime: at }) => ({
        clipId,
        startTime: at ? later(at) : undefined,
      }));
      for (const time of [endTime, ...audio.map((clip) => clip.startTime)])
        if (time && (time < FIRST_INSTANT || time > LAST_INSTANT))
          throw invalidInput("startTime", "must not move the end or the audio out of the years 1970 to 9999");

      // A person who is seated during the read is read twice, and not missed.
      const withoutRoom = withPeople ? await store.unseated(copyOf) : [];
      const found = withRooms || withPeople ? await store.rooms(copyOf) : [];
      const inRooms = found.reduce((sum, { people }) => sum + people.length, 0);
      rates.charge({ caller }, { readRows: inRooms + withoutRoom.length });
      const copied = withRooms ? found : [];
      assertQuotas(copyOf, copied);
      const staffOf = ({ people }: RoomOfExam) => people.filter(({ role }) => role !== "examinee");
      const seatedIds = new Set(copied.flatMap(staffOf).map(({ userId }) => userId));
      const unseated = withPeople
        ? eachOnce([...withoutRoom, ...found.flatMap(({ people }) => people)]).filter(
            ({ userId }) => !seatedIds.has(userId),
          )
        : [];

      const now = clock();
      const examId = ids.next();
      const requests = copied.map((room) => ({
        examId,
        roomId: ids.next(),
        name: room.name,
        creatorId: room.createTeacher,
        imServer: room.imServer,
        members: () => staffOf(room).map(({ userId }) => userId),
        caller,
      }));
      const missing = await groups.open(requests, ({ roomIds, undo }) => {
        // A service may have chosen the id of a room.
        const rooms = copied.map((room, n) => ({ ...room, id: roomIds[n] ?? "", examId, now }));
        const seated = rooms.flatMap((room) => staffOf(room).map((person) => toNewPerson(person, room, now)));
        return store.create({
          exam: {
            id: examId,
            name,
            startTime,
            endTime,
            videoProfile: details.videoProfile,
            controller: details.controlledBy,
            maxRoomMinutes: details.maxRoomMinutes,
            cameras: details.cameras,
            questionsUrl: details.questionsUrl,
            detectors: details.detectors,
            createdBy: caller.userId,
            createdAt: now,
            updatedAt: now,
          },
          copyOf,
          audio: audio.map((clip) => ({ ...clip, id: ids.next(), examId, createdAt: now })),
          cheatConfig: details.cheatConfig,
          consent: details.consent,
          rooms,
          seated,
          unseated,
          undo,
          now,
          author: caller,
        });
      });
      if (missing) throw clipNotFound(missing.missingClip);
      const [rooms, people] = [copied.length, seatedIds.size + unseated.length];
      rates.charge({ caller }, { writeRows: details.audio.length + rooms + people });
      const made = await exams.get(caller, await access.look(caller, "exam", { examId }));
      return { ...made, rooms, people };
    },
  };
};
