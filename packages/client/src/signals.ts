export {
  parseSignal,
  type Signal,
  type SignalData,
  type SignalName,
  type SignalType,
  signalName,
  signals,
} from "@invigil/schema";
