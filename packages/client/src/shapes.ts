import type * as schema from "@invigil/schema";

// The shapes that the published declarations name. Zod's own types, which the schemas infer them from, would cost whoever checks an
// app more than everything else of this package: a type that is inferred here is written out there, member by member.

declare function written<Type>(): { [Key in keyof Type]: Type[Key] };

declare function each<Type>(): Type extends unknown ? { [Key in keyof Type]: Type[Key] } : never;

type SchemaSignals = typeof schema.signals;

/** Never called: see above. */
const shapes = () => ({
  cheatConfig: written<schema.CheatConfig>(),
  signalData: written<{ [Name in keyof SchemaSignals]: schema.SignalData<Name> }>(),
  signals:
    written<{
      [Name in keyof SchemaSignals]: {
        readonly type: SchemaSignals[Name]["type"];
        readonly sender: SchemaSignals[Name]["sender"];
        readonly kind: SchemaSignals[Name]["kind"];
      };
    }>(),
  roomEvent: each<schema.RoomEvent>(),
  examEvent: each<schema.ExamEvent>(),
  roomSnapshot: written<schema.RoomSnapshot>(),
  examSnapshot: written<schema.ExamSnapshot>(),
  message: written<schema.Message>(),
  presence: written<schema.Presence>(),
  member: written<schema.Member>(),
  sentMessage: written<schema.SentMessage>(),
});
type Shapes = ReturnType<typeof shapes>;

/** What the text of a cheat config usually says: which detections run on each camera. */
export type CheatConfig = Shapes["cheatConfig"];

export type SignalName = keyof Shapes["signals"];
/** The number that travels as a message's `type`. */
export type SignalType = Shapes["signals"][SignalName]["type"];
/** What a signal's `data` holds. */
export type SignalData<Name extends SignalName> = Shapes["signalData"][Name];
/** A signal that was read. */
export type Signal = {
  [Name in SignalName]: { readonly name: Name; readonly data: SignalData<Name> };
}[SignalName];

/** Reads what a signal's `data` holds; a schema of zod's. */
export interface PayloadSchema<Data> {
  /** @throws when it is something else */
  parse(data: unknown): Data;
  safeParse(data: unknown): { success: true; data: Data } | { success: false; error: Error };
}
/**
 * Every signal by its name: its number, who sends it (the `server`, a `client`, which is one of the apps, or `either`),
 * of which kind it is, and the schema of its `data`.
 */
export type Signals = {
  readonly [Name in SignalName]: Shapes["signals"][Name] & { readonly data: PayloadSchema<SignalData<Name>> };
};

/** What a listener of a room is told. */
export type RoomEvent = Shapes["roomEvent"];
/** What a listener of an exam is told: its rooms' events in one order. */
export type ExamEvent = Shapes["examEvent"];
/** A room as it is, read at once with the id to go on from. */
export type RoomSnapshot = Shapes["roomSnapshot"];
/** The rooms of an exam, read at once with the id to go on from. */
export type ExamSnapshot = Shapes["examSnapshot"];
/** A message as it is delivered. */
export type Message = Shapes["message"];
/** One person's connection: which camera's page it is, and since when. */
export type Presence = Shapes["presence"];
/** What a listener sees of somebody in the room. */
export type Member = Shapes["member"];
export type SentMessage = Shapes["sentMessage"];
