/** A line of a menu. */
export type MenuEntry =
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "line" }
  | {
      readonly kind: "action";
      readonly label: string;
      readonly onSelect: () => void;
      readonly isDangerous?: boolean;
      /** Of a choice: whether it is the current one. */
      readonly isChecked?: boolean;
      /** The language of the label, if it is not that of the page. */
      readonly lang?: string;
      readonly keys?: string;
    };
