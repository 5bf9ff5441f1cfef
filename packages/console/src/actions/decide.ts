import type { InvigilClient, RouterOutputs, reasonCodes } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { patiently } from "./sending.js";

export const ANSWERS = ["submit", "save", "discard"] as const;

/** What is decided about attempts. */
export type Order =
  | { readonly kind: "extend"; readonly minutes: number }
  | { readonly kind: "pause"; readonly giveBack: boolean }
  | { readonly kind: "terminate"; readonly answers: (typeof ANSWERS)[number] }
  | { readonly kind: "resume" | "reopen" };
export interface DecisionReason {
  readonly code: (typeof reasonCodes)[number];
  readonly note?: string;
  readonly message?: string;
}
export type Decided = RouterOutputs["attempt"]["pause"]["people"][number];

/** Whom a call decides about. Without `userIds`: everybody in the room. */
export interface Whom {
  readonly roomId: string;
  readonly userIds: readonly string[] | undefined;
}

/** The order that undoes another. What a candidate who was let in again has written is saved. */
export const oppositeOf = (order: Order): Order => {
  switch (order.kind) {
    case "extend":
      return { kind: "extend", minutes: -order.minutes };
    case "pause":
      return { kind: "resume" };
    case "resume":
      return { kind: "pause", giveBack: true };
    case "terminate":
      return { kind: "reopen" };
    case "reopen":
      return { kind: "terminate", answers: "save" };
  }
};

/** Decides about attempts, or asks what would happen. */
export const useDecide = () => {
  const { attempt }: InvigilClient = useInvigilClient();
  return (
    order: Order,
    {
      userIds,
      ...how
    }: Whom & { readonly key: string; readonly reason: DecisionReason; readonly dryRun?: boolean },
  ) => {
    const input = { ...how, ...(userIds && { userIds: [...userIds] }) };
    return patiently(() => {
      switch (order.kind) {
        case "extend":
          return attempt.extend.mutate({ ...input, minutes: order.minutes });
        case "pause":
          return attempt.pause.mutate({ ...input, giveBack: order.giveBack });
        case "terminate":
          return attempt.terminate.mutate({ ...input, answers: order.answers });
        case "resume":
          return attempt.resume.mutate(input);
        case "reopen":
          return attempt.reopen.mutate(input);
      }
    });
  };
};
