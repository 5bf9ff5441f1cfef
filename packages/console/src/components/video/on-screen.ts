import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";

const onVisibility = (listener: () => void) => {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
};
const isTabVisible = () => document.visibilityState === "visible";

/** Whether an element can be seen: it is on the screen, and the tab is not hidden. */
export const useOnScreen = (element: RefObject<Element | null>): boolean => {
  const [isInside, setIsInside] = useState(false);
  const isVisible = useSyncExternalStore(onVisibility, isTabVisible);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((changes) =>
      setIsInside(changes.at(-1)?.isIntersecting ?? false),
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isInside && isVisible;
};
