const missing = new WeakSet<Error>();
window.addEventListener("vite:preloadError", ({ payload }) => void missing.add(payload));

/** Whether an error is that a file of the console could not be loaded: the network failed, or an upgrade replaced the file. */
export const isMissingFile = (error: unknown): boolean => error instanceof Error && missing.has(error);
