import type { Account } from "@invigil/client";
import { useInvigil, useInvigilClient, useSession } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Suspense, useCallback, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { Choices, FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { MoreIcon, PlusIcon } from "../../components/icons.js";
import { useLabels } from "../../components/labels.js";
import { lazyComponent } from "../../components/lazy.js";
import { matching } from "../../components/matching.js";
import { ActionMenu } from "../../components/menu.js";
import { useNotify } from "../../components/notify.js";
import { useRouteSearch } from "../../components/search.js";
import { StateText } from "../../components/state-mark.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import type { AskedOfAccount } from "./account-dialogs.js";
import styles from "./administration.module.css";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt, usePages } from "./listed.js";
import { ROLES, SORTABLE } from "./search.js";

const Dialogs = lazyComponent(() => import("./account-dialogs.js"));

/** Who can sign in with a password. */
export function Accounts({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const roles = useTranslations("common.roles");
  const invigil = useInvigil();
  const client = useInvigilClient();
  const navigate = useNavigate();
  const notify = useNotify();
  const { user } = useSession();
  const failed = useTranslations("common.error");
  const [{ role, q, sort }, change] = useRouteSearch("/admin/{-$part}");
  const [asked, setAsked] = useState<AskedOfAccount>();
  const query = useInfiniteQuery(
    invigil.account.list.infiniteQueryOptions(
      { pageSize: 100 },
      { getNextPageParam: ({ nextCursor }) => nextCursor, ...ON_DEMAND },
    ),
  );
  const { refresh, revision } = usePages(query);
  const { data } = query;
  const accounts = useMemo(() => data?.pages.flatMap((page) => page.accounts) ?? [], [data]);
  const labels = useLabels(accounts);
  const labelOf = useCallback(({ userId, name }: Account) => labels.get(userId) ?? name, [labels]);
  const shown = useMemo(() => {
    const matches = matching(q);
    const found = accounts.filter((account) => isIn(account, role) && matches(account.name, account.userId));
    const sign = sort.descending ? -1 : 1;
    return found.sort((one, other) => {
      const [a, b] = [one[sort.column], other[sort.column]];
      return a instanceof Date && b instanceof Date
        ? sign * (a.getTime() - b.getTime())
        : sign * String(a).localeCompare(String(b), undefined, { numeric: true });
    });
  }, [accounts, q, role, sort]);
  const setDisabled = useCallback(
    async ({ userId }: Account, isDisabled: boolean) => {
      await client.account[isDisabled ? "disable" : "enable"].mutate({ userId });
      await refresh();
    },
    [client, refresh],
  );
  const enable = useCallback(
    (account: Account) =>
      void setDisabled(account, false).then(
        () =>
          notify.undoable(t("accounts.enabled", { name: labelOf(account) }), () =>
            setDisabled(account, true),
          ),
        (failure: unknown) => notify.failed(failed("notDone"), failure),
      ),
    [setDisabled, notify, t, labelOf, failed],
  );
  const menuOf = useCallback(
    (account: Account) => (
      <ActionMenu
        label={t("accounts.menu", { name: labelOf(account) })}
        icon={<MoreIcon />}
        entries={[
          {
            kind: "action",
            label: t("accounts.setPassword"),
            onSelect: () => setAsked({ kind: "password", account }),
          },
          {
            kind: "action",
            label: t("accounts.sessions"),
            onSelect: () =>
              void navigate({
                to: "/admin/{-$part}",
                params: { part: "sessions" },
                search: { q: account.userId },
              }),
          },
          {
            kind: "action",
            label: t("accounts.audit"),
            onSelect: () =>
              void navigate({
                to: "/admin/{-$part}",
                params: { part: "audit" },
                search: { actor: account.userId },
              }),
          },
          ...(account.userId === user?.userId
            ? []
            : [
                { kind: "line" as const },
                account.disabled
                  ? { kind: "action" as const, label: t("accounts.enable"), onSelect: () => enable(account) }
                  : {
                      kind: "action" as const,
                      label: t("accounts.disable"),
                      isDangerous: true,
                      onSelect: () => setAsked({ kind: "disable", account }),
                    },
              ]),
        ]}
      />
    ),
    [t, navigate, enable, labelOf, user?.userId],
  );
  const columns = useMemo<readonly Column<Account>[]>(
    () => [
      {
        id: "name",
        header: t("accounts.name"),
        width: "minmax(140px, 2fr)",
        isSortable: true,
        cell: ({ name, userId }) => (
          <>
            <strong className={styles.name}>{name}</strong>
            {userId === user?.userId && <span className={styles.dim}> {t("accounts.you")}</span>}
          </>
        ),
      },
      {
        id: "userId",
        header: t("accounts.userId"),
        width: "minmax(110px, 1.5fr)",
        isSortable: true,
        cell: ({ userId }) => userId,
      },
      {
        id: "role",
        header: t("accounts.role"),
        width: "minmax(90px, 1fr)",
        isSortable: true,
        cell: ({ role }) => roles(role),
      },
      {
        id: "state",
        header: t("accounts.state"),
        width: "minmax(100px, 1fr)",
        cell: ({ disabled }) => <AccountState isDisabled={disabled} />,
      },
      {
        id: "createdAt",
        header: t("accounts.createdAt"),
        width: "minmax(110px, 1fr)",
        isSortable: true,
        from: 760,
        cell: ({ createdAt }) => <Time value={createdAt} seconds={false} />,
      },
      { id: "actions", header: t("actions"), width: "32px", isAction: true, cell: menuOf },
    ],
    [t, roles, menuOf, user?.userId],
  );
  const narrow = useCallback(
    (account: Account) => (
      <span className={styles.narrow}>
        <span className={styles.first}>{account.name}</span>
        <span className={styles.second}>
          {account.userId} · {roles(account.role)}
          {account.disabled && <AccountState isDisabled />}
        </span>
        <span className={styles.menu}>{menuOf(account)}</span>
      </span>
    ),
    [roles, menuOf],
  );
  const clear = () => change({ role: "all", q: "" });
  const create = (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setAsked({ kind: "create" })}>
      {t("accounts.create")}
    </Button>
  );
  return frame({
    actions: (
      <>
        <ReadAt query={query} onRead={refresh} />
        {create}
      </>
    ),
    children: (
      <>
        <Listed
          query={query}
          filters={
            <FilterBar shown={shown.length} total={accounts.length} onClear={clear}>
              <Choices
                label={t("accounts.which")}
                choices={ROLES.map((view) => ({
                  value: view,
                  label: view === "all" || view === "disabled" ? t(`accounts.${view}`) : roles(view),
                  count: accounts.filter((account) => isIn(account, view)).length,
                }))}
                value={role}
                onChange={(next) => change({ role: next })}
              />
              <SearchField
                value={q}
                onChange={(next) => change({ q: next }, { replace: true })}
                placeholder={t("accounts.search")}
              />
            </FilterBar>
          }
        >
          <Table
            label={t("parts.accounts")}
            rows={shown}
            keyOf={({ userId }) => userId}
            nameOf={labelOf}
            columns={columns}
            narrow={narrow}
            sorting={sort}
            onSort={({ column, descending }) =>
              change({ sort: { column: SORTABLE.find((name) => name === column) ?? "userId", descending } })
            }
            arrangement={`${role} ${q} ${accounts.length} ${revision}`}
            empty={
              accounts.length > 0 ? (
                <NoMatch hidden={accounts.length} onClear={clear} />
              ) : (
                <Empty title={t("accounts.emptyTitle")} action={create}>
                  {t("accounts.empty")}
                </Empty>
              )
            }
          />
        </Listed>
        {asked && (
          <Suspense>
            <Dialogs
              asked={asked}
              label={"account" in asked ? labelOf(asked.account) : ""}
              onClose={() => setAsked(undefined)}
              onChanged={refresh}
              onEnable={(account) => setDisabled(account, false)}
            />
          </Suspense>
        )}
      </>
    ),
  });
}

const isIn = (account: Account, view: (typeof ROLES)[number]) =>
  view === "all" || (view === "disabled" ? account.disabled : account.role === view);

function AccountState({ isDisabled }: { isDisabled: boolean }) {
  const t = useTranslations("administration.accounts");
  return (
    <StateText state={isDisabled ? "removed" : "publishing"}>
      {t(isDisabled ? "isDisabled" : "isEnabled")}
    </StateText>
  );
}
