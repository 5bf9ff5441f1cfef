import type { Caller } from "@invigil/schema";
import type { ActingCaller } from "../domain/calls.js";

/** The demo sets itself up anew at each start, and invents its people. The audit is about people. */
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
