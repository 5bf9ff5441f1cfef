import * as schema from "@invigil/schema";
import type { Signal, SignalName, Signals } from "./shapes.js";

/** Every signal by its name. */
export const signals: Signals = schema.signals;

/** The name of the signal with a number; undefined where no signal has it. */
export const signalName: (type: number) => SignalName | undefined = schema.signalName;

/**
 * Reads a message: its number, and its data as a JSON value.
 * @returns undefined when no signal has the number, or the data is not its payload
 */
export const readSignal: (type: number, data: unknown) => Signal | undefined = schema.readSignal;

/**
 * Reads a message as it came from a vendor's service: its number and its JSON text.
 * @returns undefined when no signal has the number, or the text is not its payload
 */
export const parseSignal: (type: number, data: string) => Signal | undefined = schema.parseSignal;
