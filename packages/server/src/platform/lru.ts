/** The maximum number of entries of an LRUCache. `max` would allocate memory for all entries at once. */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
