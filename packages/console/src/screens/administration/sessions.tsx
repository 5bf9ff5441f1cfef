import type { AccountSession } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useCallback, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { useLabels } from "../../components/labels.js";
import { lazyComponent } from "../../components/lazy.js";
import { matching } from "../../components/matching.js";
import { useNotify } from "../../components/notify.js";
import { useRouteSearch } from "../../components/search.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import styles from "./administration.module.css";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt, usePages } from "./listed.js";

const Confirm = lazyComponent(async () => ({
  default: (await import("../../components/confirm.js")).Confirm,
}));

/** Who is signed in. All but administrators see their own sessions. */
export function Sessions({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const roles = useTranslations("common.roles");
  const invigil = useInvigil();
  const client = useInvigilClient();
  const notify = useNotify();
  const [{ q }, change] = useRouteSearch("/admin/{-$part}");
  const [asked, setAsked] = useState<AccountSession>();
  const query = useInfiniteQuery(
    invigil.account.listSessions.infiniteQueryOptions(
      { pageSize: 100 },
      { getNextPageParam: ({ nextCursor }) => nextCursor, ...ON_DEMAND },
    ),
  );
  const { refresh, revision } = usePages(query);
  const { data } = query;
  const sessions = useMemo(() => data?.pages.flatMap((page) => page.sessions) ?? [], [data]);
  const labels = useLabels(sessions);
  const labelOf = useCallback(({ userId, name }: AccountSession) => labels.get(userId) ?? name, [labels]);
  const shown = useMemo(() => {
    const matches = matching(q);
    return sessions.filter(({ userId, name }) => matches(userId, name));
  }, [sessions, q]);
  const endButton = useCallback(
    (session: AccountSession) => (
      <Button
        variant="default"
        size="compact-xs"
        aria-label={t("sessions.endOf", { name: labelOf(session) })}
        onClick={() => setAsked(session)}
      >
        {t("sessions.end")}
      </Button>
    ),
    [t, labelOf],
  );
  const columns = useMemo<readonly Column<AccountSession>[]>(
    () => [
      {
        id: "name",
        header: t("accounts.name"),
        width: "minmax(140px, 2fr)",
        cell: ({ name, isOwn }) => (
          <>
            <strong className={styles.name}>{name}</strong>
            {isOwn && <span className={styles.own}>{t("sessions.own")}</span>}
          </>
        ),
      },
      {
        id: "userId",
        header: t("accounts.userId"),
        width: "minmax(90px, 1.5fr)",
        cell: ({ userId }) => userId,
      },
      {
        id: "role",
        header: t("accounts.role"),
        width: "minmax(90px, 1fr)",
        from: 700,
        cell: ({ role }) => roles(role),
      },
      {
        id: "since",
        header: t("sessions.since"),
        width: "minmax(110px, 1fr)",
        cell: ({ createdAt }) => <Time value={createdAt} />,
      },
      {
        id: "until",
        header: t("sessions.until"),
        width: "minmax(110px, 1fr)",
        from: 760,
        cell: ({ expiresAt }) => <Time value={expiresAt} seconds={false} />,
      },
      { id: "end", header: t("actions"), width: "92px", align: "end", isAction: true, cell: endButton },
    ],
    [t, roles, endButton],
  );
  const narrow = useCallback(
    (session: AccountSession) => (
      <span className={styles.narrow}>
        <span className={styles.first}>
          {session.name}
          {session.isOwn && <span className={styles.own}>{t("sessions.own")}</span>}
        </span>
        <span className={styles.second}>
          {session.userId} · <Time value={session.createdAt} />
        </span>
        <span className={styles.menu}>{endButton(session)}</span>
      </span>
    ),
    [t, endButton],
  );
  return frame({
    actions: <ReadAt query={query} onRead={refresh} />,
    children: (
      <>
        <Listed
          query={query}
          filters={
            <FilterBar shown={shown.length} total={sessions.length} onClear={() => change({ q: "" })}>
              <SearchField
                value={q}
                onChange={(next) => change({ q: next }, { replace: true })}
                placeholder={t("accounts.search")}
              />
            </FilterBar>
          }
        >
          <Table
            label={t("parts.sessions")}
            rows={shown}
            keyOf={({ id }) => id}
            nameOf={labelOf}
            columns={columns}
            narrow={narrow}
            arrangement={`${q} ${sessions.length} ${revision}`}
            empty={
              sessions.length > 0 ? (
                <NoMatch hidden={sessions.length} onClear={() => change({ q: "" })} />
              ) : (
                <Empty title={t("sessions.emptyTitle")}>{t("sessions.empty")}</Empty>
              )
            }
          />
        </Listed>
        {asked && (
          <Suspense>
            <Confirm
              onClose={() => setAsked(undefined)}
              title={t("sessions.title", { name: labelOf(asked) })}
              action={t("sessions.action")}
              isDangerous
              onConfirm={async () => {
                const { ended } = await client.account.endSession.mutate({ sessionId: asked.id });
                notify.done(t(ended ? "sessions.done" : "sessions.over", { name: labelOf(asked) }));
                // One's own page notices by it that it is signed out.
                void refresh();
              }}
            >
              <p>{t.rich("sessions.which", { time: () => <Time value={asked.createdAt} /> })}</p>
              <p>{t(asked.isOwn ? "sessions.ownText" : "sessions.text")}</p>
            </Confirm>
          </Suspense>
        )}
      </>
    ),
  });
}
