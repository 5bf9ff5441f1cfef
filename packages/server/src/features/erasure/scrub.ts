// What stays of a message once one of the people whom it names is erased.

/** The value without the logins: they are dropped from lists and as names of members, and empty where a member's value. */
const without = (logins: ReadonlySet<string>, value: unknown): unknown => {
  if (typeof value === "string") return logins.has(value) ? "" : value;
  if (Array.isArray(value))
    return value
      .filter((item) => typeof item !== "string" || !logins.has(item))
      .map((item) => without(logins, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !logins.has(name))
      .map(([name, member]) => [name, without(logins, member)]),
  );
};

/**
 * A message's JSON text without a person's logins. The text stays as it was sent, to the byte, where it names none of them.
 * What people wrote in words stays: nobody can tell whom it names.
 */
export const scrubbed = (text: string, logins: ReadonlySet<string>): string => {
  const value: unknown = JSON.parse(text);
  const before = JSON.stringify(value);
  const after = JSON.stringify(without(logins, value));
  return before === after ? text : after;
};
