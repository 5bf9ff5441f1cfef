import {
  addCheatRecordsInput,
  addParticipantsInput,
  type Camera,
  checkIdentityInput,
  isOver,
  type JsonValue,
  LAST_RESERVED_TYPE,
  listHandsInput,
  onRoomEventInput,
  type Presence,
  sendMessageInput,
  signals,
  userIdOfLogin,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Services } from "../../api/services.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { DeliveredMessage, DeliveredRoomEvent } from "../../features/delivery/service.js";
import { InvigilError } from "../../platform/errors.js";
import { streamName } from "../../providers/stream-name.js";
import { CANDIDATES, isChinese, visitor } from "./cast.js";
import { between, oneOf, seededRandom } from "./random.js";
import { type Act, type Step, writeScript } from "./script.js";
import { setUpExam } from "./set-up.js";

/** An exam of the demo, which is played once. */
export interface Round {
  readonly examId: string;
  readonly began: Date;
  /** The number of subscriptions that the people of the round have, or a few more. */
  readonly subscriptions: () => number;
  /** Whether a caller is a person of the round, who acts by themselves. */
  readonly isOwn: (caller: object) => boolean;
  /**
   * Plays the round up to a second.
   * @param beforeSecond is awaited before everything that happens in one second
   */
  readonly play: (until: number, beforeSecond?: (second: number) => Promise<void>) => Promise<void>;
  /** Whether all rooms have ended, or the exam was deleted. */
  readonly isOver: () => boolean;
  /** The pages that should be connected, by room. The server stores them a little later. */
  readonly connected: () => ReadonlyMap<string, readonly Pick<Presence, "userId" | "camera" | "devices">[]>;
  /** Seats the person who sits the exam in a browser. Undefined if all rooms have ended. */
  readonly seatVisitor: () => Promise<VisitorSeat | undefined>;
  /** Ends the rooms, as their teachers. */
  readonly endRooms: () => Promise<void>;
  /** Disconnects all people. */
  readonly leave: () => void;
}

/** What a link to a seat needs. */
export interface VisitorSeat {
  readonly userId: string;
  readonly roomId: string;
  readonly generation: number;
  readonly endsAt: Date;
}

export interface RoundDeps {
  readonly services: Pick<
    Services,
    | "access"
    | "exam"
    | "room"
    | "audio"
    | "cheat"
    | "im"
    | "stream"
    | "subscriptions"
    | "attempt"
    | "hand"
    | "participant"
    | "links"
    | "entry"
  >;
  readonly clock: () => Date;
  readonly log: Pick<FastifyBaseLogger, "warn">;
  readonly seed: number;
}

/** The type of what people write to each other: `{ text }`. */
const WRITTEN = LAST_RESERVED_TYPE + 1;

/** The answers of pages to commands. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [signals.startCall.type, signals.callConnected.type],
  [signals.endCall.type, signals.callDisconnected.type],
  [signals.startLiveBroadcast.type, signals.liveBroadcastStarted.type],
  [signals.stopLiveBroadcast.type, signals.liveBroadcastStopped.type],
  [signals.broadcastAudio.type, signals.audioBroadcastStarted.type],
  [signals.stopAudioBroadcast.type, signals.audioBroadcastStopped.type],
  [signals.endUser.type, signals.userEnded.type],
]);
const CHINESE_REPLIES = ["好的，老师。", "收到。", "明白了，谢谢老师。"];
const ENGLISH_REPLIES = ["Okay, thank you.", "Understood.", "Got it, thanks."];

const camerasOf = (candidate: number): readonly Camera[] =>
  CANDIDATES[candidate]?.hasPc ? ["main", "pc"] : ["main"];

interface Room {
  readonly id: string;
  readonly teacher: ActingCaller;
  hasEnded: boolean;
  /** Whether the teacher has lost access to the room. */
  isLost: boolean;
}
interface SeatedCandidate {
  readonly caller: ActingCaller;
  room: Room;
  /** Whether their attempt is over. */
  isOver: boolean;
  /** The connected devices of each page. */
  readonly devices: Readonly<Record<Camera, AbortController[]>>;
}

