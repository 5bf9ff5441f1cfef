import { type SentMessage, signals, userIdOfLogin } from "@invigil/schema";
import { and, eq, exists, or, sql } from "drizzle-orm";
import type { Sender, SendRate } from "../../coordination/send-rate.js";
import { lockExams } from "../../domain/exam-transaction.js";
import { announcesEnd, EVERYBODY, loginOf, type MessageLog, type NewMessage } from "../../domain/messages.js";
import { readRoles } from "../../domain/people.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { SeatKey } from "../../domain/seats.js";
import type { Queries, Transaction } from "../../storage/port.js";
import { query, statement } from "../../storage/statement.js";
import { messages, mutes, type visibleParticipants, visibleRooms } from "../../storage/tables.js";

/** A person in a room. */
export type Person = Pick<typeof visibleParticipants.$inferSelect, "userId" | "role">;
/** The state that decides whether a room accepts messages. Undefined if the room no longer exists. */
export type RoomToSendIn = Pick<typeof visibleRooms.$inferSelect, "status" | "endedAt"> | undefined;

/** A message to send, with its checks. */
export interface SendRequest {
  readonly message: NewMessage;
  /** Whether a mute of the sender's login, or of everybody, refuses the message. Default: it does not. */
  readonly obeysMutes?: boolean;
  /** Throws to refuse the message. */
  readonly check: (room: RoomToSendIn) => void;
  /** Whether the sender may send the message to a person of the room. */
  readonly canSendTo: (person: Person) => boolean;
  /** Whether to leave out other recipients, as long as one is left. Default: they refuse the message. */
  readonly leavesOut?: boolean;
}

/** The sent message, that the sender is muted, or the first recipient that is no person of the room or that `canSendTo` rejects. */
export type SendResult = SentMessage | { readonly muted: true } | { readonly unknown: string };

const sentBefore = statement((dialect) =>
  query
    .select({
      index: sql<number>`keyed."position"`.mapWith(Number),
      id: messages.id,
      time: messages.createdAt,
    })
    .from(
      dialect.rows("keyed", {
        examId: "text",
        roomId: "text",
        senderId: "text",
        senderCamera: "text",
        key: "text",
      }),
    )
    .innerJoin(
      messages,
      and(
        eq(messages.examId, sql`keyed."examId"`),
        eq(messages.roomId, sql`keyed."roomId"`),
        eq(messages.senderId, sql`keyed."senderId"`),
        eq(messages.senderCamera, sql`keyed."senderCamera"`),
        eq(messages.key, sql`keyed."key"`),
      ),
    ),
);
const mutesOfSender = query
  .select({ login: mutes.login })
  .from(mutes)
  .where(
    and(
      eq(mutes.examId, sql`senders."examId"`),
      eq(mutes.roomId, sql`senders."roomId"`),
      or(eq(mutes.login, EVERYBODY), eq(mutes.login, sql`senders."login"`)),
    ),
  );
/** Reads the rooms of senders, and whether those with a login are muted. */
const roomsOfSenders = statement((dialect) =>
  query
    .select({
      index: sql<number>`senders."position"`.mapWith(Number),
      status: visibleRooms.status,
      endedAt: visibleRooms.endedAt,
      // With AND, SQLite would look for mutes in any case.
      isMuted:
        sql<boolean>`CASE WHEN senders."login" IS NULL THEN false ELSE ${exists(mutesOfSender)} END`.mapWith(
          Boolean,
        ),
    })
    .from(dialect.rows("senders", { examId: "text", roomId: "text", login: "text" }))
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, sql`senders."examId"`), eq(visibleRooms.id, sql`senders."roomId"`)),
    ),
);
const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
const isEndSignal = ({ type, recipients }: NewMessage): boolean =>
  type === signals.endRoom.type && !recipients;

/** A sender in a room. Without a login, mutes do not matter. */
type RoomSender = RoomKey & { readonly login: string | null };

/** The sender whose messages are counted. */
const countedSender = ({
  message: { examId, roomId, senderId, senderCamera },
}: SendRequest): RoomKey & Sender => ({
  examId,
  roomId,
  login: loginOf(senderId, senderCamera),
});

