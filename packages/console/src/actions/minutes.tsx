import { useInvigilClient } from "@invigil/react";
import { TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";
import dialogStyles from "../components/dialog.module.css";
import { NotThereError } from "../components/error-note.js";
import { Names } from "../components/names.js";
import { useExamDetails } from "../components/roster.js";
import { Time } from "../components/time.js";
import styles from "./acting.module.css";
import { ActionInRooms } from "./action-in-rooms.js";
import type { RunBatch } from "./bulk-run.js";
import { byGroup, type PeopleProps, type Seated, titleOf, useTakeBack } from "./people.js";
import { patiently } from "./sending.js";

const WAYS = ["add", "total"] as const;
const MAX_MINUTES = 600;
/** How many people are listed with what becomes of their minutes, those who lose some first. */
const MOST_LISTED = 200;

/** The extra minutes of a person, in total. */
interface Minutes {
  readonly before: number;
  readonly after: number;
}

/** Plans extra minutes before the exam begins: more for each, or the same for all. */
export function MinutesDialog({ people, findNow, roomOf, examId, onClose, skipped }: PeopleProps) {
  const t = useTranslations("watching.minutes");
  const gone = useTranslations("watching")("gone");
  const client = useInvigilClient();
  const takeBack = useTakeBack();
  const { data: exam } = useExamDetails(examId);
  const [way, setWay] = useState<(typeof WAYS)[number]>("add");
  const [typed, setTyped] = useState("");
  const minutes = /^\d{1,3}$/.test(typed.trim()) ? Number(typed) : Number.POSITIVE_INFINITY;
  const minutesOf = (person: Seated): Minutes => {
    const before = (findNow(person) ?? person).extraMinutes;
    return { before, after: way === "add" ? before + minutes : minutes };
  };
  const all = people.map((person) => ({ person, isGone: !findNow(person), ...minutesOf(person) }));
  const losing = all.filter(({ before, after }) => after < before);
  const above = all.filter(({ after }) => after > MAX_MINUTES);
  const isWrong = typed !== "" && minutes > MAX_MINUTES;
  const isValid = typed !== "" && above.length === 0 && !(way === "add" && minutes === 0);

  const set = (roomId: string, some: readonly Seated[], wanted: (of: Minutes) => number) =>
    patiently(() =>
      client.participant.setExtraMinutes.mutate({
        roomId,
        participants: some.map((person) => ({
          userId: person.userId,
          extraMinutes: wanted(given.current.get(person.id) ?? minutesOf(person)),
        })),
      }),
    );
  /** The minutes that each person was given. A repeated call gives the same, so minutes are not added twice. */
  const given = useRef(new Map<string, Minutes>());
  const run: RunBatch<Seated> = async (batch, roomId) => {
    for (const person of batch)
      given.current.set(person.id, given.current.get(person.id) ?? minutesOf(person));
    await set(roomId, batch, ({ after }) => after);
    return undefined;
  };
  return (
    <ActionInRooms
      title={t("title", titleOf(people))}
      targets={people}
      action={t("action")}
      isDangerous={losing.length > 0}
      isReady={isValid}
      onClose={onClose}
      roomOf={roomOf}
      run={run}
      premise={() => people.map((person) => minutesOf(person).before)}
      told={(done) => {
        const [only] = done.length === 1 ? done : [];
        const total = only && given.current.get(only.id)?.after;
        return way === "add" && total === undefined
          ? t("added", { count: done.length, minutes })
          : t("done", { ...titleOf(done), minutes: total ?? minutes });
      }}
      undo={(done) =>
        takeBack(byGroup(done, (person) => roomOf(person) ?? "").values(), async (some) => {
          const roomId = some[0] && roomOf(some[0]);
          if (roomId === undefined) throw new NotThereError(gone);
          await set(roomId, some, ({ before }) => before);
        })
      }
    >
      <fieldset className={styles.ways}>
        <legend>{t("ways.label")}</legend>
        {WAYS.map((one) => (
          <label key={one} className={styles.check}>
            <input type="radio" name="way" checked={way === one} onChange={() => setWay(one)} />
            {t(`ways.${one}`)}
          </label>
        ))}
      </fieldset>
      <TextInput
        inputMode="numeric"
        label={t(way === "add" ? "addField" : "field")}
        value={typed}
        error={
          isWrong
            ? t("invalid", { most: MAX_MINUTES })
            : minutes <= MAX_MINUTES &&
              above.length > 0 && (
                <>
                  {t("above", { most: MAX_MINUTES })} <Names of={above.map(({ person }) => person.label)} />
                </>
              )
        }
        data-autofocus
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {isValid && losing.length > 0 && (
        <p role="alert" className={styles.loss}>
          {t("loses", { count: losing.length })}{" "}
          <Names of={losing.map(({ person, before, after }) => `${person.label} (${before} → ${after})`)} />
        </p>
      )}
      {isValid && exam && (
        <ul className={`${dialogStyles.results} ${styles.preview}`} aria-label={t("preview")}>
          {[...all]
            .sort((one, other) => Number(other.after < other.before) - Number(one.after < one.before))
            .slice(0, MOST_LISTED)
            .map(({ person, isGone, before, after }) => (
              <li key={person.id} className={dialogStyles.result} data-loses={after < before || undefined}>
                <span>{person.label}</span>
                <span data-numbers>
                  {isGone
                    ? gone
                    : t.rich("endsAt", {
                        before,
                        after,
                        time: () => (
                          <Time value={new Date(exam.endTime.getTime() + after * 60_000)} seconds={false} />
                        ),
                      })}
                </span>
              </li>
            ))}
        </ul>
      )}
      <p>{t("consequence")}</p>
      {skipped}
    </ActionInRooms>
  );
}
