import { serializeAnswer, sharedJson } from "../../platform/serialize.js";
import { EventChannel } from "../../trpc/event-channel.js";
import type { OutgoingMessage } from "./send-limiter.js";
import { idOf } from "./trpc-calls.js";

/** An event of a subscription, in the format of tRPC's adapter. */
interface SubscriptionData {
  readonly id: string | number;
  readonly jsonrpc?: unknown;
  readonly result: { readonly type: "data"; readonly id?: string; readonly data: object };
}
const isSubscriptionData = (message: unknown): message is SubscriptionData => {
  // Safe: every property is checked.
  const { result, jsonrpc } = message as { result?: Partial<SubscriptionData["result"]>; jsonrpc?: unknown };
  return result?.type === "data" && typeof result.data === "object" && jsonrpc === undefined;
};

/** Serializes a message. The JSON of an event that many clients receive is created once; each client gets it with the id of its own call. */
export const serialize = (message: unknown): OutgoingMessage => {
  const json = isSubscriptionData(message) ? sharedJson(message.result.data) : undefined;
  if (json === undefined) return JSON.stringify(message);
  // Safe: only events have shared JSON.
  const { id, result } = message as SubscriptionData;
  const eventId = result.id === undefined ? "" : `,"id":${JSON.stringify(result.id)}`;
  const head = `{"id":${JSON.stringify(id)},"result":{"type":"data"${eventId},"data":`;
  return typeof json === "string" ? `${head}${json}}}` : { head, shared: json, tail: "}}" };
};

/** The first value of a subscription, in the format of tRPC's adapter. */
export interface ChannelOpening {
  readonly id: string | number;
  readonly jsonrpc: unknown;
  readonly channel: EventChannel;
}
export const channelIn = (message: unknown): ChannelOpening | undefined => {
  // Safe: the types of the properties are checked.
  const { result, jsonrpc } = message as { result?: { data?: unknown }; jsonrpc?: unknown };
  const id = idOf(message);
  return result?.data instanceof EventChannel && id !== null
    ? { id, jsonrpc, channel: result.data }
    : undefined;
};

/**
 * Creates a function that makes the messages of events. Clients that receive the same event under the same call id, which is usually 1,
 * share the bytes of the message.
 */
export const createEventMessages = () => {
  const known = new WeakMap<object, { readonly id: string | number; readonly message: OutgoingMessage }>();
  return (
    { id, jsonrpc }: Pick<ChannelOpening, "id" | "jsonrpc">,
    eventId: string,
    event: object,
  ): OutgoingMessage => {
    const shared = jsonrpc === undefined ? known.get(event) : undefined;
    if (shared?.id === id) return shared.message;
    const result = { type: "data", id: eventId, data: serializeAnswer({ id: eventId, data: event }) };
    // JSON omits `jsonrpc` if it is undefined.
    const made = serialize({ id, jsonrpc, result });
    const message = typeof made === "string" ? Buffer.from(made) : made;
    if (jsonrpc === undefined) known.set(event, { id, message });
    return message;
  };
};
