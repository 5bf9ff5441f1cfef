import type { FoundBy, Part, RememberedArgument, RememberOptions, Storage } from "../port.js";
import type { Statement, Values } from "../statement.js";
import type { RememberedReads } from "./remembered.js";

/**
 * A part of a combined read. It is read on its own, since a read on SQLite is no round trip, and is remembered until its own tables
 * change.
 */
interface RememberedPart extends Part<never> {
  readonly read: (args: readonly RememberedArgument[]) => unknown;
  readonly args: readonly RememberedArgument[];
}
/** Creates a part whose arguments have the types that `read` takes. */
const partOf =
  <Args extends readonly RememberedArgument[]>(read: (args: Args) => unknown) =>
  (...args: Args): RememberedPart => ({
    // Safe: it is called with these arguments only.
    read: read as RememberedPart["read"],
    args,
  });
const answerOf = (part: Part | undefined): unknown => {
  if (!part) return undefined;
  // Safe: parts come from this storage.
  const { read, args } = part as RememberedPart;
  return read(args);
};

/** Implements combined reads. No commit of this process comes between the parts. */
export const createParts = ({
  rememberAtOnce,
}: Pick<RememberedReads, "rememberAtOnce">): Pick<Storage, "part" | "listPart" | "ask"> => ({
  part<Args extends readonly RememberedArgument[], Row>(
    options: RememberOptions,
    statement: Statement<Row>,
    valuesOf: (...args: Args) => Values,
  ) {
    return partOf(
      rememberAtOnce(options, (connection, ...args: Args) => connection.get(statement, valuesOf(...args))),
    );
  },
  listPart<Args extends readonly RememberedArgument[], Row>(
    options: RememberOptions,
    statement: Statement<Row>,
    valuesOf: (...args: Args) => Values,
  ) {
    return partOf(
      rememberAtOnce(options, (connection, ...args: Args) => connection.all(statement, valuesOf(...args))),
    );
  },
  ask<const Parts extends readonly (Part | undefined)[]>(parts: Parts) {
    // Safe: each part finds what its type says.
    return parts.map(answerOf) as unknown as FoundBy<Parts>;
  },
});
