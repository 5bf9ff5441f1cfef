import { expect, test } from "vitest";
import { type HandStatus, handActionsOf, handAfter, handKinds, handStatuses } from "./hands.js";
import { handActions } from "./hands-parts.js";

const after = (...of: Parameters<typeof handAfter>): string => {
  const outcome = handAfter(...of);
  return "status" in outcome ? outcome.status : `refused: ${outcome.refused}`;
};

test.each<[HandStatus, string | undefined, string, string, string]>([
  ["raised", undefined, "taken", "granted", "resolved"],
  ["taken", "t1", "taken", "granted", "resolved"],
  ["taken", "t2", "refused: taken", "granted", "resolved"],
  ["granted", "t1", "granted", "granted", "resolved"],
  ["granted", "t2", "refused: taken", "granted", "resolved"],
  ["resolved", "t1", "refused: resolved", "refused: resolved", "resolved"],
])("t1 answers a break that is %s, by %s", (status, takenBy, ...outcomes) => {
  const hand = { kind: "break", status, takenBy } as const;
  expect(handActions.map((action) => after(hand, action, "t1"))).toEqual(outcomes);
});

test("only a break is granted, and an action that is offered changes the hand", () => {
  expect(after({ kind: "help", status: "raised" }, "grant", "t1")).toBe("refused: notABreak");
  for (const kind of handKinds)
    for (const status of handStatuses)
      for (const takenBy of status === "raised" ? [undefined] : ["t1", "t2"]) {
        const hand = { kind, status, takenBy };
        for (const action of handActions) {
          const isOffered = handActionsOf(hand, "t1").includes(action);
          const becomes = after(hand, action, "t1");
          expect(isOffered).toBe(becomes !== status && !becomes.startsWith("refused"));
        }
      }
  expect(handActionsOf({ kind: "break", status: "raised" }, "t1")).toEqual(["take", "grant", "resolve"]);
  expect(handActionsOf({ kind: "help", status: "taken", takenBy: "t2" }, "t1")).toEqual(["resolve"]);
});
