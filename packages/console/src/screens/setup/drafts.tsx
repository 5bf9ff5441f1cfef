import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { changedFields, conflictsWith, type Draft, rebase, settle } from "./rebase.js";
import type { Step } from "./steps.js";

interface Drafts {
  readonly get: (name: string) => Draft<object> | undefined;
  /** Undefined throws the draft away. A function gets the draft as it is then. */
  readonly set: (
    name: string,
    draft: Draft<object> | undefined | ((now: Draft<object> | undefined) => Draft<object> | undefined),
  ) => void;
  readonly names: readonly string[];
}

const DraftsContext = createContext<Drafts | undefined>(undefined);

const stored = (key: string): Readonly<Record<string, Draft<object>>> => {
  try {
    // Safe: the key is this component's own.
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as Record<string, Draft<object>>;
  } catch {
    return {};
  }
};

/**
 * Keeps what was typed into forms and not saved: also when another step or screen is opened, or the page is loaded again.
 *
 * @param owner - whose drafts they are: another person and another exam have others
 */
export function DraftsProvider({ owner, children }: { owner: string; children: ReactNode }) {
  const key = `invigil.setup.${owner}`;
  const [drafts, setDrafts] = useState(() => stored(key));
  const set = useCallback(
    (name: string, draft: Parameters<Drafts["set"]>[1]) =>
      setDrafts((before) => {
        const { [name]: now, ...others } = before;
        const made = typeof draft === "function" ? draft(now) : draft;
        const next = made === undefined ? others : { ...others, [name]: made };
        if (Object.keys(next).length === 0) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, JSON.stringify(next));
        return next;
      }),
    [key],
  );
  const value = useMemo(
    () => ({ get: (name: string) => drafts[name], set, names: Object.keys(drafts) }),
    [drafts, set],
  );
  const isAny = value.names.length > 0;
  useEffect(() => {
    if (!isAny) return;
    // Closing the tab would lose them.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isAny]);
  return <DraftsContext value={value}>{children}</DraftsContext>;
}

const useDrafts = (): Drafts => {
  const drafts = use(DraftsContext);
  if (!drafts) throw new Error("There is no <DraftsProvider> above this component.");
  return drafts;
};

/** Whether a step has something that was typed and not saved. */
export const useHasDraft = (step: Step): boolean =>
  useDrafts().names.some((name) => name === step || name.startsWith(`${step}.`));

export interface FormDraft<Values> {
  readonly values: Values;
  readonly change: (changed: Partial<Values>) => void;
  readonly isChanged: boolean;
  readonly changed: readonly (keyof Values)[];
  /** The fields that another person has changed to another value since. */
  readonly conflicts: readonly (keyof Values)[];
  readonly settle: (keep: "mine" | "theirs") => void;
  /** Throws away what was typed. */
  readonly discard: () => void;
  /** Says that these values were saved. What was typed since then stays. */
  readonly saved: (values: Values) => void;
}

/**
 * The values of a form, which follow what the server says until they are changed.
 *
 * @param name - the step, or `<step>.<form>`
 * @param theirs - what the server says now. Its fields are texts, numbers and truth values
 */
export const useFormDraft = <Values extends object>(name: string, theirs: Values): FormDraft<Values> => {
  const { get, set } = useDrafts();
  // Safe: a name has one form.
  const kept = get(name) as Draft<Values> | undefined;
  const draft = kept ? rebase(kept, theirs) : { base: theirs, mine: theirs };
  const conflicts = conflictsWith(draft, theirs);
  const keep = (next: Draft<Values>) =>
    set(name, changedFields(rebase(next, theirs)).length > 0 ? next : undefined);
  const changed = changedFields(draft);
  return {
    values: draft.mine,
    change: (some) => keep({ ...draft, mine: { ...draft.mine, ...some } }),
    isChanged: changed.length > 0,
    changed,
    conflicts,
    settle: (choice) => keep(settle(draft, theirs, choice)),
    discard: () => set(name, undefined),
    saved: (base) =>
      set(name, (now) => {
        // Safe: a name has one form.
        const next = now && { ...(now as Draft<Values>), base };
        return next && changedFields(next).length > 0 ? next : undefined;
      }),
  };
};
