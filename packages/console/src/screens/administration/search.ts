import { oneOf, optionalText, searchOf, sorting, text } from "../../components/search.js";

export const SORTABLE = ["name", "userId", "role", "createdAt"] as const;
export const ROLES = ["all", "admin", "teacher", "inspector", "disabled"] as const;
export const OUTCOMES = ["all", "done", "refused"] as const;
export const READS = ["hidden", "shown"] as const;
/** The filters of Administration's lists. */
export const search = searchOf({
  q: text(),
  // Accounts.
  role: oneOf(ROLES, "all"),
  sort: sorting(SORTABLE, { column: "userId", descending: false }),
  // The audio library.
  which: oneOf(["all", "default"], "all"),
  // The audit.
  actor: text(),
  person: text(),
  procedure: text(),
  exam: text(),
  from: text(),
  to: text(),
  outcome: oneOf(OUTCOMES, "all"),
  reads: oneOf(READS, "hidden"),
  entry: optionalText(),
});
