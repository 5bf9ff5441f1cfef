import { type ReactNode, useId } from "react";
import { Skeleton } from "./empty.js";
import { ErrorNote } from "./error-note.js";
import styles from "./feed-pane.module.css";
import { Feed, type FeedProps } from "./timeline/feed.js";
import type { Timeline } from "./timeline/use-timeline.js";

/** A list of events between its title and the field to write in. */
export function FeedPane({
  title,
  timeline: { error, reload, isLoading, hasOlder, isLoadingOlder, loadOlder },
  filter,
  children,
  ...feed
}: Omit<FeedProps, "label" | "hasOlder" | "isLoadingOlder" | "onOlder"> & {
  title: string;
  timeline: Timeline;
  filter?: ReactNode;
  /** The field for messages. */
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={styles.pane} aria-labelledby={id}>
      <div className={styles.head}>
        <h2 id={id}>{title}</h2>
        {filter}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <div className={styles.scroll} tabIndex={0}>
        {error ? (
          <ErrorNote error={error} onRetry={reload} />
        ) : isLoading ? (
          <Skeleton rows={6} />
        ) : (
          <Feed
            label={title}
            hasOlder={hasOlder}
            isLoadingOlder={isLoadingOlder}
            onOlder={loadOlder}
            {...feed}
          />
        )}
      </div>
      {children && <div className={styles.composer}>{children}</div>}
    </section>
  );
}
