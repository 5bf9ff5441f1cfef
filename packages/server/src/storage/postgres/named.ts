import type { Query } from "./batch.js";

/** The text of a statement, with the name by which it is prepared. */
export interface Named {
  readonly name: string;
  readonly text: string;
}

/** Names of prepared statements, by their texts: statements with the same text share one. */
const names = new Map<string, string>();
export const named = (text: string): Named => {
  const name = names.get(text) ?? `s${names.size}`;
  names.set(text, name);
  return { name, text };
};

/** @param prepared whether statements are prepared by name */
export const queryOf = (
  { name, text }: Named,
  values: unknown[],
  { prepared }: { readonly prepared: boolean },
): Query => (prepared ? { name, text, values } : { text, values });
