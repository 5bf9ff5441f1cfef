import {
  type InvigilClient,
  isInvigilError,
  type LiveExam,
  type LivePeople,
  type LiveRoom,
  type RoomSnapshot,
} from "@invigil/client";

/** How long a live object stays open after its last user left, in milliseconds: until the next page, or the next effect of StrictMode. */
const LINGER_MS = 1000;

/** A live object of any kind. */
export type AnyLive = LiveRoom | LiveExam | LivePeople;

/** A live object that all hooks of a page share. It stays open while a component holds it, and for a moment after. */
export interface SharedFeed<Live> {
  /**
   * Opens the live object, unless it is open. `replaced` is called when another object takes its place, or none.
   * @returns a function that releases it
   */
  readonly hold: (replaced: () => void) => () => void;
  /** The live object while it is open. */
  readonly getLive: () => Live | undefined;
}

/** Called with each live object that is open or opens. What it returns is called when the object is closed. */
export type FeedWatcher = (live: AnyLive) => () => void;

interface Held<Live> {
  live: Live;
  readonly holders: Set<() => void>;
  lingering: ReturnType<typeof setTimeout> | undefined;
  /** Opens it again, and calls the holders' `replaced`. */
  readonly reopen: () => void;
}

/** The live objects of one client. */
export interface Feeds {
  /** @param snapshot the state to begin with, if the room is not open yet */
  room(
    roomId: string,
    camera: "main" | "pc",
    snapshot?: () => RoomSnapshot | undefined,
  ): SharedFeed<LiveRoom>;
  exam(examId: string): SharedFeed<LiveExam>;
  people(examId: string): SharedFeed<LivePeople>;
  /** @returns a function that stops watching */
  watch(watcher: FeedWatcher): () => void;
  /** Reopens the live objects that the server refused. */
  reopen(): void;
  /** Closes everything at once, because the client's person has signed out. */
  close(): void;
}

const createFeeds = (client: InvigilClient): Feeds => {
  const held = new Map<string, Held<AnyLive>>();
  const watchers = new Map<FeedWatcher, Map<AnyLive, () => void>>();

  const start = <Live extends AnyLive>(open: () => Live): Live => {
    const live = open();
    for (const [watcher, watched] of watchers) watched.set(live, watcher(live));
    return live;
  };
  const stop = (live: AnyLive): void => {
    for (const watched of watchers.values()) {
      watched.get(live)?.();
      watched.delete(live);
    }
    live.close();
  };
  const tell = ({ holders }: Held<AnyLive>): void => {
    for (const replaced of Array.from(holders)) replaced();
  };

  const shared = <Live extends AnyLive>(key: string, open: () => Live): SharedFeed<Live> => {
    // Safe: a key names the kind of its live object.
    const find = () => held.get(key) as Held<Live> | undefined;
    const begin = (): Held<Live> => {
      const feed: Held<Live> = {
        live: start(open),
        holders: new Set(),
        lingering: undefined,
        reopen() {
          stop(feed.live);
          feed.live = start(open);
          tell(feed);
        },
      };
      held.set(key, feed);
      return feed;
    };
    return {
      getLive: () => find()?.live,
      hold(replaced) {
        const feed = find() ?? begin();
        clearTimeout(feed.lingering);
        // The server refused it. The next holder reopens it, for all holders.
        if (feed.live.status === "closed") feed.reopen();
        // A function may hold it more than once.
        const holder = () => replaced();
        feed.holders.add(holder);
        return () => {
          feed.holders.delete(holder);
          if (feed.holders.size > 0 || held.get(key) !== feed) return;
          const end = () => {
            held.delete(key);
            stop(feed.live);
          };
          clearTimeout(feed.lingering);
          if (feed.live.status === "closed") end();
          else feed.lingering = setTimeout(end, LINGER_MS);
        };
      },
    };
  };

  return {
    room: (roomId, camera, snapshot) =>
      shared(`room ${camera} ${roomId}`, () => client.live.room(roomId, { camera, snapshot: snapshot?.() })),
    exam: (examId) => shared(`exam ${examId}`, () => client.live.exam(examId)),
    people: (examId) => shared(`people ${examId}`, () => client.live.people(examId)),
    watch(watcher) {
      const watched = new Map<AnyLive, () => void>();
      watchers.set(watcher, watched);
      for (const { live } of held.values()) watched.set(live, watcher(live));
      return () => {
        watchers.delete(watcher);
        for (const end of watched.values()) end();
      };
    },
    reopen() {
      for (const feed of held.values()) if (feed.live.status === "closed") feed.reopen();
    },
    close() {
      const closed = Array.from(held.values());
      held.clear();
      for (const feed of closed) {
        clearTimeout(feed.lingering);
        stop(feed.live);
        tell(feed);
      }
    },
  };
};

const feeds = new WeakMap<InvigilClient, Feeds>();

/** The live objects of a client, which all providers of that client share. */
export const feedsOf = (client: InvigilClient): Feeds => {
  const known = feeds.get(client) ?? createFeeds(client);
  feeds.set(client, known);
  return known;
};

/**
 * Holds a live object and listens to it, also after another has taken its place.
 * @param listen - registers the listener at a live object
 */
export const listenTo = <Live>(
  { hold, getLive }: SharedFeed<Live>,
  listener: () => void,
  listen: (live: Live, listener: () => void) => () => void,
): (() => void) => {
  let off: (() => void) | undefined;
  const attach = () => {
    off?.();
    const live = getLive();
    off = live && listen(live, listener);
  };
  const release = hold(() => {
    attach();
    listener();
  });
  attach();
  return () => {
    off?.();
    release();
  };
};

/** Calls back when the server refuses the token of a live object. */
export const onRefusedToken =
  (callback: () => void): FeedWatcher =>
  (live) =>
    live.subscribe(() => {
      const { status, error } = live.getSnapshot();
      if (status === "closed" && isInvigilError(error, "UNAUTHENTICATED")) callback();
    });
