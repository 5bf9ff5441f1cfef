// Removes an erased person from the messages that mention them.

/**
 * Removes logins from a JSON value: from lists and as keys of objects. As the value of a key, a login becomes
 * empty.
 */
const removeLogins = (logins: ReadonlySet<string>, value: unknown): unknown => {
  if (typeof value === "string") return logins.has(value) ? "" : value;
  if (Array.isArray(value))
    return value
      .filter((item) => typeof item !== "string" || !logins.has(item))
      .map((item) => removeLogins(logins, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !logins.has(name))
      .map(([name, member]) => [name, removeLogins(logins, member)]),
  );
};

/**
 * Returns a message's JSON text without a person's logins. A text that contains none of them stays the same,
 * byte for byte. Free text stays, since a program cannot decide whom it mentions.
 */
export const withoutLogins = (text: string, logins: ReadonlySet<string>): string => {
  const value: unknown = JSON.parse(text);
  const before = JSON.stringify(value);
  const after = JSON.stringify(removeLogins(logins, value));
  return before === after ? text : after;
};
