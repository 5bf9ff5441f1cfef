import { type CheckItem, detectorsOf, type Exam, type ExamCheck, MAX_NAMED } from "@invigil/schema";
import type { Config } from "../../config/config.js";
import type { AccessLog } from "../../domain/access-log.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import { type Disk, spaceState } from "../../limits/disk.js";
import type { RateLimits } from "../../limits/rates.js";
import { InvigilError } from "../../platform/errors.js";
import { createPace } from "../../platform/pace.js";
import type { ServiceCheck } from "../../providers/checks.js";
import type { StreamCarrier } from "../../providers/stream-carrier.js";
import type { Queries } from "../../storage/port.js";
import type { SittingService } from "../attempt/service.js";
import type { AudioService } from "../audio/service.js";
import type { CheatService } from "../cheat/service.js";
import { examineeUrlOf, usesSitPage } from "../join/rules.js";
import type { CodeService } from "../join/service.js";
import type { CapacityService, Peak } from "./capacity.js";
import { type CheckStore, type NamedRoom, type PersonInRoom, ROOMS_PER_PAGE } from "./store.js";

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
/** How long the answers of vendors' services are cached. */
const SERVICES_MS = 60_000;
/** How long before its start an exam may play audio. */
const BEFORE_MS = 2 * 60 * MINUTE_MS;

type Details = Partial<Omit<CheckItem, "code" | "status">>;
const itemOf = (code: CheckItem["code"], status: CheckItem["status"], details: Details = {}): CheckItem => ({
  code,
  status,
  numbers: {},
  people: [],
  rooms: [],
  settings: [],
  services: [],
  ...details,
});
/** An item about something that must not exist. It has the status if there is any. */
const unless = (isAny: boolean, status: "attention" | "missing"): CheckItem["status"] =>
  isAny ? status : "ok";

const namesOf = (people: readonly Pick<PersonInRoom, "userId" | "name">[]): CheckItem["people"] =>
  people.slice(0, MAX_NAMED).map(({ userId, name }) => ({ userId, name }));

type ExamTimes = Pick<Exam, "startTime" | "endTime">;

/** The people of an exam, and what they lack. */
interface Roster {
  readonly counts: Readonly<Record<"examinee" | "teacher" | "inspector", number>>;
  readonly inRooms: number;
  readonly rooms: number;
  readonly withoutTeacher: readonly NamedRoom[];
  readonly staff: ReadonlyMap<string, PersonInRoom>;
  readonly withoutCode: readonly PersonInRoom[];
}

/** Counts the rooms whose links and cards were made before a time, and not since. `""` stands for the whole exam. */
const roomsMadeBefore = (time: Date, madeAt: ReadonlyMap<string, Date>, rooms: number): number => {
  const ofExam = madeAt.get("");
  if (ofExam && ofExam >= time) return 0;
  const ofRooms = [...madeAt].filter(([roomId]) => roomId !== "");
  const since = ofRooms.filter(([, at]) => at >= time).length;
  return ofExam ? Math.max(0, rooms - since) : ofRooms.length - since;
};

export type CheckService = ReturnType<typeof createCheckService>;

