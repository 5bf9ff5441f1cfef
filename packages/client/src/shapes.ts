import type * as schema from "@invigil/schema";

// The types of the published declarations. Zod's own types would slow down the type check of every
// application. An inferred type is written into the declarations member by member instead.

declare function inferred<Type>(): { [Key in keyof Type]: Type[Key] };

declare function inferredEach<Type>(): Type extends unknown ? { [Key in keyof Type]: Type[Key] } : never;

type SchemaSignals = typeof schema.signals;

/** Never called. See the comment above. */
const shapes = () => ({
  cheatConfig: inferred<schema.CheatConfig>(),
  signalData: inferred<{ [Name in keyof SchemaSignals]: schema.SignalData<Name> }>(),
  signals:
    inferred<{
      [Name in keyof SchemaSignals]: {
        readonly type: SchemaSignals[Name]["type"];
        readonly sender: SchemaSignals[Name]["sender"];
        readonly kind: SchemaSignals[Name]["kind"];
      };
    }>(),
  roomEvent: inferredEach<schema.RoomEvent>(),
  examEvent: inferredEach<schema.ExamEvent>(),
  roomSnapshot: inferred<schema.RoomSnapshot>(),
  examSnapshot: inferred<schema.ExamSnapshot>(),
  message: inferred<schema.Message>(),
  presence: inferred<schema.Presence>(),
  member: inferred<schema.Member>(),
  sentMessage: inferred<schema.SentMessage>(),
});
type Shapes = ReturnType<typeof shapes>;

/** The usual content of a cheat config: which detections run on each camera. */
export type CheatConfig = Shapes["cheatConfig"];

export type SignalName = keyof Shapes["signals"];
/** The number that a message carries as `type`. */
export type SignalType = Shapes["signals"][SignalName]["type"];
/** The payload of a signal. */
export type SignalData<Name extends SignalName> = Shapes["signalData"][Name];
/** A parsed signal. */
export type Signal = {
  [Name in SignalName]: { readonly name: Name; readonly data: SignalData<Name> };
}[SignalName];

/** Parses the payload of a signal. Implemented by a zod schema. */
export interface PayloadSchema<Data> {
  /** @throws ZodError if the data does not match */
  parse(data: unknown): Data;
  safeParse(data: unknown): { success: true; data: Data } | { success: false; error: Error };
}
/**
 * All signals by name. Each has a number, a sender (`server`, `client` for one of the apps, or `either`), a
 * kind, and the schema of its `data`.
 */
export type Signals = {
  readonly [Name in SignalName]: Shapes["signals"][Name] & { readonly data: PayloadSchema<SignalData<Name>> };
};

/** An event that subscribers of a room receive. */
export type RoomEvent = Shapes["roomEvent"];
/** An event that subscribers of an exam receive. The events of all rooms are in one order. */
export type ExamEvent = Shapes["examEvent"];
/** The state of a room, read atomically with the id of its last event. */
export type RoomSnapshot = Shapes["roomSnapshot"];
/** The rooms of an exam, read atomically with the id of the last event. */
export type ExamSnapshot = Shapes["examSnapshot"];
/** A message as it is delivered. */
export type Message = Shapes["message"];
/** A person's connected page, and since when it has been connected. */
export type Presence = Shapes["presence"];
/** A person of a room, as subscribers see them. */
export type Member = Shapes["member"];
/** The id and the time that the server gave to a message. */
export type SentMessage = Shapes["sentMessage"];
