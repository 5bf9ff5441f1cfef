/** How many entries an LRUCache keeps. Not by `max`, with which it takes the memory for all of them at once. */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
