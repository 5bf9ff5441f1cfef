import { stringify } from "../lib/contenders.mjs";
import { timePerCall } from "../lib/measures.mjs";
import { userList } from "../lib/paths.mjs";

/** Compares the list of 500 people with six signed URLs each with the serialization of the same JSON. */
export const row = {
  name: "user-list",
  ours: userList,
  theirs: stringify(userList),
  measure: timePerCall,
  goal: { atMost: 3.5 },
};