/** The rows that a group reads. */
const questionsOf = (requests: readonly SendRequest[]) => {
  const senders: RoomSender[] = [];
  /** The index of each sender, by exam, room and login. */
  const known = new Map<string, number>();
  /** The index of the sender of each request. */
  const senderOf: number[] = [];
  /** The rooms of end signals. */
  const endSignals = new Map<string, RoomKey>();
  const recipients: SeatKey[] = [];
  let hasKeys = false;
  for (const { message, obeysMutes = false } of requests) {
    const { examId, roomId, senderId, senderCamera } = message;
    const login = obeysMutes ? loginOf(senderId, senderCamera) : null;
    const sender = `${examId} ${roomId} ${login ?? ""}`;
    let index = known.get(sender);
    if (index === undefined) {
      index = senders.push({ examId, roomId, login }) - 1;
      known.set(sender, index);
    }
    senderOf.push(index);
    if (message.key !== undefined) hasKeys = true;
    if (isEndSignal(message)) endSignals.set(roomId, { examId, roomId });
    for (const to of message.recipients ?? []) recipients.push({ examId, roomId, userId: userIdOfLogin(to) });
  }
  return { senders, senderOf, endSignals: [...endSignals.values()], recipients, hasKeys };
};

/** Returns the messages that were sent before with the same keys, by the index of the request. */
const readSentBefore = async (
  tx: Transaction,
  requests: readonly SendRequest[],
): Promise<ReadonlyMap<number, SentMessage>> => {
  const keyed = requests.map(({ message: { examId, roomId, senderId, senderCamera, key = null } }) => ({
    examId,
    roomId,
    senderId,
    senderCamera,
    key,
  }));
  return new Map((await tx.all(sentBefore, { keyed })).map(({ index, ...sent }) => [index, sent]));
};

const readRooms = async (tx: Transaction, senders: readonly RoomSender[]) =>
  new Map((await tx.all(roomsOfSenders, { senders })).map(({ index, ...room }) => [index, room]));

/** Returns the people to whom messages are sent, by room and user id. */
const readPeople = async (
  tx: Transaction,
  recipients: readonly SeatKey[],
): Promise<ReadonlyMap<string, Person>> => {
  const people = await readRoles(tx, recipients);
  return new Map(people.map(({ roomId, ...person }) => [keyOf(roomId, person.userId), person]));
};

/** Returns the last end signals of rooms. */
const readEndSignals = async (
  tx: Transaction,
  log: MessageLog,
  rooms: readonly RoomKey[],
): Promise<ReadonlyMap<string, SentMessage | undefined>> => {
  const last = await Promise.all(rooms.map((room) => log.lastEndSignal(tx, room)));
  return new Map(rooms.map(({ roomId }, index) => [roomId, last[index]]));
};

/** Locks the exams of a group, and reads what its outcomes depend on. Starts all of its statements at once. */
const readState = async (
  tx: Transaction,
  requests: readonly SendRequest[],
  { messageLog, sendRate }: Pick<MessageSenderDeps, "messageLog" | "sendRate">,
) => {
  const { senders, senderOf, endSignals, recipients, hasKeys } = questionsOf(requests);
  const [locked, ids, rooms, rates, known, people, ends] = await Promise.all([
    lockExams(tx, ...new Set(senders.map(({ examId }) => examId))),
    messageLog.ids(tx, requests.length),
    readRooms(tx, senders),
    sendRate.countIn?.(tx, requests.map(countedSender)),
    hasKeys ? readSentBefore(tx, requests) : undefined,
    recipients.length > 0 ? readPeople(tx, recipients) : undefined,
    endSignals.length > 0 ? readEndSignals(tx, messageLog, endSignals) : undefined,
  ]);
  return { locked, ids, rooms, senderOf, rates, known, people, endSignals: ends };
};
type GroupState = Awaited<ReturnType<typeof readState>>;

/** The outcome of a request before messages are written. `added` is the index of a message to write. */
type Outcome = SendResult | { readonly added: number } | { readonly refusal: unknown };

