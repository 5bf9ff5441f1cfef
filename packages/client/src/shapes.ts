import type * as schema from "@invigil/schema";

// The shapes that the published declarations name. Zod's own types, which the schemas infer them from, would cost whoever checks an
// app more than everything else of this package: a type that is inferred here is written out there, member by member.

declare function written<Type>(): { [Key in keyof Type]: Type[Key] };

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
