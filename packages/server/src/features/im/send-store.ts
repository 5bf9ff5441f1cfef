import { type SentMessage, signals } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import { lockExams } from "../../domain/exam-lock.js";
import type { MessageLog, NewMessage } from "../../domain/messages.js";
import { endAnnouncedSince, loginOf } from "../../domain/messages.js";
import { readRoles } from "../../domain/people.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Storage, Transaction } from "../../storage/port.js";
import { query, statement } from "../../storage/statement.js";
import { messages, type visibleParticipants, visibleRooms } from "../../storage/tables.js";

import type { Sender } from "./rate.js";
import { readRates } from "./rate-store.js";

/** A person in a room. */
export type Person = Pick<typeof visibleParticipants.$inferSelect, "userId" | "role">;
/** The state that decides whether a room accepts messages. Undefined if the room no longer exists. */
export type RoomToSendIn = Pick<typeof visibleRooms.$inferSelect, "status" | "endedAt"> | undefined;

/** A message to send, with its checks. */
export interface SendRequest {
  readonly message: NewMessage;
  /** Throws to refuse the message. */
  readonly check: (room: RoomToSendIn) => void;
  /** Whether the sender may send the message to a person of the room. */
  readonly canSendTo: (person: Person) => boolean;
}

/** The sent message, or the first recipient that is no person of the room or that `canSendTo` rejects. */
export type SendResult = SentMessage | { readonly unknown: string };

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
const roomsToSendIn = statement((dialect) =>
  query
    .select({ id: visibleRooms.id, status: visibleRooms.status, endedAt: visibleRooms.endedAt })
    .from(dialect.rows("sent", { examId: "text", roomId: "text" }))
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, sql`sent."examId"`), eq(visibleRooms.id, sql`sent."roomId"`)),
    ),
);
/** Returns the person of a login. No user id begins with the prefix of PC logins. */
const userIdOf = (login: string): string => (login.startsWith("pc_") ? login.slice(3) : login);
const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
const isEndSignal = ({ type, recipients }: NewMessage): boolean =>
  type === signals.endRoom.type && !recipients;

/** Returns messages that were sent before with the same keys, by the index of the request. */
const readSentBefore = async (
  tx: Transaction,
  requests: readonly SendRequest[],
): Promise<ReadonlyMap<number, SentMessage>> => {
  if (requests.every(({ message }) => message.key === undefined)) return new Map();
  const keyed = requests.map(({ message: { examId, roomId, senderId, senderCamera, key = null } }) => ({
    examId,
    roomId,
    senderId,
    senderCamera,
    key,
  }));
  return new Map((await tx.all(sentBefore, { keyed })).map(({ index, ...sent }) => [index, sent]));
};

/** Returns the people whom the messages name as recipients, by room and user id. */
const readPeople = async (
  tx: Transaction,
  requests: readonly SendRequest[],
): Promise<ReadonlyMap<string, Person>> => {
  const recipients = requests.flatMap(({ message: { examId, roomId, recipients = [] } }) =>
    recipients.map((login) => ({ examId, roomId, userId: userIdOf(login) })),
  );
  if (recipients.length === 0) return new Map();
  const people = await readRoles(tx, recipients);
  return new Map(people.map(({ roomId, ...person }) => [keyOf(roomId, person.userId), person]));
};

/** The outcome of a request before messages are written. `added` is the index of a message to write. */
type Outcome = SendResult | { readonly added: number } | { readonly refusal: unknown };