/** What a person does in response to others. */
type Reaction =
  | Step
  | { readonly does: "answer"; readonly candidate: number; readonly type: number; readonly data: JsonValue }
  | { readonly does: "come"; readonly candidate: number };

/** Returns a member of a message's data. */
const memberOf = (text: string, name: string): JsonValue | undefined => {
  // Safe: the text was checked to be JSON before it was stored.
  const data = JSON.parse(text) as JsonValue;
  return typeof data === "object" && data !== null && !Array.isArray(data) ? data[name] : undefined;
};

/** Creates an exam, and returns how it is played. */
export const beginRound = async ({ services, clock, log, seed }: RoundDeps): Promise<Round> => {
  const began = clock();
  const { examId, roomIds, teachers, inspector, candidates } = await setUpExam(services, began);
  const rooms = teachers.map(
    (teacher, index): Room => ({ id: roomIds[index] ?? "", teacher, hasEnded: false, isLost: false }),
  );
  const seats = candidates.flatMap((caller, index): SeatedCandidate[] => {
    const room = rooms[CANDIDATES[index]?.hall ?? 0];
    return room ? [{ caller, room, isOver: false, devices: { main: [], pc: [] } }] : [];
  });
  const own: ReadonlySet<object> = new Set([...teachers, inspector, ...candidates]);
  const indexOf = new Map(candidates.map(({ userId }, index) => [userId, index]));
  const ownIds = new Set([...teachers, inspector, ...candidates].map(({ userId }) => userId));
  const random = seededRandom(seed + 1);
  const queue: (Reaction & Pick<Act, "at">)[] = writeScript(seed);
  /** The pages of teachers and of the inspector. */
  const staff: { readonly caller: ActingCaller; readonly room: Room; readonly device: AbortController }[] =
    [];
  let second = -1;
  let subscriptions = 0;

  /** Schedules a reaction in some seconds, after everything that is scheduled for the same time. */
  const soon = ([from, to]: readonly [number, number], reaction: Reaction): void => {
    const at = second + between(random, from, to);
    const next = queue.findIndex((queued) => queued.at > at);
    queue.splice(next < 0 ? queue.length : next, 0, { ...reaction, at });
  };

  /** Subscribes a page to its room, until the signal, or until the caller loses access. */
  const subscribe = async (
    caller: ActingCaller,
    { id: roomId }: Room,
    {
      camera,
      signal,
      hear,
    }: { camera: Camera; signal: AbortSignal; hear?: (event: DeliveredRoomEvent) => void },
  ): Promise<{ readonly ended: Promise<void> }> => {
    const events = await services.subscriptions.subscribeToRoom(
      { caller, reopen: async (...of) => services.access.look(caller, ...of), signal },
      await services.access.look(caller, "room", { roomId }),
      onRoomEventInput.parse({ roomId, camera }),
    );
    const listen = async (): Promise<void> => {
      subscriptions += 1;
      try {
        for await (const event of events) hear?.(event);
      } catch (error) {
        // The person was removed, the exam was deleted, or the server stops.
        if (!(error instanceof InvigilError)) log.warn({ err: error }, "a person of the demo's exam left");
      } finally {
        subscriptions -= 1;
      }
    };
    return { ended: listen() };
  };

  const connect = async (seat: SeatedCandidate, camera: Camera): Promise<void> => {
    if (seat.room.hasEnded || seat.isOver) return;
    const device = new AbortController();
    const { ended } = await subscribe(seat.caller, seat.room, { camera, signal: device.signal });
    const devices = seat.devices[camera];
    devices.push(device);
    void ended.then(() => {
      const index = devices.indexOf(device);
      if (index >= 0) devices.splice(index, 1);
    });
  };
  const disconnect = (devices: AbortController[]): void => {
    for (const device of devices.splice(0)) device.abort();
  };
  const report = async (
    seat: SeatedCandidate,
    camera: Camera,
    action: "publish" | "publish_done",
  ): Promise<void> => {
    if (action === "publish" && seat.devices[camera].length === 0) return;
    const stream = streamName({ examId, roomId: seat.room.id, userId: seat.caller.userId, camera });
    // The stream service reports whole seconds.
    await services.stream.record({
      stream,
      action,
      eventTime: new Date(Math.floor(clock().getTime() / 1000) * 1000),
    });
  };
  const send = async (
    caller: ActingCaller,
    { id: roomId, hasEnded }: Room,
    message: { readonly type: number; readonly data: JsonValue; readonly to?: string[] },
  ): Promise<void> => {
    if (hasEnded) return;
    const room = await services.access.open(caller, "room", { roomId });
    await services.im.send(caller, room, sendMessageInput.parse({ roomId, ...message }));
  };

  const perform = async (step: Reaction): Promise<void> => {
    if (step.does === "tell") {
      const { hall, text, candidate } = step;
      const room = rooms[hall];
      const receiver = candidate === undefined ? undefined : seats[candidate]?.caller.userId;
      if (room)
        await send(room.teacher, room, {
          type: WRITTEN,
          data: { text },
          ...(receiver && { to: [receiver] }),
        });
      return;
    }
    const seat = seats[step.candidate];
    if (!seat) return;
    const isHere = seat.devices.main.length > 0;
    switch (step.does) {
      case "connect":
        return connect(seat, step.camera);
      case "disconnect":
        disconnect(seat.devices.main);
        disconnect(seat.devices.pc);
        return;
      case "disconnectDevice":
        seat.devices[step.camera].pop()?.abort();
        return;
      case "publish":
        return report(seat, step.camera, "publish");
      case "stop":
        return report(seat, step.camera, "publish_done");
      case "come": {
        const { candidate } = step;
        for (const camera of camerasOf(candidate)) {
          if (seat.devices[camera].length === 0) await connect(seat, camera);
          soon([1, 3], { does: "publish", candidate, camera });
        }
        return;
      }
      case "detect":
        if (!isHere || seat.room.hasEnded) return;
        await services.cheat.addRecords(
          seat.caller,
          await services.access.open(seat.caller, "room", { roomId: seat.room.id }),
          addCheatRecordsInput.parse({
            roomId: seat.room.id,
            records: [
              {
                userId: seat.caller.userId,
                isMainMonitor: true,
                detectType: step.detectType,
                detectTime: clock(),
                extraInfo: { confidence: between(random, 71, 97) / 100 },
              },
            ],
          }),
        );
        return;
      case "raiseHand": {
        if (!isHere) return;
        const { kind, text } = step;
        const of = await services.access.open(seat.caller, "room", { roomId: seat.room.id });
        await services.hand.raise(seat.caller, of, { roomId: of.id, kind, text });
        return;
      }
      case "answerHand": {
        const { teacher, id: roomId } = seat.room;
        const of = await services.access.open(teacher, "room", { roomId });
        const { action, note } = step;
        const open = { roomId, userId: seat.caller.userId, statuses: ["raised", "taken", "granted"] };
        const [hand] = (await services.hand.list(of, listHandsInput.parse(open))).hands;
        // A user of the demo may have taken it.
        if (hand && (hand.takenBy ?? teacher.userId) === teacher.userId)
          await services.hand.answer(teacher, of, { roomId, handId: hand.id, action, note });
        return;
      }
      case "decide": {
        const { teacher, id: roomId } = seat.room;
        const of = await services.access.open(teacher, "roomToRun", { roomId });
        const { action, minutes = 0, reason } = step;
        const userIds = [seat.caller.userId];
        const key = `${action} ${second}`;
        const input = { roomId, userIds, reason, key, minutes, giveBack: true, dryRun: false };
        await services.attempt[action](teacher, of, { ...input, answers: "save" });
        return;
      }
      case "write":
        return isHere
          ? send(seat.caller, seat.room, { type: WRITTEN, data: { text: step.text } })
          : undefined;
      case "answer":
        return isHere ? send(seat.caller, seat.room, step) : undefined;
    }
  };
  const act = (step: Reaction): Promise<void> =>
    perform(step).catch((error: unknown) => {
      // A user of the demo has removed or muted a person, or deleted a room or the exam.
      if (!(error instanceof InvigilError)) throw error;
    });

  /** The connected candidates of a room, of the given logins or of all. */
  const addressed = (room: Room, logins: readonly string[] | undefined): number[] => {
    const ids = logins && new Set(logins.map((login) => userIdOfLogin(login)));
    return seats.flatMap((seat, index) =>
      seat.room === room && seat.devices.main.length > 0 && (!ids || ids.has(seat.caller.userId))
        ? [index]
        : [],
    );
  };
  /** Lets candidates answer a person who is not part of the demo. */
  const hearMessage = (room: Room, { type, text, to, sender }: DeliveredMessage): void => {
    // The visitor writes to staff.
    if (sender.role === "server" || sender.role === "examinee" || ownIds.has(sender.userId)) return;
    const answer = ANSWERS.get(type);
    if (answer !== undefined) {
      const receivers = memberOf(text, "receiverIdList");
      const logins = Array.isArray(receivers)
        ? receivers.filter((login) => typeof login === "string")
        : undefined;
      for (const candidate of addressed(room, logins ?? to)) {
        soon([1, 2], { does: "answer", candidate, type: answer, data: { sid: memberOf(text, "sid") ?? "" } });
        if (type === signals.endUser.type) soon([4, 6], { does: "disconnect", candidate });
      }
    } else if (type > LAST_RESERVED_TYPE) {
      const there = addressed(room, to);
      // One candidate answers a message to the whole room.
      for (const candidate of to ? there.slice(0, 3) : there.length > 0 ? [oneOf(random, there)] : []) {
        const replies = isChinese(CANDIDATES[candidate]?.name ?? "") ? CHINESE_REPLIES : ENGLISH_REPLIES;
        soon([3, 7], { does: "write", candidate, text: oneOf(random, replies) });
      }
    }
  };
  /** Reacts to what happens in a room, as its teacher sees it. */
  const hear = (room: Room, event: DeliveredRoomEvent): void => {
    switch (event.type) {
      case "message":
        hearMessage(room, event.message);
        return;
      case "room_ended":
        room.hasEnded = true;
        for (const candidate of addressed(room, undefined)) soon([1, 8], { does: "disconnect", candidate });
        return;
      case "room_reopened":
        room.hasEnded = false;
        for (const [candidate, seat] of seats.entries())
          if (seat.room === room) soon([9, 16], { does: "come", candidate });
        return;
      case "attempt_changed": {
        const candidate = indexOf.get(event.userId);
        const seat = candidate === undefined ? undefined : seats[candidate];
        if (candidate === undefined || !seat || seat.isOver === isOver(event)) return;
        seat.isOver = isOver(event);
        if (seat.isOver) {
          soon([1, 3], { does: "disconnect", candidate });
          for (const camera of camerasOf(candidate)) soon([4, 5], { does: "stop", candidate, camera });
        } else soon([9, 16], { does: "come", candidate });
        return;
      }
      case "participant_added": {
        const candidate = indexOf.get(event.userId);
        const seat = candidate === undefined ? undefined : seats[candidate];
        if (candidate === undefined || !seat) return;
        seat.room = room;
        soon([3, 6], { does: "come", candidate });
        return;
      }
      default:
        return;
    }
  };

  const letIn = async (
    caller: ActingCaller,
    room: Room,
    hearEvent?: (event: DeliveredRoomEvent) => void,
  ): Promise<{ readonly ended: Promise<void> }> => {
    const device = new AbortController();
    staff.push({ caller, room, device });
    return subscribe(caller, room, {
      camera: "main",
      signal: device.signal,
      ...(hearEvent && { hear: hearEvent }),
    });
  };
  const letStaffIn = async (): Promise<void> => {
    for (const room of rooms) {
      const { ended } = await letIn(room.teacher, room, (event) => hear(room, event));
      void ended.then(() => {
        room.isLost = true;
      });
      await letIn(inspector, room);
    }
  };

  /** The seats of all visitors, in the order of their numbers. */
  const visitorSeats = async () => {
    const people = await Promise.all(
      rooms.map(async (room) =>
        (await services.participant.members({ examId, roomId: room.id }, "examinee")).map((person) => ({
          room,
          person,
        })),
      ),
    );
    const seatOf = new Map(people.flat().map((seat) => [seat.person.userId, seat]));
    const found: (typeof people)[number] = [];
    for (let seat = seatOf.get(visitor(1).userId); seat; seat = seatOf.get(visitor(found.length + 1).userId))
      found.push(seat);
    return found;
  };

  return {
    examId,
    began,
    subscriptions: () => subscriptions,
    isOwn: (caller) => own.has(caller),
    isOver: () => rooms.every(({ hasEnded, isLost }) => hasEnded || isLost),
    async play(until, beforeSecond) {
      while (second < until) {
        second += 1;
        await beforeSecond?.(second);
        if (second === 0) await letStaffIn();
        while ((queue[0]?.at ?? Number.POSITIVE_INFINITY) <= second) {
          const next = queue.shift();
          if (next) await act(next);
        }
      }
    },
    connected: () =>
      new Map(
        rooms.map((room) => [
          room.id,
          [
            ...staff.map(({ caller, room: own }) => ({
              caller,
              room: own,
              camera: "main" as const,
              devices: 1,
            })),
            ...seats.flatMap(({ caller, room: own, devices }) =>
              (["main", "pc"] as const).map((camera) => ({
                caller,
                room: own,
                camera,
                devices: devices[camera].length,
              })),
            ),
          ]
            .filter((page) => page.room === room && page.devices > 0)
            .map(({ caller: { userId }, camera, devices }) => ({ userId, camera, devices })),
        ]),
      ),
    async seatVisitor() {
      const canSit = ({ hasEnded, isLost }: Room) => !hasEnded && !isLost;
      const isSitting = ({ room, person }: Awaited<ReturnType<typeof visitorSeats>>[number]) =>
        canSit(room) && !isOver(person.times.attempt);
      let all = await visitorSeats();
      if (!all.some(isSitting)) {
        // The last one is of those at home.
        const room = rooms.findLast(canSit);
        if (!room) return undefined;
        const { teacher, id: roomId } = room;
        const person = visitor(all.length + 1);
        await services.participant.add(
          teacher,
          await services.access.open(teacher, "roomToRun", { roomId }),
          addParticipantsInput.parse({ roomId, participants: [{ ...person, role: "examinee" }] })
            .participants,
        );
        // So that their picture comes before those of candidates about whom there is nothing to do.
        await services.entry.checkIdentity(
          teacher,
          await services.access.open(teacher, "room", { roomId }),
          checkIdentityInput.parse({
            roomId,
            userId: person.userId,
            status: "later",
            key: `visitor ${person.userId}`,
          }),
        );
        all = await visitorSeats();
      }
      const seat = all.findLast(isSitting);
      if (!seat) return undefined;
      const { userId } = seat.person;
      const { id: roomId } = seat.room;
      return {
        userId,
        roomId,
        generation: await services.links.generation(roomId, userId),
        endsAt: services.links.endsAtFor(seat.person, await services.exam.ofLinks(examId)),
      };
    },
    async endRooms() {
      for (const { teacher, id, hasEnded } of rooms)
        if (!hasEnded)
          try {
            await services.room.end(teacher, await services.access.open(teacher, "room", { roomId: id }));
          } catch (error) {
            if (!(error instanceof InvigilError)) throw error;
          }
    },
    leave() {
      queue.length = 0;
      for (const { device } of staff.splice(0)) device.abort();
      for (const { devices } of seats) {
        disconnect(devices.main);
        disconnect(devices.pc);
      }
    },
  };
};
