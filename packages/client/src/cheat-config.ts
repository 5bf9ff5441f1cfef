export { type CheatConfig, knownDetectTypes, parseCheatConfig } from "@invigil/schema";
