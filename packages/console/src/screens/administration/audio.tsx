import type { AudioClip } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useCallback, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { Choices, FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { MoreIcon, PlusIcon } from "../../components/icons.js";
import { lazyComponent } from "../../components/lazy.js";
import { matching } from "../../components/matching.js";
import { ActionMenu } from "../../components/menu.js";
import { PlayButton } from "../../components/play-button.js";
import { useRouteSearch } from "../../components/search.js";
import { type Column, Table } from "../../components/table.js";
import styles from "./administration.module.css";
import type { AskedOfClip } from "./audio-dialogs.js";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt, usePages } from "./listed.js";

const Dialogs = lazyComponent(() => import("./audio-dialogs.js"));

const playButtonOf = (clip: AudioClip) => <PlayButton {...clip} />;

/** The clips that exams play. */
export function AudioLibrary({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const invigil = useInvigil();
  const client = useInvigilClient();
  const [{ which, q }, change] = useRouteSearch("/admin/{-$part}");
  const [asked, setAsked] = useState<AskedOfClip>();
  const query = useInfiniteQuery({
    // The library has numbered pages instead of cursors.
    queryKey: [...invigil.audio.list.pathKey(), "all"],
    queryFn: ({ pageParam, signal }) =>
      client.audio.list.query({ pageNum: pageParam, pageSize: 100 }, { signal }),
    initialPageParam: 1,
    getNextPageParam: ({ pageNum, pageSize, total }) =>
      pageNum * pageSize < total ? pageNum + 1 : undefined,
    ...ON_DEMAND,
  });
  const { refresh, revision } = usePages(query);
  const { data } = query;
  const clips = useMemo(() => data?.pages.flatMap((page) => page.list) ?? [], [data]);
  const shown = useMemo(() => {
    const matches = matching(q);
    return clips.filter(({ name, isDefault }) => (which === "all" || isDefault) && matches(name));
  }, [clips, q, which]);
  const menuOf = useCallback(
    (clip: AudioClip) => (
      <ActionMenu
        label={t("audio.menu", { name: clip.name })}
        icon={<MoreIcon />}
        entries={[
          { kind: "action", label: t("audio.change"), onSelect: () => setAsked({ kind: "change", clip }) },
          { kind: "line" },
          {
            kind: "action",
            label: t("audio.delete"),
            isDangerous: true,
            onSelect: () => setAsked({ kind: "delete", clip }),
          },
        ]}
      />
    ),
    [t],
  );
  const columns = useMemo<readonly Column<AudioClip>[]>(
    () => [
      { id: "play", header: t("audio.play"), width: "40px", isAction: true, cell: playButtonOf },
      {
        id: "name",
        header: t("audio.name"),
        width: "minmax(140px, 3fr)",
        cell: ({ name }) => <strong className={styles.name}>{name}</strong>,
      },
      {
        id: "default",
        header: t("audio.offered"),
        width: "minmax(120px, 2fr)",
        cell: ({ isDefault }) => t(isDefault ? "audio.isDefault" : "audio.isOwn"),
      },
      {
        id: "classify",
        header: t("audio.classify"),
        width: "72px",
        align: "end",
        from: 640,
        cell: ({ classify }) => classify,
      },
      { id: "actions", header: t("actions"), width: "32px", isAction: true, cell: menuOf },
    ],
    [t, menuOf],
  );
  const narrow = useCallback(
    (clip: AudioClip) => (
      <span className={styles.narrow}>
        <span className={styles.first}>{clip.name}</span>
        <span className={styles.second}>{t(clip.isDefault ? "audio.isDefault" : "audio.isOwn")}</span>
        <span className={styles.menu}>
          {playButtonOf(clip)}
          {menuOf(clip)}
        </span>
      </span>
    ),
    [t, menuOf],
  );
  const upload = (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setAsked({ kind: "upload" })}>
      {t("audio.upload")}
    </Button>
  );
  const clear = () => change({ q: "", which: "all" });
  return frame({
    actions: (
      <>
        <ReadAt query={query} onRead={refresh} />
        {upload}
      </>
    ),
    children: (
      <>
        <Listed
          query={query}
          filters={
            <FilterBar shown={shown.length} total={clips.length} onClear={clear}>
              <Choices
                label={t("audio.which")}
                choices={[
                  { value: "all", label: t("audio.all"), count: clips.length },
                  {
                    value: "default",
                    label: t("audio.isDefault"),
                    count: clips.filter(({ isDefault }) => isDefault).length,
                  },
                ]}
                value={which}
                onChange={(next) => change({ which: next })}
              />
              <SearchField
                value={q}
                onChange={(next) => change({ q: next }, { replace: true })}
                placeholder={t("audio.search")}
              />
            </FilterBar>
          }
        >
          <Table
            label={t("parts.audio")}
            rows={shown}
            keyOf={({ id }) => id}
            nameOf={({ name }) => name}
            columns={columns}
            narrow={narrow}
            arrangement={`${which} ${q} ${clips.length} ${revision}`}
            empty={
              clips.length > 0 ? (
                <NoMatch hidden={clips.length} onClear={clear} />
              ) : (
                <Empty title={t("audio.emptyTitle")} action={upload}>
                  {t("audio.empty")}
                </Empty>
              )
            }
          />
        </Listed>
        {asked && (
          <Suspense>
            <Dialogs asked={asked} onClose={() => setAsked(undefined)} onChanged={refresh} />
          </Suspense>
        )}
      </>
    ),
  });
}
