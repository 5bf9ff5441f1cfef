// The states of a raised hand. The file imports no zod, because the client and the console use it.

import { handActions } from "./hands-parts.js";

export const handKinds = ["help", "break", "technical"] as const;
export type HandKind = (typeof handKinds)[number];

/** `raised`: it has no answer yet. `taken`: a person of the staff takes care of it. `granted`: a break has begun. `resolved`: it is over. */
export const handStatuses = ["raised", "taken", "granted", "resolved"] as const;
export type HandStatus = (typeof handStatuses)[number];

export type HandAction = (typeof handActions)[number];

/** What the answer to a hand depends on. */
interface Facts {
  readonly kind: HandKind;
  readonly status: HandStatus;
  readonly takenBy?: string | null | undefined;
}

/** Why an action is refused: the hand is resolved, another person has taken it, or only a break can be granted. */
export type HandRefusal = "resolved" | "taken" | "notABreak";

/**
 * Returns the status of a hand after an action of a person of the staff, which may be the status that it has. Another person may grant or
 * resolve a hand that a colleague has taken, because the colleague may have left.
 */
export const handAfter = (
  { kind, status, takenBy }: Facts,
  action: HandAction,
  by: string,
): { readonly status: HandStatus } | { readonly refused: HandRefusal } => {
  if (action === "resolve") return { status: "resolved" };
  if (status === "resolved") return { refused: "resolved" };
  if (action === "grant") return kind === "break" ? { status: "granted" } : { refused: "notABreak" };
  if (status === "raised") return { status: "taken" };
  return takenBy === by ? { status } : { refused: "taken" };
};

/** Returns the actions that change a hand. */
export const handActionsOf = (hand: Facts, by: string): readonly HandAction[] =>
  handActions.filter((action) => {
    const after = handAfter(hand, action, by);
    return "status" in after && after.status !== hand.status;
  });
