// These types are part of the published declarations of `@invigil/server/testing`, so this file imports nothing of Drizzle.

/** The tables that a statement says it uses. */
export interface DeclaredTables {
  readonly reads?: readonly string[];
  readonly writes?: string;
}

/**
 * Called with every statement that writes and the table that it declares to write, and with every statement of a remembered read and the
 * tables that the read declares. For tests.
 */
export type OnDeclared = (text: string, declared: DeclaredTables) => void;
