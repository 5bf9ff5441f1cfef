// Values that follow from their key alone. Modules may keep them, because all apps of a process would make the same.

/** Returns a function that makes a value for each key once, and forgets it with the key. */
export const once = <Key extends object, Made extends object>(
  make: (key: Key) => Made,
): ((key: Key) => Made) => {
  const known = new WeakMap<Key, Made>();
  return (key) => {
    let made = known.get(key);
    if (!made) {
      made = make(key);
      known.set(key, made);
    }
    return made;
  };
};

/** The same for texts, of which there are few: they are never forgotten. `make` also gets how many there were before. */
export const onceByText = <Made extends object>(
  make: (text: string, before: number) => Made,
): ((text: string) => Made) => {
  const known = new Map<string, Made>();
  return (text) => {
    let made = known.get(text);
    if (!made) {
      made = make(text, known.size);
      known.set(text, made);
    }
    return made;
  };
};
