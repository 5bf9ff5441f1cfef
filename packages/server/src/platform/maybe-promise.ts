/** A value that may be there already. Most calls need no read that waits, and a promise for each step would cost more than the step. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Continues with a value: at once if it is there. */
export const continueWith = <Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> => (value instanceof Promise ? value.then(next) : next(value));
