import { expect, it } from "vitest";
import { integer, mentions, personId, text } from "./columns.js";
import { DECLARATION, declareTable } from "./declaration.js";

it("what a table has to declare is checked when it is compiled", () => {
  const ids = { examId: text("exam_id"), roomId: text("room_id") };
  // @ts-expect-error An owner is missing.
  declareTable({ lives: "withOwner" });
  // @ts-expect-error A lifetime is missing.
  declareTable({ owner: "exam" });
  const ofInstallation = declareTable({ owner: "installation", lives: "withOwner" });
  const ofExam = declareTable({ owner: "exam", lives: "withOwner" });
  const ofRoom = declareTable({ owner: "room", lives: "withOwner" });
  // @ts-expect-error The columns do not say whose exam it is.
  ofExam("t", { id: text() });
  // @ts-expect-error The columns do not say whose room it is.
  ofRoom("t", { examId: text("exam_id") });
  for (const made of [ofRoom("t", ids), ofExam("t", ids), ofInstallation("t", {})])
    expect(made).toBeDefined();
  // @ts-expect-error A user id names a person.
  ofRoom("t", { ...ids, userId: text("user_id") });
  // @ts-expect-error So does somebody else's.
  ofRoom("t", { ...ids, targetUserId: text("target_user_id") });
  // @ts-expect-error So does one who did something.
  ofRoom("t", { ...ids, createdBy: text("created_by") });
  // @ts-expect-error So does a login.
  ofRoom("t", { ...ids, login: text() });
  // @ts-expect-error A row without an exam is not found by exam and person.
  ofInstallation("t", { ...ids, userId: personId("user_id", "deleted") });
  const { [DECLARATION]: declared } = ofRoom("t", {
    ...ids,
    userId: personId("user_id", "deleted").notNull(),
    data: mentions(text(), "specially"),
    addedBy: integer("added_by"),
  });
  expect(declared).toMatchObject({
    owner: "room",
    people: [
      { as: "id", erased: "deleted", column: { name: "user_id" } },
      { as: "mention", erased: "specially", column: { name: "data" } },
    ],
  });
});
