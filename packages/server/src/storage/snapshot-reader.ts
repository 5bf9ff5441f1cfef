import type { Reader } from "./port.js";

/** Creates a reader for a snapshot, which refuses reads after its end: they would see later commits. */
export const createSnapshotReader = (
  reader: Reader,
): { readonly reader: Reader; readonly end: () => void } => {
  let isOver = false;
  const use = (): Reader => {
    if (isOver) throw new Error("the snapshot is over: its reads must start together");
    return reader;
  };
  return {
    reader: {
      get: async (statement, values) => use().get(statement, values),
      all: async (statement, values) => use().all(statement, values),
    },
    end: () => {
      isOver = true;
    },
  };
};