/** Decides the outcome of each request in order. Each one takes the requests before it into account. */
const decide = async (
  tx: Transaction,
  log: MessageLog,
  requests: readonly SendRequest[],
): Promise<{ outcomes: Outcome[]; added: NewMessage[] }> => {
  const rooms = new Map(
    requests.map(({ message: { examId, roomId } }) => [roomId, { examId, roomId }] as const),
  );
  const known = await readSentBefore(tx, requests);
  const found = new Map(
    (await tx.all(roomsToSendIn, { sent: [...rooms.values()] })).map((room) => [room.id, room]),
  );
  const people = await readPeople(tx, requests);

  const added: NewMessage[] = [];
  // Indexes in `added`: of messages with a key, and of the end signal of each room.
  const byKey = new Map<string, number>();
  const endSignals = new Map<string, number>();

  const decideOne = async ({ message, check, canSendTo }: SendRequest, index: number): Promise<Outcome> => {
    const { examId, roomId, senderId, senderCamera, key, recipients } = message;
    const messageKey = key === undefined ? undefined : keyOf(roomId, senderId, senderCamera, key);
    const before = known.get(index);
    if (before) return before;
    const same = messageKey === undefined ? undefined : byKey.get(messageKey);
    if (same !== undefined) return { added: same };

    const room = found.get(roomId);
    try {
      check(room);
    } catch (refusal) {
      return { refusal };
    }
    if (room?.endedAt && isEndSignal(message)) {
      // Pages receive the end once. The server may have sent its own signal already.
      const since = endAnnouncedSince(room.endedAt);
      const earlier = endSignals.get(roomId);
      if (earlier !== undefined) return { added: earlier };
      const last = await log.lastEndSignal(tx, { examId, roomId }, since);
      if (last) return last;
    }
    const unknown = recipients?.find((login) => {
      const person = people.get(keyOf(roomId, userIdOf(login)));
      return person === undefined || !canSendTo(person);
    });
    if (unknown !== undefined) return { unknown };

    const at = added.push(message) - 1;
    if (messageKey !== undefined) byKey.set(messageKey, at);
    if (isEndSignal(message)) endSignals.set(roomId, at);
    return { added: at };
  };
  const outcomes: Outcome[] = [];
  for (const [index, request] of requests.entries()) outcomes.push(await decideOne(request, index));
  return { outcomes, added };
};

const senderOf = ({
  message: { examId, roomId, senderId, senderCamera },
}: SendRequest): RoomKey & Sender => ({
  examId,
  roomId,
  login: loginOf(senderId, senderCamera),
});

/** Counts the messages of the senders. Returns the requests whose check also refuses a sender that sends too many. */
const countMessages = async (
  tx: Transaction,
  requests: readonly SendRequest[],
): Promise<readonly SendRequest[]> => {
  const rates = await readRates(tx, requests.map(senderOf));
  const limited = requests.map((request): SendRequest => {
    try {
      rates.take(senderOf(request), request.message.createdAt);
      return request;
    } catch (refusal) {
      const check = (): never => {
        throw refusal;
      };
      return { ...request, check };
    }
  });
  await rates.save();
  return limited;
};

/** Makes the function that sends messages. Concurrent calls share a transaction. */
export const createMessageSender = ({
  storage,
  messageLog,
  countsMessages,
}: {
  storage: Storage;
  messageLog: MessageLog;
  /** Whether to limit the rate of each sender here, for all servers. */
  countsMessages: boolean;
}) => {
  const send = storage.grouped<SendRequest, SendResult | { readonly refusal: unknown }>(
    async (tx, requests) => {
      await lockExams(tx, ...requests.map(({ message }) => message.examId));
      const limited = countsMessages ? await countMessages(tx, requests) : requests;
      const { outcomes, added } = await decide(tx, messageLog, limited);
      const ids = added.length > 0 ? await messageLog.addAll(tx, added) : [];
      return outcomes.map((outcome) => {
        if (!("added" in outcome)) return outcome;
        const id = ids[outcome.added];
        const message = added[outcome.added];
        if (id === undefined || !message) throw new Error("the database returned no id for a message");
        return { id, time: message.createdAt };
      });
    },
    { examOf: ({ message }) => message.examId, callerOf: ({ message }) => message.senderId },
  );
  return async (request: SendRequest): Promise<SendResult> => {
    const outcome = await send(request);
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome;
  };
};
