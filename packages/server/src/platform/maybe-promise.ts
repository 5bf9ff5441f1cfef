/** A value that may be there already. Most calls need no read that waits, and a promise for each step would cost more than the step. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Continues with a value: at once if it is there. */
export const continueWith = <Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> => (value instanceof Promise ? value.then(next) : next(value));

/** Collects values: at once if all of them are there. */
export const allOf = <const Values extends readonly unknown[]>(
  values: Values,
): MaybePromise<{ readonly [Index in keyof Values]: Awaited<Values[Index]> }> =>
  values.some((value) => value instanceof Promise)
    ? Promise.all(values)
    : // Safe: none of them is a promise.
      (values as { readonly [Index in keyof Values]: Awaited<Values[Index]> });