/** Returns what a check throws, if it does. */
const refusalOf = (check: () => void): { readonly refusal: unknown } | undefined => {
  try {
    check();
    return undefined;
  } catch (refusal) {
    return { refusal };
  }
};

/** Decides the outcome of each request in order. Each one takes the requests before it into account. */
const decide = (
  requests: readonly SendRequest[],
  { rooms, senderOf, rates, known, people, endSignals }: GroupState,
): { outcomes: Outcome[]; added: NewMessage[] } => {
  const added: NewMessage[] = [];
  // Indexes in `added`: of messages with a key, and of the end signal of each room.
  const byKey = new Map<string, number>();
  const addedEnds = new Map<string, number>();

  const decideOne = (request: SendRequest, index: number): Outcome => {
    const { message, check, canSendTo, leavesOut = false } = request;
    const { roomId, senderId, senderCamera, key, recipients } = message;
    const room = rooms.get(senderOf[index] ?? -1);
    const isMuted = room?.isMuted ?? false;
    // Repetitions count, too. Messages of muted senders do not, so that these write nothing.
    const excess =
      rates && !isMuted && refusalOf(() => rates.take(countedSender(request), message.createdAt));
    const messageKey = key === undefined ? undefined : keyOf(roomId, senderId, senderCamera, key);
    const before = known?.get(index);
    if (before) return before;
    const same = messageKey === undefined ? undefined : byKey.get(messageKey);
    if (same !== undefined) return { added: same };
    if (isMuted) return { muted: true };
    if (excess) return excess;

    const refused = refusalOf(() => check(room));
    if (refused) return refused;
    if (room?.endedAt && isEndSignal(message)) {
      // Pages receive the end once. The server may have sent its own signal already.
      const earlier = addedEnds.get(roomId);
      if (earlier !== undefined) return { added: earlier };
      const last = endSignals?.get(roomId);
      if (last && announcesEnd(last, room.endedAt)) return last;
    }
    const isOther = (login: string): boolean => {
      const person = people?.get(keyOf(roomId, userIdOfLogin(login)));
      return person === undefined || !canSendTo(person);
    };
    const unknown = recipients?.find(isOther);
    const allowed = unknown === undefined || !leavesOut ? [] : recipients?.filter((login) => !isOther(login));
    if (unknown !== undefined && allowed?.length === 0) return { unknown };

    const at = added.push(unknown === undefined ? message : { ...message, recipients: allowed }) - 1;
    if (messageKey !== undefined) byKey.set(messageKey, at);
    if (isEndSignal(message)) addedEnds.set(roomId, at);
    return { added: at };
  };
  return { outcomes: requests.map(decideOne), added };
};

export interface MessageSenderDeps {
  readonly storage: Queries;
  readonly messageLog: MessageLog;
  readonly sendRate: Pick<SendRate, "countIn">;
}

/** Makes the function that sends messages. Concurrent calls share a transaction. */
export const createMessageSender = ({ storage, messageLog, sendRate }: MessageSenderDeps) => {
  const send = storage.grouped<SendRequest, SendResult | { readonly refusal: unknown }>(
    async (tx, requests) => {
      const state = await readState(tx, requests, { messageLog, sendRate });
      const { outcomes, added } = decide(requests, state);
      const { locked, ids, rates } = state;
      const answers = outcomes.map((outcome) => {
        if (!("added" in outcome)) return outcome;
        const id = ids[outcome.added];
        const message = added[outcome.added];
        if (id === undefined || !message) throw new Error("a message was given no id");
        return { id, time: message.createdAt };
      });
      if (added.length > 0 || rates?.hasCounted())
        await locked.last(() =>
          Promise.all([
            rates?.save(),
            added.length > 0 ? messageLog.addAll(locked, { messages: added, ids }) : undefined,
          ]),
        );
      return answers;
    },
    { examOf: ({ message }) => message.examId, callerOf: ({ message }) => message.senderId },
  );
  return async (request: SendRequest): Promise<SendResult> => {
    const outcome = await send(request);
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome;
  };
};
