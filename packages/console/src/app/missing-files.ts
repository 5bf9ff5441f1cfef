const missing = new WeakSet<Error>();
window.addEventListener("vite:preloadError", ({ payload }) => void missing.add(payload));

/** Whether an error is that a file of the console could not be loaded: the network failed, or an upgrade replaced the file. */
export const isMissingFile = (error: unknown): boolean => error instanceof Error && missing.has(error);

const RELOADED_AT = "invigil.reloadedAt";
/** Whether the page may reload itself: once a minute, because the file may stay missing. */
export const mayReload = (): boolean => {
  try {
    if (Date.now() - Number(sessionStorage.getItem(RELOADED_AT)) < 60_000) return false;
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    return true;
  } catch {
    // Without storage, it cannot know.
    return false;
  }
};
