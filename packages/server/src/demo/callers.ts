import type { Caller } from "@invigil/schema";
import type { ActingCaller } from "../domain/calls.js";

/** The audit does not record calls of the demo, which recreates its data at each start and invents its people. */
const CALL = {
  origin: { reqId: "demo", address: "in-process", entryPoint: "in-process", procedure: "demo" },
  audited: "none",
  expiresAt: new Date(8.64e15),
} as const;

/** A person of the demo, as a caller of services. */
export const callerOf = (person: Pick<Caller, "userId" | "role" | "name">): ActingCaller => ({
  ...person,
  ...CALL,
});
