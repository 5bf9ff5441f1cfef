/** A page that is not visible gets no frames, and other environments have none. */
const WITHOUT_FRAMES_MS = 100;

/** Returns a function that calls back once, in the next frame, however often it is called until then. */
export const oncePerFrame = (call: () => void): (() => void) => {
  let isDue = false;
  const run = (): void => {
    if (!isDue) return;
    isDue = false;
    call();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(run, WITHOUT_FRAMES_MS);
    globalThis.requestAnimationFrame?.(run);
  };
};
