import { type InvigilClient, isInvigilError, type LiveExam, type LiveRoom } from "@invigil/client";

/** How long a live object stays open after its last user left, in milliseconds: until the next page, or the next effect of StrictMode. */
const LINGER_MS = 1000;

/** What live objects of all kinds have in common. */
export interface LiveFeed<Snapshot> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => Snapshot;
  close(): void;
}

/** A live object that all hooks of a page share. It is open while somebody is subscribed, and a moment longer. */
export interface SharedFeed<Live> {
  readonly subscribe: (listener: () => void) => () => void;
  /** The live object while it is open. The same until it is opened again. */
  readonly getLive: () => Live | undefined;
}

/** Called with each live object that is open or opens. What it returns is called when the object is closed. */
export type FeedWatcher = (live: LiveRoom | LiveExam) => () => void;

interface Opened<Live> {
  readonly live: Live;
  /** Ends what watches it, and closes it. */
  readonly close: () => void;
}

interface Use<Live> {
  opened: Opened<Live>;
  /** Opens it again, and tells everybody. */
  readonly reopen: () => void;
  readonly listeners: Set<() => void>;
  lingering: ReturnType<typeof setTimeout> | undefined;
}

/** The live objects of one client. */
export interface Feeds {
  room(roomId: string, camera: "main" | "pc"): SharedFeed<LiveRoom>;
  exam(examId: string): SharedFeed<LiveExam>;
  /** @returns a function that ends the watching */
  watch(watcher: FeedWatcher): () => void;
  /** Opens again what the server refused. */
  reopen(): void;
  /** Closes everything at once, because the client's person has signed out. */
  close(): void;
}

const createFeeds = (client: InvigilClient): Feeds => {
  const uses = new Map<string, Use<LiveRoom | LiveExam>>();
  const watchers = new Map<FeedWatcher, Map<LiveRoom | LiveExam, () => void>>();

  const start = <Live extends LiveRoom | LiveExam>(open: () => Live, tell: () => void): Opened<Live> => {
    const live = open();
    const off = live.subscribe(tell);
    for (const [watcher, watched] of watchers) watched.set(live, watcher(live));
    return {
      live,
      close() {
        off();
        for (const watched of watchers.values()) {
          watched.get(live)?.();
          watched.delete(live);
        }
        live.close();
      },
    };
  };

  const shared = <Live extends LiveRoom | LiveExam>(key: string, open: () => Live): SharedFeed<Live> => {
    // Safe: a key names the kind of its live object.
    const find = () => uses.get(key) as Use<Live> | undefined;
    const tell = () => {
      for (const listener of Array.from(find()?.listeners ?? [])) listener();
    };
    const reopen = () => {
      const use = find();
      if (!use) return;
      use.opened.close();
      use.opened = start(open, tell);
      tell();
    };
    return {
      getLive: () => find()?.opened.live,
      subscribe(listener) {
        let use = find();
        if (!use) {
          use = { opened: start(open, tell), reopen, listeners: new Set(), lingering: undefined };
          uses.set(key, use);
        } else if (use.opened.live.status === "closed") {
          // The server refused it. Whoever comes after that asks again, and everybody else goes along.
          reopen();
        }
        const current = use;
        clearTimeout(current.lingering);
        // A function may subscribe more than once.
        const entry = () => listener();
        current.listeners.add(entry);
        return () => {
          current.listeners.delete(entry);
          if (current.listeners.size > 0 || uses.get(key) !== current) return;
          clearTimeout(current.lingering);
          const close = () => {
            uses.delete(key);
            current.opened.close();
          };
          if (current.opened.live.status === "closed") close();
          else current.lingering = setTimeout(close, LINGER_MS);
        };
      },
    };
  };

  return {
    room: (roomId, camera) => shared(`room ${camera} ${roomId}`, () => client.live.room(roomId, { camera })),
    exam: (examId) => shared(`exam ${examId}`, () => client.live.exam(examId)),
    watch(watcher) {
      const watched = new Map<LiveRoom | LiveExam, () => void>();
      watchers.set(watcher, watched);
      for (const { opened } of uses.values()) watched.set(opened.live, watcher(opened.live));
      return () => {
        watchers.delete(watcher);
        for (const end of watched.values()) end();
      };
    },
    reopen() {
      for (const { opened, reopen } of uses.values()) if (opened.live.status === "closed") reopen();
    },
    close() {
      for (const { opened, lingering, listeners } of uses.values()) {
        clearTimeout(lingering);
        opened.close();
        for (const listener of listeners) listener();
      }
      uses.clear();
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

/** Calls back when the server refuses the token of a live object. */
export const onRefusedToken =
  (callback: () => void): FeedWatcher =>
  (live) =>
    live.subscribe(() => {
      const { status, error } = live.getSnapshot();
      if (status === "closed" && isInvigilError(error, "UNAUTHENTICATED")) callback();
    });
