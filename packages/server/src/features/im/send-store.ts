import { type SentMessage, signals } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { MessageLog, NewMessage } from "../../domain/messages.js";
import { endToldSince } from "../../domain/messages.js";
import type { Storage, Transaction } from "../../storage/port.js";
import { query, statement } from "../../storage/statement.js";
import { messages, rooms, visibleParticipants, visibleRooms } from "../../storage/tables.js";

/** Somebody in a room. */
export type Person = Pick<typeof visibleParticipants.$inferSelect, "userId" | "role">;
/** What decides whether messages may be sent in a room. Undefined: the room does not exist any more. */
export type RoomToSendIn = Pick<typeof visibleRooms.$inferSelect, "status" | "endedAt"> | undefined;

/** A message to send. */
export interface Sending {
  readonly message: NewMessage;
  /** Sees the room, and refuses by throwing. */
  readonly check: (room: RoomToSendIn) => void;
  /** Whether the sender may write to a person of the room. */
  readonly mayReach: (person: Person) => boolean;
}

/** The message as it was sent, or the first login that is not of a person in the room whom `mayReach` takes. */
export type Sent = SentMessage | { readonly unknown: string };

const sentBefore = statement((dialect) =>
  query
    .select({
      index: sql<number>`keyed."position"`.mapWith(Number),
      id: messages.id,
      time: messages.createdAt,
    })
    .from(dialect.rows("keyed", { roomId: "text", senderId: "text", senderCamera: "text", key: "text" }))
    .innerJoin(
      messages,
      and(
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
    .from(visibleRooms)
    .where(dialect.isAnyOf(visibleRooms.id, "roomIds")),
);
const peopleWrittenTo = statement((dialect) =>
  query
    .select({
      roomId: visibleParticipants.roomId,
      userId: visibleParticipants.userId,
      role: visibleParticipants.role,
    })
    .from(dialect.rows("recipients", { roomId: "text", userId: "text" }))
    .innerJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.roomId, sql`recipients."roomId"`),
        eq(visibleParticipants.userId, sql`recipients."userId"`),
      ),
    ),
);

/** The person whose login it is. No id begins as the logins of PCs do. */
const personOf = (login: string): string => (login.startsWith("pc_") ? login.slice(3) : login);
const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
const isEndSignal = ({ type, recipients }: NewMessage): boolean =>
  type === signals.endRoom.type && !recipients;

/** What was sent before with the keys of the messages, by the messages' indexes. */
const readSentBefore = async (
  tx: Transaction,
  sendings: readonly Sending[],
): Promise<ReadonlyMap<number, SentMessage>> => {
  if (sendings.every(({ message }) => message.key === undefined)) return new Map();
  const keyed = sendings.map(({ message: { roomId, senderId, senderCamera, key = null } }) => ({
    roomId,
    senderId,
    senderCamera,
    key,
  }));
  return new Map((await tx.all(sentBefore, { keyed })).map(({ index, ...sent }) => [index, sent]));
};

/** The people to whom the messages go by name, by room and user id. */
const readPeople = async (
  tx: Transaction,
  sendings: readonly Sending[],
): Promise<ReadonlyMap<string, Person>> => {
  const recipients = sendings.flatMap(({ message: { roomId, recipients = [] } }) =>
    recipients.map((login) => ({ roomId, userId: personOf(login) })),
  );
  if (recipients.length === 0) return new Map();
  const people = await tx.all(peopleWrittenTo, { recipients });
  return new Map(people.map(({ roomId, ...person }) => [keyOf(roomId, person.userId), person]));
};

/** A call's outcome before its message is written: `added` is the index of a message that the group adds. */
type Judged = Sent | { readonly added: number } | { readonly refusal: unknown };

/** Finds out what becomes of each message, one after the other: each sees those before it. */
const judge = async (
  tx: Transaction,
  log: MessageLog,
  sendings: readonly Sending[],
): Promise<{ outcomes: Judged[]; added: NewMessage[] }> => {
  const roomIds = [...new Set(sendings.map(({ message }) => message.roomId))].toSorted();
  for (const roomId of roomIds) await tx.lock(rooms, roomId);
  const known = await readSentBefore(tx, sendings);
  const found = new Map((await tx.all(roomsToSendIn, { roomIds })).map((room) => [room.id, room]));
  const people = await readPeople(tx, sendings);

  const added: NewMessage[] = [];
  /** Indexes in `added`: of messages with a key, and of the last end signal of each room. */
  const byKey = new Map<string, number>();
  const endSignals = new Map<string, number>();

  const judgeOne = async ({ message, check, mayReach }: Sending, index: number): Promise<Judged> => {
    const { roomId, senderId, senderCamera, key, recipients } = message;
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
      // Pages hear of the end once: the server's own signal may be there already.
      const since = endToldSince(room.endedAt);
      const earlier = endSignals.get(roomId);
      if (earlier !== undefined) return { added: earlier };
      const last = await log.lastEndSignal(tx, roomId, since);
      if (last) return last;
    }
    const unknown = recipients?.find((login) => {
      const person = people.get(keyOf(roomId, personOf(login)));
      return person === undefined || !mayReach(person);
    });
    if (unknown !== undefined) return { unknown };

    const at = added.push(message) - 1;
    if (messageKey !== undefined) byKey.set(messageKey, at);
    if (isEndSignal(message)) endSignals.set(roomId, at);
    return { added: at };
  };
  const outcomes: Judged[] = [];
  for (const [index, sending] of sendings.entries()) outcomes.push(await judgeOne(sending, index));
  return { outcomes, added };
};

/** Makes the function that sends messages. Those that arrive together are written together. */
export const createMessageSender = ({
  storage,
  messageLog,
}: {
  storage: Storage;
  messageLog: MessageLog;
}) => {
  const send = storage.grouped<Sending, Sent | { readonly refusal: unknown }>(async (tx, sendings) => {
    const { outcomes, added } = await judge(tx, messageLog, sendings);
    const ids = added.length > 0 ? await messageLog.addAll(tx, added) : [];
    return outcomes.map((outcome) => {
      if (!("added" in outcome)) return outcome;
      const id = ids[outcome.added];
      const message = added[outcome.added];
      if (id === undefined || !message) throw new Error("a message was given no id");
      return { id, time: message.createdAt };
    });
  });
  return async (sending: Sending): Promise<Sent> => {
    const outcome = await send(sending);
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome;
  };
};
