import type * as schema from "@invigil/schema";

// The types of signals in the published declarations. Zod's own types would slow down the type check of every
// application. An inferred type is written into the declarations member by member instead.

declare function inferred<Type>(): { [Key in keyof Type]: Type[Key] };

type SchemaSignals = typeof schema.signals;

/** Never called. See the comment above. */
const shapes = () => ({
  signalData: inferred<{ [Name in keyof SchemaSignals]: schema.SignalData<Name> }>(),
  signals:
    inferred<{
      [Name in keyof SchemaSignals]: {
        readonly type: SchemaSignals[Name]["type"];
        readonly sender: SchemaSignals[Name]["sender"];
        readonly kind: SchemaSignals[Name]["kind"];
      };
    }>(),
});
type Shapes = ReturnType<typeof shapes>;

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
