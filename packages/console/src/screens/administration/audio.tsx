import type { AudioClip } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty, Skeleton } from "../../parts/empty.js";
import { ErrorNote } from "../../parts/error-note.js";
import { Choices, FilterBar, SearchField } from "../../parts/filter-bar.js";
import { MoreIcon, PlusIcon } from "../../parts/icons.js";
import { late } from "../../parts/late.js";
import { ActionMenu } from "../../parts/menu.js";
import { useNotify } from "../../parts/notify.js";
import { oneOf, text, useSearchState } from "../../parts/search-state.js";
import { type Column, Table } from "../../parts/table.js";
import styles from "./administration.module.css";
import { ON_DEMAND, useAllPages } from "./all-pages.js";
import type { AskedOfClip } from "./audio-dialogs.js";
import type { Frame } from "./frame.js";
import { MoreRows, NoMatch } from "./list-ends.js";
import { ReadAt } from "./read-at.js";

const Dialogs = late(() => import("./audio-dialogs.js"));

const PARAMS = { which: oneOf(["all", "default"], "all"), q: text() };

/** The clips that exams play. */
export function AudioLibrary({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const invigil = useInvigil();
  const client = useInvigilClient();
  const [{ which, q }, change] = useSearchState(PARAMS);
  const [asked, setAsked] = useState<AskedOfClip>();
  const [revision, setRevision] = useState(0);
  const { playing, toggle } = usePlayer();
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
  useAllPages(query);
  const { data, error, refetch, dataUpdatedAt, isFetching, hasNextPage, fetchNextPage } = query;
  const clips = useMemo(() => data?.pages.flatMap((page) => page.list) ?? [], [data]);
  const shown = useMemo(() => {
    const wanted = q.trim().toLocaleLowerCase();
    return clips.filter(
      ({ name, isDefault }) => (which === "all" || isDefault) && name.toLocaleLowerCase().includes(wanted),
    );
  }, [clips, q, which]);
  const refresh = useCallback(async () => {
    await refetch();
    setRevision((before) => before + 1);
  }, [refetch]);

  const playButton = useCallback(
    (clip: AudioClip) => (
      <Button
        variant="default"
        size="compact-xs"
        aria-label={t(playing === clip.id ? "audio.stopOf" : "audio.playOf", { name: clip.name })}
        onClick={() => toggle(clip)}
      >
        {t(playing === clip.id ? "audio.stop" : "audio.play")}
      </Button>
    ),
    [t, playing, toggle],
  );
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
      { id: "play", header: t("audio.play"), width: "64px", isAction: true, cell: playButton },
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
    [t, playButton, menuOf],
  );
  const narrow = useCallback(
    (clip: AudioClip) => (
      <span className={styles.narrow}>
        <span className={styles.first}>{clip.name}</span>
        <span className={styles.second}>{t(clip.isDefault ? "audio.isDefault" : "audio.isOwn")}</span>
        <span className={styles.menu}>
          {playButton(clip)}
          {menuOf(clip)}
        </span>
      </span>
    ),
    [t, playButton, menuOf],
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
        <ReadAt at={dataUpdatedAt} isReading={isFetching} onRead={() => void refresh()} />
        {upload}
      </>
    ),
    children: (
      <>
        {error && !data ? (
          <ErrorNote error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <Skeleton />
        ) : (
          <>
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
            {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
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
            <MoreRows hasMore={hasNextPage} isReading={isFetching} onMore={() => void fetchNextPage()} />
          </>
        )}
        {asked && (
          <Suspense>
            <Dialogs asked={asked} onClose={() => setAsked(undefined)} onChanged={refresh} />
          </Suspense>
        )}
      </>
    ),
  });
}

/** Plays one clip at a time. */
const usePlayer = () => {
  const t = useTranslations("administration.audio");
  const notify = useNotify();
  const [playing, setPlaying] = useState<string>();
  const audio = useRef<HTMLAudioElement>(undefined);
  const stop = useCallback(() => {
    audio.current?.pause();
    audio.current = undefined;
    setPlaying(undefined);
  }, []);
  useEffect(() => stop, [stop]);
  const latest = useRef({ t, notify });
  latest.current = { t, notify };
  const toggle = useCallback(
    ({ id, url, name }: AudioClip) => {
      const isStop = playing === id;
      stop();
      if (isStop) return;
      const element = new Audio(url);
      audio.current = element;
      setPlaying(id);
      element.onended = stop;
      element.play().catch((error: unknown) => {
        // Another clip, or the end of the page, interrupts it.
        if (audio.current !== element) return;
        stop();
        latest.current.notify.failed(latest.current.t("notPlayed", { name }), error);
      });
    },
    [playing, stop],
  );
  return { playing, toggle };
};
