import { replaceEqualDeep } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

/** A value that changes, as `useSyncExternalStore` takes it. */
export interface Store<Snapshot> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => Snapshot;
  /** The value on a server, and in the page during hydration. */
  readonly getServerSnapshot: () => Snapshot;
}

/**
 * What a selector takes from a store. The component renders again when the selected value changes. Equal parts keep their identity, as
 * with `select` of TanStack Query.
 */
export const useSelected = <Snapshot, Selected>(
  { subscribe, getSnapshot, getServerSnapshot }: Store<Snapshot>,
  select: (snapshot: Snapshot) => Selected,
): Selected => {
  const shown = useRef<Selected>(undefined);
  const [read, readServer] = useMemo(() => {
    let last: { readonly snapshot: Snapshot; readonly selected: Selected } | undefined;
    const selectOnce = (snapshot: Snapshot): Selected => {
      if (last && Object.is(last.snapshot, snapshot)) return last.selected;
      const selected = replaceEqualDeep(last ? last.selected : shown.current, select(snapshot));
      last = { snapshot, selected };
      return selected;
    };
    return [() => selectOnce(getSnapshot()), () => selectOnce(getServerSnapshot())];
  }, [getSnapshot, getServerSnapshot, select]);
  const selected = useSyncExternalStore(subscribe, read, readServer);
  useEffect(() => {
    shown.current = selected;
  }, [selected]);
  return selected;
};
