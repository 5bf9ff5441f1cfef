import { callInProcess } from "../../src/app/in-process.js";
import type { TestApp, TestCaller } from "../../src/app/testing.js";
import { parseConfig } from "../../src/config/config.js";
import { createEventLog, newEvent } from "../../src/domain/events.js";
import type { ReopenAny } from "../../src/domain/opened.js";
import type { DeliveredRoomEvent } from "../../src/features/delivery/service.js";
import type { Principal } from "../../src/identity/tokens.js";
import { roomEvents } from "../../src/storage/tables.js";
import { type AppFixture, type AppFixtureOptions, openAppFixture } from "./app-fixture.js";
import { isOnPostgres } from "./engine.js";
import { type EventReader, readEvents } from "./listening.js";
import { rowsOf } from "./tables.js";
import { writeRows } from "./writes.js";

export const ADMIN: TestCaller = { sub: "root", role: "admin" };
export const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
export const INSPECTOR: TestCaller = { sub: "inspector1", role: "inspector" };
export const EXAMINEE: TestCaller = { sub: "examinee1", role: "examinee" };

type Caller = ReturnType<TestApp["as"]>;
type Room = Awaited<ReturnType<Caller["room"]["create"]>>;

export interface ListenOptions {
  readonly camera?: "main" | "pc";
  readonly lastEventId?: string;
  readonly drained?: () => Promise<void>;
}

interface LoggedEvent {
  readonly id: number;
  readonly roomId: string;
  readonly type: string;
  readonly data: object;
}

/** An exam with two rooms, and access to their event log. */
export interface LiveFixture extends AppFixture, Pick<TestApp, "as"> {
  /** With teacher1, inspector1, examinee1 and examinee2. */
  readonly room: Room;
  /** Of the same exam, with teacher3, inspector3 and examinee3. */
  readonly sibling: Room;
  /** The events since the fixture was opened. */
  log(): Promise<LoggedEvent[]>;
  /** All events in the log. */
  wholeLog(): Promise<LoggedEvent[]>;
  /** Subscribes with a token, from the position of the room's snapshot or from `lastEventId`. Misses no later event. */
  listen(token: string, roomId: string, options?: ListenOptions): Promise<EventReader<DeliveredRoomEvent>>;
}

const person = (userId: string, role: "teacher" | "inspector" | "examinee") => ({
  userId,
  role,
  name: `Name of ${userId}`,
});

/** The tests write more events in a moment than a person may write in a minute. */
const MANY_EVENTS = parseConfig({
  INVIGIL_LIMIT_EVENTS: "person=100000,admin=100000,room=100000,exam=100000",
}).limits;

export const openLiveFixture = async (options: AppFixtureOptions = {}): Promise<LiveFixture> => {
  // Without a settle time, no presence event comes later than its cause.
  const config = { presenceSettleSeconds: 0, limits: MANY_EVENTS, ...options.config };
  const appFixture = await openAppFixture({ ...options, config });
  const { services, router } = appFixture;
  const as: TestApp["as"] = (caller, { signal, ttlSeconds } = {}) =>
    callInProcess(router, services, (seconds) => appFixture.token(caller, seconds), {
      clock: appFixture.clock,
      ttlSeconds,
      signal,
    });
  const room = await as(TEACHER).room.create({
    name: "Room A",
    participants: [
      person("inspector1", "inspector"),
      person("examinee1", "examinee"),
      person("examinee2", "examinee"),
    ],
  });
  const sibling = await as(ADMIN).room.create({
    name: "Room B",
    examId: room.examId,
    participants: [
      person("teacher3", "teacher"),
      person("inspector3", "inspector"),
      person("examinee3", "examinee"),
    ],
  });
  const logged = () => rowsOf(appFixture.db, roomEvents);
  const last = (await logged()).at(-1)?.id ?? 0;
  const toLoggedEvents = (events: Awaited<ReturnType<typeof logged>>): LoggedEvent[] =>
    events.map(({ id, roomId, type, data }) => ({ id, roomId, type, data }));
  return {
    ...appFixture,
    as,
    room,
    sibling,
    log: async () => toLoggedEvents((await logged()).filter(({ id }) => id > last)),
    wholeLog: async () => toLoggedEvents(await logged()),
    async listen(token, roomId, { camera = "main", lastEventId, drained } = {}) {
      const abort = new AbortController();
      const from = lastEventId ?? (await as(ADMIN).room.snapshot({ roomId })).lastEventId;
      const caller = await services.auth.identify(token);
      const subscriber = {
        caller,
        reopen: services.auth.callsWith(token).reopen,
        drained,
        signal: abort.signal,
      };
      return readEvents(
        await services.subscriptions.subscribeToRoom(
          subscriber,
          await services.access.look(caller, "room", { roomId }),
          { camera, lastEventId: from },
        ),
        abort,
      );
    },
  };
};

/** Opens again what somebody subscribed to, without a token. */
export const reopenAs =
  ({ access }: AppFixture["services"], caller: Principal): ReopenAny =>
  async (...of) =>
    access.look(caller, ...of);

/** Switches the audio status of the room a number of times, which adds that many events. */
export const speak = async ({ room, as, db, clock }: LiveFixture, times: number): Promise<void> => {
  const { id: roomId, examId } = room;
  const teacher = as(TEACHER);
  let { audioStatus } = await teacher.room.get({ roomId });
  const next = () => {
    audioStatus = audioStatus === "silent" ? "speaking" : "silent";
    return { audioStatus };
  };
  // On PostgreSQL, a thousand calls take seconds. What another server commits at once comes in the same way.
  const isWritten = isOnPostgres && times > 100;
  if (isWritten) {
    const events = Array.from({ length: times - 1 }, () =>
      newEvent({ examId, roomId }, "audio_status_changed", next(), clock()),
    );
    await writeRows(db, (tx) => createEventLog({ added: () => undefined }).addAll(tx, events));
    ({ audioStatus } = await teacher.room.get({ roomId }));
  }
  for (let n = isWritten ? times - 1 : 0; n < times; n += 1)
    await teacher.room.setAudioStatus({ roomId, ...next() });
};

/** A subscriber to the room or to its exam, which receives nothing before `proceed` is called, nor after `hold`. */
export const listenLater = async (
  fixture: LiveFixture,
  of: "room" | "exam",
  { token, lastEventId }: { readonly token: string; readonly lastEventId?: string },
) => {
  let proceed = (): void => undefined;
  let begin = (): void => undefined;
  let mayProceed: Promise<void>;
  const hold = (): void => {
    mayProceed = new Promise((resolve) => {
      proceed = resolve;
    });
  };
  hold();
  const hasBegun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const abort = new AbortController();
  const { access, auth, subscriptions } = fixture.services;
  const caller = await auth.identify(token);
  const subscriber = {
    caller,
    reopen: auth.callsWith(token).reopen,
    drained() {
      begin();
      return mayProceed;
    },
    signal: abort.signal,
  };
  const { id: roomId, examId } = fixture.room;
  const events =
    of === "room"
      ? await subscriptions.subscribeToRoom(subscriber, await access.look(caller, "room", { roomId }), {
          camera: "main",
          lastEventId,
        })
      : await subscriptions.subscribeToExam(
          subscriber,
          await access.look(caller, "exam", { examId }),
          lastEventId,
        );
  const reader = readEvents<{ readonly id: string; readonly type: string }>(events, abort);
  await hasBegun;
  return { ...reader, hold, proceed: () => proceed() };
};
