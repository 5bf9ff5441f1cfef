/** A text without what may differ from one answer to the next: what the pattern matches. */
export const masked = (text, pattern) =>
  pattern === undefined ? text : text.replaceAll(new RegExp(pattern, "g"), "");
