import { stringify } from "../lib/contenders.mjs";
import { timePerCall } from "../lib/measures.mjs";
import { userList } from "../lib/paths.mjs";

/** What it takes to look up 500 people, sign six URLs for each and send them, beside writing the same as JSON. */
export const row = {
  name: "user-list",
  ours: userList,
  theirs: stringify(userList),
  measure: timePerCall,
  goal: { atMost: 3 },
};
