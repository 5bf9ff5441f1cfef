import type { Attempt } from "@invigil/client";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { NotThereError, ToldError } from "../components/error-note.js";
import { Mark } from "../components/state-mark.js";
import styles from "./acting.module.css";
import { ActionInRooms } from "./action-in-rooms.js";
import type { ControlAct } from "./acts.js";
import { labelOf, type RunBatch, type Target } from "./bulk-run.js";
import { ANSWERS, type Decided, type Order, oppositeOf, useDecide, type Whom } from "./decide.js";
import { Foreseen, Outcome, useForeseen } from "./foreseen.js";
import { LinkDialog } from "./link.js";
import { byGroup, MOST_OF_A_ROOM, type Seated, titleOf, useTakeBack } from "./people.js";
import { NO_REASON, ReasonFields, reasonOf } from "./reason.js";
import { randomId } from "./sending.js";
import { useControl } from "./use-control.js";

const TIME_WAYS = ["give", "take", "pause", "resume"] as const;
const MAX_MINUTES = 600;
const UNDO_REASON = { code: "mistake" } as const;

/** A person in a room, or a whole room. */
type Receiver = Target & Partial<Pick<Seated, "userId">> & { readonly attempt?: Attempt | undefined };

/** Decides about the attempts of people, or of everybody in rooms: what, why, and what it would change. */
export function ControlDialog<R extends Receiver>({
  kind,
  of,
  receivers,
  roomOf,
  isWholeRoom = false,
  examId,
  onClose,
  skipped,
}: {
  kind: ControlAct;
  of: "people" | "rooms";
  receivers: readonly R[];
  /** The room in which a receiver is now. */
  roomOf: (receiver: R) => string | undefined;
  /** Whether people are everybody in their room. */
  isWholeRoom?: boolean | undefined;
  examId: string;
  onClose: () => void;
  /** Says whom it is not for. */
  skipped?: ReactNode;
}) {
  const t = useTranslations("watching.control");
  const rooms = useTranslations("common.bulk.rooms");
  const gone = useTranslations("watching")("gone");
  const { mayControl, maxMinutes } = useControl(examId);
  const decide = useDecide();
  const takeBack = useTakeBack();
  const [way, setWay] = useState<(typeof TIME_WAYS)[number]>(() =>
    receivers.length > 0 && receivers.every(({ attempt }) => attempt?.status === "paused")
      ? "resume"
      : mayControl
        ? "give"
        : "pause",
  );
  const [typed, setTyped] = useState("");
  const [givesBack, setGivesBack] = useState(true);
  const [answers, setAnswers] = useState<(typeof ANSWERS)[number]>("submit");
  const [reason, setReason] = useState(NO_REASON);
  const [linked, setLinked] = useState<readonly Seated[]>();
  // A repeated call has the same key, so that it decides about each person once.
  const [key] = useState(randomId);
  /** What was decided about each person, and in which room. */
  const decided = useRef(new Map<string, Decided & { readonly roomId: string }>());

  const does = kind === "time" ? way : kind;
  const minutes = /^\d{1,3}$/.test(typed.trim()) ? Number(typed) : 0;
  const isExtending = does === "give" || does === "take";
  const isWrong = isExtending && typed !== "" && (minutes < 1 || minutes > MAX_MINUTES);
  const order = ((): Order | undefined => {
    switch (does) {
      case "give":
      case "take":
        return typed === "" || isWrong
          ? undefined
          : { kind: "extend", minutes: does === "give" ? minutes : -minutes };
      case "pause":
        return { kind: "pause", giveBack: givesBack };
      case "terminate":
        return { kind: "terminate", answers };
      default:
        return { kind: does };
    }
  })();
  const why = reasonOf(reason);
  const whomOf = (batch: readonly R[], roomId: string): Whom => ({
    roomId,
    userIds:
      of === "rooms" || (isWholeRoom && batch.length === receivers.length)
        ? undefined
        : batch.flatMap(({ userId }) => userId ?? []),
  });
  const foreseen = useForeseen({
    key,
    order,
    of,
    whom: [...byGroup(receivers, (receiver) => roomOf(receiver) ?? "")].flatMap(([roomId, some]) => {
      const parts = Math.ceil(some.length / MOST_OF_A_ROOM);
      return roomId === ""
        ? []
        : Array.from({ length: parts }, (_, part) =>
            whomOf(some.slice(part * MOST_OF_A_ROOM, (part + 1) * MOST_OF_A_ROOM), roomId),
          );
    }),
  });

  const run: RunBatch<R> = async (batch, roomId) => {
    if (!order || !why) return undefined;
    const found = new Map<string, Decided>();
    let left = Number.POSITIVE_INFINITY;
    let before: number;
    do {
      before = left;
      const call = await decide(order, { ...whomOf(batch, roomId), key, reason: why });
      for (const person of call.people) {
        found.set(person.userId, person);
        decided.current.set(person.userId, { ...person, roomId });
      }
      left = call.remaining;
    } while (left > 0 && left < before);
    const refused = [...found.values()].filter(({ outcome }) => outcome === "refused");
    if (of === "rooms") {
      const [first] = refused;
      if (left > 0) throw new ToldError(t("left", { count: left }));
      if (!first) return undefined;
      throw new ToldError(
        t("refusedInRoom", {
          count: refused.length,
          total: found.size,
          why: t(`refusals.${first.refusal ?? "over"}`),
        }),
      );
    }
    return new Map(
      batch.flatMap(({ id, userId = "" }) => {
        const person = found.get(userId);
        if (!person || person.refusal === "notInRoom") return [[id, new NotThereError(gone)]];
        return person.outcome === "refused"
          ? [[id, new ToldError(t(`refusals.${person.refusal ?? "over"}`))]]
          : [];
      }),
    );
  };

  const changedIn = (some: readonly R[]) =>
    [...decided.current.values()].filter(
      ({ userId, roomId, outcome }) =>
        outcome === "changed" &&
        some.some((one) => (of === "rooms" ? one.id === roomId : one.userId === userId)),
    );
  const undo = (done: readonly R[]) =>
    takeBack(
      byGroup(
        done.filter((one) => changedIn([one]).length > 0),
        (receiver) => roomOf(receiver) ?? "",
      ).values(),
      async (group) => {
        const roomId = group[0] && roomOf(group[0]);
        if (!order || roomId === undefined) throw new NotThereError(gone);
        const userIds = changedIn(group).map(({ userId }) => userId);
        for (let from = 0; from < userIds.length; from += MOST_OF_A_ROOM) {
          const { people } = await decide(oppositeOf(order), {
            roomId,
            userIds: userIds.slice(from, from + MOST_OF_A_ROOM),
            key: `${key}/undo`,
            reason: UNDO_REASON,
          });
          const refusal = people.find(({ outcome }) => outcome === "refused")?.refusal;
          // Of several, each is tried alone, so that those are named for whom it failed.
          if (refusal) throw new (group.length > 1 ? NotThereError : ToldError)(t(`refusals.${refusal}`));
        }
      },
    );

  const receiverOf = (userId: string) => receivers.find((one) => one.userId === userId);
  const nameOf = (userId: string) => {
    const receiver = receiverOf(userId);
    return receiver ? labelOf(receiver) : userId;
  };
  const inNeed = [...decided.current.values()].filter((one) => one.needsLink && one.outcome !== "refused");
  if (linked)
    return <LinkDialog people={linked} roomOf={({ roomId }) => roomId} examId={examId} onClose={onClose} />;
  return (
    <ActionInRooms
      title={t(`title.${kind}.${of}`, titleOf(receivers))}
      of={of}
      targets={receivers}
      action={t(`action.${does}`)}
      isDangerous={does === "take" || does === "terminate"}
      isReady={order !== undefined && why !== undefined}
      onClose={onClose}
      roomOf={roomOf}
      run={run}
      foresee={foreseen.foresee}
      told={(done) =>
        of === "rooms"
          ? rooms("done", { count: done.length })
          : t(`done.${does}`, { ...titleOf(done), minutes })
      }
      undo={undo}
      resultOf={(receiver) => {
        if (of === "rooms") {
          const inRoom = [...decided.current.values()].filter(({ roomId }) => roomId === receiver.id);
          const changed = inRoom.filter(({ outcome }) => outcome === "changed").length;
          return receivers.length === 1 && inNeed.length === 0
            ? undefined
            : t("inRoom", { changed, unchanged: inRoom.length - changed });
        }
        const one = decided.current.get(receiver.userId ?? "");
        if (!one || (receivers.length === 1 && !one.needsLink)) return undefined;
        return (
          <>
            <Mark state="publishing" /> <Outcome of={one} />
          </>
        );
      }}
      after={
        inNeed.length > 0 && (
          <Button
            variant="default"
            onClick={() =>
              setLinked(
                inNeed.map(({ userId, roomId }) => ({
                  id: userId,
                  userId,
                  name: receiverOf(userId)?.name ?? userId,
                  label: nameOf(userId),
                  extraMinutes: 0,
                  roomId,
                })),
              )
            }
          >
            {t("newLinks", { count: inNeed.length })}
          </Button>
        )
      }
    >
      {kind === "time" && (
        <fieldset className={styles.ways}>
          <legend>{t("ways.label")}</legend>
          {TIME_WAYS.filter((one) => mayControl || one === "pause" || one === "resume").map((one) => (
            <label key={one} className={styles.check}>
              <input type="radio" name="way" checked={way === one} onChange={() => setWay(one)} />
              {t(`ways.${one}`)}
            </label>
          ))}
        </fieldset>
      )}
      {isExtending && (
        <TextInput
          inputMode="numeric"
          label={t("minutes")}
          description={maxMinutes === undefined ? undefined : t("cap", { most: maxMinutes })}
          value={typed}
          error={isWrong && t("invalid", { most: MAX_MINUTES })}
          data-autofocus
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      )}
      {does === "pause" && (
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={givesBack}
            onChange={({ currentTarget }) => setGivesBack(currentTarget.checked)}
          />
          {t("giveBack")}
        </label>
      )}
      {does === "terminate" && (
        <NativeSelect
          label={t("answers.label")}
          description={t("answers.hint")}
          value={answers}
          data={ANSWERS.map((value) => ({ value, label: t(`answers.${value}`) }))}
          onChange={({ currentTarget: { value } }) =>
            setAnswers(ANSWERS.find((one) => one === value) ?? "submit")
          }
        />
      )}
      <p>{t(`consequence.${does}`)}</p>
      <ReasonFields typed={reason} onChange={setReason} isFirst={!isExtending} />
      {order && <Foreseen foreseen={foreseen} nameOf={nameOf} of={of} />}
      {skipped}
    </ActionInRooms>
  );
}
