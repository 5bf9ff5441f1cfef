import * as schema from "@invigil/schema";
import type { Signal, SignalName, Signals } from "./shapes.js";

/** All signals by name. */
export const signals: Signals = schema.signals;

/** The name of the signal with this number, or undefined if there is none. */
export const signalName: (type: number) => SignalName | undefined = schema.signalName;

/**
 * Parses a message from its number and its data as a JSON value.
 * @returns the signal, or undefined if no signal has this number or the data does not match its schema
 */
export const readSignal: (type: number, data: unknown) => Signal | undefined = schema.readSignal;

/**
 * Parses a message of a vendor's service from its number and its JSON text.
 * @returns the signal, or undefined if no signal has this number or the text does not match its schema
 */
export const parseSignal: (type: number, data: string) => Signal | undefined = schema.parseSignal;
