import "@mantine/core/styles/Input.css";
import { searchFor } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../components/dialog.js";
import { useFirstPages } from "../components/first-pages.js";
import styles from "./jump.module.css";

interface Target {
  readonly id: string;
  readonly name: string;
  readonly kind: "screen" | "room" | "candidate";
  readonly go: () => unknown;
}

const TYPED_MS = 200;
const MOST = 20;
const ROOM_PAGES = 10;

/** Leads to a screen, a room or a candidate, whose name the person types. */
export default function Jump({
  examId,
  mayAdminister,
  onClose,
}: {
  examId: string | undefined;
  mayAdminister: boolean;
  onClose: () => void;
}) {
  const t = useTranslations("common.jump");
  const places = useTranslations("common.places");
  const invigil = useInvigil();
  const navigate = useNavigate();
  const list = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const text = typed.trim().slice(0, 64);
  const [sought] = useDebouncedValue(text, TYPED_MS);
  const rooms = useInfiniteQuery(
    invigil.room.list.infiniteQueryOptions(
      { examId, pageSize: 100 },
      { getNextPageParam: ({ nextCursor }) => nextCursor, enabled: examId !== undefined, staleTime: 30_000 },
    ),
  );
  useFirstPages(rooms, ROOM_PAGES);
  const people = useQuery(
    invigil.exam.people.queryOptions(
      { examId: examId ?? "", search: sought, pageSize: 20 },
      { enabled: examId !== undefined && sought !== "", placeholderData: keepPreviousData },
    ),
  );
  const found = useMemo(() => {
    const screens: Target[] = [
      { id: "exams", name: places("exams"), kind: "screen", go: () => navigate({ to: "/" }) },
    ];
    const add = (name: "overview" | "candidates" | "records" | "setup", go: () => unknown) =>
      screens.push({ id: name, name: places(name), kind: "screen", go });
    const others: Target[] = [];
    if (examId !== undefined) {
      const params = { examId };
      add("overview", () => navigate({ to: "/exams/$examId", params }));
      add("candidates", () => navigate({ to: "/exams/$examId/candidates", params }));
      add("records", () => navigate({ to: "/exams/$examId/records", params }));
      add("setup", () => navigate({ to: "/exams/$examId/setup/{-$step}", params }));
      for (const { id: roomId, name } of rooms.data?.pages.flatMap((page) => page.rooms) ?? [])
        others.push({
          id: roomId,
          name,
          kind: "room",
          go: () => navigate({ to: "/exams/$examId/rooms/$roomId", params: { examId, roomId } }),
        });
      for (const { userId, name, role } of text === "" ? [] : (people.data?.people ?? []))
        if (role === "examinee")
          others.push({
            id: userId,
            name,
            kind: "candidate",
            go: () => navigate({ to: "/exams/$examId/candidates/$userId", params: { examId, userId } }),
          });
    }
    if (mayAdminister)
      screens.push({
        id: "administration",
        name: places("administration"),
        kind: "screen",
        go: () => navigate({ to: "/admin/{-$part}" }),
      });
    const matches = searchFor(text);
    // The id of a screen or room is not what people type.
    return [...screens, ...others]
      .filter(({ id, name, kind }) => matches({ userId: kind === "candidate" ? id : "", name }))
      .slice(0, MOST);
  }, [places, navigate, examId, mayAdminister, rooms.data, people.data, text]);
  const active = Math.min(at, found.length - 1);
  const go = (target: Target | undefined) => {
    if (!target) return;
    onClose();
    void target.go();
  };
  return (
    <Dialog title={t("title")} onClose={onClose}>
      <TextInput
        label={t(examId === undefined ? "label" : "labelInExam")}
        data-autofocus
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        {...(found[active] && { "aria-activedescendant": `${list}-${active}` })}
        autoComplete="off"
        value={typed}
        onChange={({ currentTarget }) => {
          setTyped(currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, active + 1));
          else if (event.key === "ArrowUp") setAt(Math.max(0, active - 1));
          else if (event.key === "Enter") go(found[active]);
          else return;
          event.preventDefault();
        }}
      />
      <div role="listbox" id={list} aria-label={t("title")} className={styles.list}>
        {found.map((target, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus, and handles the keys.
          // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus.
          <div
            key={`${target.kind} ${target.id}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            className={styles.option}
            onClick={() => go(target)}
          >
            <span className={styles.name}>{target.name}</span>
            <span className={styles.kind}>
              {t(target.kind)}
              {target.kind === "candidate" && ` · ${target.id}`}
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 && !people.isFetching && <p>{t("nothing")}</p>}
    </Dialog>
  );
}
