import type { CheckItem } from "@invigil/client";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { Skeleton } from "../../components/empty.js";
import { Names } from "../../components/names.js";
import { Time } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import { usePersonName, useSetup } from "./context.js";
import { useItemText } from "./item-text.js";
import { Section } from "./parts.js";
import styles from "./setup.module.css";
import { StatusMark } from "./status-mark.js";
import { byUrgency, isOfServer, stepOf, waitsForRooms } from "./steps.js";

/** The check list of the exam: what is missing, why, and what to do. */
export function CheckList() {
  const t = useTranslations("setup.check");
  const { items, checkedAt, refresh } = useSetup();
  const again = useAction(refresh);
  if (!items) return <Skeleton rows={4} />;
  const open = byUrgency(items.filter(({ status }) => status !== "ok"));
  const done = items.filter((item) => item.status === "ok" && !waitsForRooms(items, item));
  return (
    <>
      <p className={styles.hint}>
        {t.rich("intro", { time: () => <Time value={checkedAt} /> })}{" "}
        <Button variant="subtle" size="compact-xs" loading={again.isRunning} onClick={() => again.run()}>
          {t("again")}
        </Button>
      </p>
      <OpenItems items={open.filter((item) => !isOfServer(item))} />
      {open.some(isOfServer) && (
        <Section title={t("ofServer")}>
          <p className={styles.hint}>{t("ofServerHint")}</p>
          <OpenItems items={open.filter(isOfServer)} />
        </Section>
      )}
      <details className={styles.done}>
        <summary>{t("done", { count: done.length })}</summary>
        <ul className={styles.items}>
          {done.map((item) => (
            <DoneItem key={item.code} item={item} />
          ))}
        </ul>
      </details>
    </>
  );
}

function OpenItems({ items }: { items: readonly CheckItem[] }) {
  return (
    <ul className={styles.items}>
      {items.map((item) => (
        <OpenItem key={item.code} item={item} />
      ))}
    </ul>
  );
}

function OpenItem({ item }: { item: CheckItem }) {
  const t = useTranslations("setup");
  const { examId } = useSetup();
  const nameOf = usePersonName();
  const { state, why, todo } = useItemText()(item);
  const { code, status, people, rooms, settings, services } = item;
  const step = stepOf(code);
  const named = [
    ...people.map(({ userId, name }) => (nameOf(userId) === userId ? name : nameOf(userId))),
    ...rooms.map(({ name }) => name),
  ];
  return (
    <li className={styles.item}>
      <StatusMark status={status} />
      <div>
        <h3>{state}</h3>
        <p>
          {why} {todo}
        </p>
        {named.length > 0 && (
          <p className={styles.hint}>
            <Names of={named} />
          </p>
        )}
        {settings.length > 0 && (
          <p className={styles.hint}>
            {t("check.settings")}: <code>{settings.join(", ")}</code>
          </p>
        )}
        {services
          .filter((service) => service.state === "failed")
          .map((service) => (
            <p key={service.name} className={styles.hint}>
              {t(`check.services.${service.name}`)}: {t(`check.serviceStates.${service.state}`)}
            </p>
          ))}
        {step !== "check" && settings.length === 0 && (
          <Link to="/exams/$examId/setup/{-$step}" params={{ examId, step }}>
            {t("check.go", { step: t(`steps.${step}`) })}
          </Link>
        )}
      </div>
    </li>
  );
}

function DoneItem({ item }: { item: CheckItem }) {
  const { title, state } = useItemText()(item);
  return (
    <li className={styles.item}>
      <StatusMark status="ok" />
      <p>
        {title}: {state}
      </p>
    </li>
  );
}
