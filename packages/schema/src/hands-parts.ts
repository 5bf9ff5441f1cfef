export const handActions = ["take", "grant", "resolve"] as const;
