/** What can be done for candidates. */
export const ACTIONS = ["message", "clip", "link", "minutes", "move", "remove"] as const;
export type ActionKind = (typeof ACTIONS)[number];
