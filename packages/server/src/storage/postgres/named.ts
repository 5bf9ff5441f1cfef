import { onceByText } from "../../platform/once.js";
import type { Query } from "./batch.js";

/** The text of a statement, with the name by which it is prepared. */
export interface Named {
  readonly name: string;
  readonly text: string;
}

/** Names a statement. Statements with the same text share the name. */
export const named = onceByText((text, before): Named => ({ name: `s${before}`, text }));

/** @param prepared whether statements are prepared by name */
export const queryOf = (
  { name, text }: Named,
  values: unknown[],
  { prepared }: { readonly prepared: boolean },
): Query => (prepared ? { name, text, values } : { text, values });
