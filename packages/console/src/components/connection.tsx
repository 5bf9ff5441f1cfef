import { type LiveTarget, useLiveStatus } from "@invigil/react";
import { createContext, type ReactNode, use, useEffect, useId, useState } from "react";
import { useTranslations } from "use-intl";
import {
  type Connection,
  freshnessOf,
  type ConnectionFreshness as HeardState,
  mayBeStale,
  worst,
} from "../live/connection-freshness.js";
import { useNow } from "./clock.js";
import styles from "./connection.module.css";
import { useServerOutage } from "./server-availability.js";
import { Mark } from "./state-mark.js";
import { createStore, useStore } from "./store.js";

/** The connections of the live views that a page has open, by the ids of the views. The top bar shows the worst of them. */
type Connections = ReadonlyMap<string, Connection>;

const ConnectionsContext = createContext(createStore<Connections>(new Map()));

export function ConnectionsProvider({ children }: { children: ReactNode }) {
  const [connections] = useState(() => createStore<Connections>(new Map()));
  return <ConnectionsContext value={connections}>{children}</ConnectionsContext>;
}

/** Tells the top bar about a connection of this screen, until the screen closes. */
export const useReportConnection = ({ status, heardAt }: Connection): void => {
  const id = useId();
  const connections = use(ConnectionsContext);
  useEffect(() => {
    connections.set(new Map(connections.get()).set(id, { status, heardAt }));
  }, [connections, id, status, heardAt]);
  useEffect(
    () => () => connections.set(new Map([...connections.get()].filter(([other]) => other !== id))),
    [connections, id],
  );
};

/** Tells the top bar about a live object that the screen shows: `<ReportLive of={{ roomId }} />`. It alone is drawn when something is heard. */
export function ReportLive({ of }: { of: LiveTarget }) {
  const { status, lastHeardAt } = useLiveStatus(of);
  useReportConnection({ status, heardAt: lastHeardAt?.getTime() });
  return null;
}

/** The state of the page's connections in words. Undefined: nothing on it is live, and the server answers as far as is known. */
export const usePageHeard = (): HeardState | undefined => {
  const connections = useStore(use(ConnectionsContext));
  const now = useNow();
  const away = useServerOutage();
  const live = worst([...connections.values()], now);
  // A live connection knows best.
  return away && (!live || live.kind === "connecting") ? freshnessOf(away, now) : live;
};

/** When a view last heard from the server, in words. */
export function ConnectionFreshness({ of }: { of: HeardState }) {
  const t = useTranslations("common.connection");
  const { kind, seconds } = of;
  const isStale = mayBeStale(of);
  return (
    <span className={styles.heard} data-kind={kind}>
      <Mark
        state={isStale ? "stale" : kind === "connecting" ? "idle" : "publishing"}
        tone={kind === "closed" ? "red" : kind === "reconnecting" || kind === "stale" ? "amber" : "quiet"}
      />
      <span className={styles.words}>
        {kind === "connecting" || kind === "closed" ? t(kind) : t(kind, { seconds })}
      </span>
      <span className={styles.short}>{isStale && t("staleShort")}</span>
    </span>
  );
}

/** Greys and stripes what may be out of date. */
export function Freshness({ of, children }: { of: Connection; children: ReactNode }) {
  const isStale = mayBeStale(freshnessOf(of, useNow()));
  return (
    <div className={styles.fresh} data-stale={isStale || undefined}>
      {children}
    </div>
  );
}

/** Does both for a live object: tells the top bar about it, and greys what shows it. It alone is drawn when something is heard. */
export function LiveFreshness({ of, children }: { of: LiveTarget; children: ReactNode }) {
  const { status, lastHeardAt } = useLiveStatus(of);
  const connection = { status, heardAt: lastHeardAt?.getTime() };
  useReportConnection(connection);
  return <Freshness of={connection}>{children}</Freshness>;
}