export const createCheckService = ({
  store,
  accessLog,
  together,
  audio,
  cheat,
  sitting,
  codes,
  capacity,
  services,
  disk,
  clock,
  monotonic,
  rates,
  carrier,
  config,
}: {
  readonly store: CheckStore;
  readonly accessLog: Pick<AccessLog, "flush">;
  /** Sends reads of several stores together. */
  readonly together: Queries["together"];
  readonly audio: AudioService;
  readonly cheat: Pick<CheatService, "configOf">;
  readonly sitting: Pick<SittingService, "consentOf">;
  readonly codes: Pick<CodeService, "missingSetting">;
  readonly capacity: CapacityService;
  readonly services: readonly ServiceCheck[];
  readonly disk: Pick<Disk, "least">;
  readonly clock: () => Date;
  readonly monotonic: () => number;
  readonly rates: RateLimits;
  readonly carrier: StreamCarrier;
  readonly config: Pick<Config, "apps" | "streamService" | "diskReserveBytes">;
}) => {
  const { apps, diskReserveBytes } = config;
  const readRoster = async (examId: string): Promise<Roster> => {
    const counts = { examinee: 0, teacher: 0, inspector: 0 };
    const withoutTeacher: NamedRoom[] = [];
    const staff = new Map<string, PersonInRoom>();
    const withoutCode: PersonInRoom[] = [];
    const pace = createPace(ROOMS_PER_PAGE);
    let [rooms, inRooms] = [0, 0];
    for (let after = ""; ; ) {
      const page = await store.rooms(examId, after);
      rooms += page.rooms.length;
      const [taught, sat] = [new Set<string>(), new Set<string>()];
      for (const { roomId, role, people } of page.counts) {
        counts[role] += people;
        inRooms += people;
        if (role === "teacher") taught.add(roomId);
        if (role === "examinee") sat.add(roomId);
      }
      withoutTeacher.push(...page.rooms.filter(({ id }) => sat.has(id) && !taught.has(id)));
      for (const person of page.staff) staff.set(person.userId, person);
      withoutCode.push(...page.withoutCode);
      const last = page.rooms.at(-1);
      if (!last || page.rooms.length < ROOMS_PER_PAGE)
        return { counts, inRooms, rooms, withoutTeacher, staff, withoutCode };
      after = last.id;
      await pace(ROOMS_PER_PAGE);
    }
  };

  let asked: { readonly at: number; readonly states: Promise<CheckItem["services"]> } | undefined;
  const stateOf = async ({ name, check }: ServiceCheck): Promise<CheckItem["services"][number]> => {
    if (!check) return { name, state: "off" };
    try {
      await check();
      return { name, state: "ok" };
    } catch (error) {
      if (!(error instanceof InvigilError)) throw error;
      return { name, state: "failed" };
    }
  };
  const stateOfServices = (): Promise<CheckItem["services"]> => {
    if (!asked || monotonic() - asked.at > SERVICES_MS)
      asked = { at: monotonic(), states: Promise.all(services.map(stateOf)) };
    return asked.states;
  };

  const audioItem = async (
    { startTime, endTime }: ExamTimes,
    played: Pick<Exam, "scheduledAudio" | "manualAudio">,
  ): Promise<CheckItem> => {
    const { scheduledAudio } = played;
    const outside = scheduledAudio.filter(
      ({ startTime: at }) => at.getTime() < startTime.getTime() - BEFORE_MS || at > endTime,
    ).length;
    const missingFiles = (await audio.missingFilesOf(played)).length;
    const status =
      missingFiles > 0 ? "missing" : unless(scheduledAudio.length === 0 || outside > 0, "attention");
    return itemOf("audio", status, { numbers: { scheduled: scheduledAudio.length, outside, missingFiles } });
  };
  const storageItem = async (): Promise<CheckItem> => {
    const least = await disk.least();
    if (!least || !Number.isFinite(least.bytes)) return itemOf("storage", "ok");
    const status = ({ full: "missing", low: "attention", enough: "ok" } as const)[
      spaceState(least.bytes, diskReserveBytes)
    ];
    const numbers = { freeMiB: Math.floor(least.bytes / MIB), reserveMiB: diskReserveBytes / MIB };
    return itemOf("storage", status, { numbers });
  };
  const streamItems = (peak: Peak | undefined): CheckItem[] => {
    const { isReady, unset, limit } = carrier;
    const { examinees = 0, streams: needed = 0 } = peak ?? {};
    return [
      itemOf("streams", isReady ? unless(unset.length > 0, "attention") : "missing", {
        settings: [...unset],
      }),
      itemOf("capacity", unless(needed > limit, "missing"), {
        numbers: { examinees, streams: needed, limit },
      }),
    ];
  };
  /** What is detected: on this server's page by its detectors, and in apps as the cheat config says. */
  const detectionItem = async ({ id, detectors, questionsUrl }: Opened<"wholeExam">): Promise<CheckItem> => {
    if (!usesSitPage(config))
      return itemOf("cheat_config", unless((await cheat.configOf(id)) === undefined, "attention"));
    const { length: running } = detectorsOf({
      detectors: detectors ?? undefined,
      questionsUrl: questionsUrl ?? undefined,
    });
    return itemOf("detectors", unless(running === 0, "attention"), { numbers: { detectors: running } });
  };
  /** People who cannot join: they have no code, and no link was made for them since they were added. */
  const accessItems = async (
    { staff, withoutCode, rooms }: Roster,
    madeAt: ReadonlyMap<string, Date>,
    timesChangedAt: Date | undefined,
  ): Promise<CheckItem[]> => {
    const outdated = timesChangedAt ? roomsMadeBefore(timesChangedAt, madeAt, rooms) : 0;
    const lacking = withoutCode.filter(({ roomId, createdAt }) =>
      ["", roomId].every((of) => (madeAt.get(of)?.getTime() ?? 0) <= createdAt.getTime()),
    );
    const lackingStaff = new Set(lacking.map(({ userId }) => userId).filter((userId) => staff.has(userId)));
    const accounts = await store.withAccount([...lackingStaff]);
    const without = [...staff.values()].filter(
      ({ userId }) => lackingStaff.has(userId) && !accounts.has(userId),
    );
    const examinees = lacking.filter(({ role }) => role === "examinee");
    return [
      itemOf("staff_access", unless(without.length > 0, "missing"), {
        numbers: { people: without.length },
        people: namesOf(without),
      }),
      itemOf("links", examinees.length > 0 ? "missing" : unless(outdated > 0, "attention"), {
        numbers: { people: examinees.length, outdated },
        people: namesOf(examinees),
      }),
    ];
  };

  return {
    /** Returns what is missing for an exam. */
    async check(caller: ActingCaller, exam: Opened<"wholeExam">): Promise<ExamCheck> {
      const { id: examId } = exam;
      // Links that this server has just made must count.
      await accessLog.flush();
      const now = clock();
      const [roster, ended, unseated, madeAt, timesChangedAt, played, detection, consent, peak] =
        await together(() =>
          Promise.all([
            readRoster(examId),
            store.ended(examId),
            store.unseated(examId, MAX_NAMED),
            store.linksMadeAt(examId),
            store.timesChangedAt(examId),
            audio.ofExam(examId),
            detectionItem(exam),
            sitting.consentOf(examId),
            capacity.peakDuring(exam),
          ]),
        );
      const { counts, rooms, withoutTeacher } = roster;
      const { examinees, staff, first } = unseated;
      rates.charge({ caller }, { readRows: roster.inRooms + ended.examinees + examinees + staff });
      const all = counts.examinee + ended.examinees + examinees;
      const minutes = (ms: number) => Math.round(ms / MINUTE_MS);
      const unsetApps = [
        ...(apps.watchUrl === undefined ? ["INVIGIL_WATCH_APP_URL"] : []),
        ...(examineeUrlOf(config) === undefined ? ["INVIGIL_EXAMINEE_APP_URL"] : []),
      ];
      const ofServices = await stateOfServices();
      return {
        checkedAt: now,
        items: [
          itemOf("times", unless(exam.endTime <= now, "missing"), {
            numbers: {
              minutes: minutes(exam.endTime.getTime() - exam.startTime.getTime()),
              startsInMinutes: minutes(exam.startTime.getTime() - now.getTime()),
            },
          }),
          itemOf("roster", unless(all === 0, "missing"), {
            numbers: { examinees: all, teachers: counts.teacher, inspectors: counts.inspector },
          }),
          itemOf(
            "rooms",
            rooms === 0 ? "missing" : unless(ended.rooms > 0 && now < exam.startTime, "attention"),
            { numbers: { rooms, ended: ended.rooms } },
          ),
          itemOf("seats", examinees > 0 ? "missing" : unless(staff > 0, "attention"), {
            numbers: { examinees, staff },
            people: namesOf(first),
          }),
          itemOf("teachers", unless(withoutTeacher.length > 0, "missing"), {
            numbers: { rooms: withoutTeacher.length },
            rooms: withoutTeacher.slice(0, MAX_NAMED).map(({ id: roomId, name }) => ({ roomId, name })),
          }),
          ...(await accessItems(roster, madeAt, timesChangedAt)),
          itemOf("join_codes", unless(codes.missingSetting !== undefined, "attention"), {
            settings: codes.missingSetting === undefined ? [] : [codes.missingSetting],
          }),
          itemOf("web_apps", unless(unsetApps.length > 0, "missing"), { settings: unsetApps }),
          await audioItem(exam, played),
          detection,
          itemOf("consent", "ok", { numbers: { version: consent.version } }),
          ...streamItems(peak),
          itemOf(
            "services",
            unless(
              ofServices.some(({ state }) => state === "failed"),
              "missing",
            ),
            {
              services: ofServices,
            },
          ),
          await storageItem(),
        ],
      };
    },
  };
};
