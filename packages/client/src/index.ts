export {
  type Attempt,
  type AttemptAction,
  type AttemptRefusal,
  attemptAfter,
  type CameraNeed,
  type ChangedTime,
  changedEndOf,
  controlRightsOf,
  type DetectorName,
  detectorNames,
  detectorsOf,
  type ErrorCode,
  type ExamTimes,
  endsAtOf,
  type HandAction,
  handActionsOf,
  isOver,
  isReady,
  nameOfCopy,
  type ReadinessCheckName,
  type ReadinessDetail,
  type RosterState,
  RUNNING,
  readinessChecks,
  reasonCodes,
  sameNamesOf,
  searchFor,
} from "@invigil/schema";
export { knownDetectTypes, parseCheatConfig } from "./cheat-config.js";
export { createInvigilClient, type InvigilClient, type InvigilClientOptions } from "./client.js";
export {
  type CallError,
  type InvigilClientError,
  type InvigilNetworkError,
  isInvigilError,
  isNetworkError,
  type NetworkFailure,
} from "./errors.js";
export type { CommandOptions, CommandResult } from "./live/commands.js";
export type { LiveSnapshot, LiveStatus, StatusChange } from "./live/core.js";
export type { LiveExam, LiveExamListeners } from "./live/exam.js";
export type { Live } from "./live/live.js";
export type { LiveOptions } from "./live/options.js";
export type { LivePeople, LivePeopleListeners } from "./live/people.js";
export type { LivePerson, PeopleState } from "./live/people-types.js";
export type { FactEventType } from "./live/person-facts.js";
export type {
  BroadcastOptions,
  LiveRoom,
  LiveRoomListeners,
  LiveRoomOptions,
  SendOptions,
} from "./live/room.js";
export type * from "./procedures.js";
export type { RetryOptions } from "./retry.js";
export type { AppRouter, ErrorShape, RouterInputs, RouterOutputs } from "./router.js";
export type {
  PayloadSchema,
  Signal,
  SignalData,
  SignalName,
  Signals,
  SignalType,
} from "./shapes.js";
export { parseSignal, readSignal, signalName, signals } from "./signals.js";
export type { AudioFile, UploadAudio, UploadOptions, UploadProgress } from "./upload.js";
