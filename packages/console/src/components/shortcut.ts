/** A key, keys one after the other (`g e`), or one with Ctrl or Command (`Ctrl-K`), that do something on this page. */
export interface Shortcut {
  readonly keys: string;
  /** Its effect, in the list that `?` opens. */
  readonly label: string;
  readonly run: () => void;
}
