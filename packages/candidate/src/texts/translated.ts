/** The same texts in another language. A text that is missing or has no English one does not compile. */
export type Translated<English> = {
  readonly [Name in keyof English]: English[Name] extends string ? string : Translated<English[Name]>;
};
