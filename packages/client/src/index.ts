export type { ErrorCode } from "@invigil/schema";
export { knownDetectTypes, parseCheatConfig } from "./cheat-config.js";
export { createInvigilClient, type InvigilClient, type InvigilClientOptions } from "./client.js";
export {
  type InvigilClientError,
  type InvigilNetworkError,
  isInvigilError,
  isNetworkError,
  type NetworkFailure,
} from "./errors.js";
export type { RetryOptions } from "./retry.js";
export type { AppRouter, RouterInputs, RouterOutputs } from "./router.js";
export type {
  CheatConfig,
  PayloadSchema,
  Signal,
  SignalData,
  SignalName,
  Signals,
  SignalType,
} from "./shapes.js";
export { parseSignal, readSignal, signalName, signals } from "./signals.js";
