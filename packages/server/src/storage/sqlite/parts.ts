import type { FoundBy, Part, RememberedArgument, RememberOptions, Storage } from "../port.js";
import type { Statement, Values } from "../statement.js";
import type { RememberedReads } from "./remembered.js";

/**
 * A part of a combined read. It is read on its own, since a read on SQLite is no round trip, and is remembered until its own tables
 * change.
 */
interface RememberedPart extends Part<never> {
  readonly read: () => unknown;
}

/** Implements combined reads. No commit of this process comes between the parts. */
export const createParts = ({
  rememberAtOnce,
}: Pick<RememberedReads, "rememberAtOnce">): Pick<Storage, "part" | "listPart" | "ask"> => ({
  part<Args extends readonly RememberedArgument[], Row>(
    options: RememberOptions,
    statement: Statement<Row>,
    valuesOf: (...args: Args) => Values,
  ) {
    const read = rememberAtOnce(options, (connection, ...args: Args) =>
      connection.get(statement, valuesOf(...args)),
    );
    return (...args: Args): RememberedPart => ({ read: () => read(args) });
  },
  listPart<Args extends readonly RememberedArgument[], Row>(
    options: RememberOptions,
    statement: Statement<Row>,
    valuesOf: (...args: Args) => Values,
  ) {
    const read = rememberAtOnce(options, (connection, ...args: Args) =>
      connection.all(statement, valuesOf(...args)),
    );
    return (...args: Args): RememberedPart => ({ read: () => read(args) });
  },
  async ask<const Parts extends readonly (Part | undefined)[]>(parts: Parts) {
    // Safe: parts come from this storage, and find what their types say.
    return parts.map((part) => (part as RememberedPart | undefined)?.read()) as unknown as FoundBy<Parts>;
  },
});
